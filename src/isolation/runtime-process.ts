/**
 * One process with a runtime, as its supervisor sees it: its channel, its slots, what it was given, and how
 * it ended. Runs on the supervisor's thread.
 * Invariants: what the process said before its death is heard before the death is told; the death is told
 * once. `given` are the tasks that it was sent and has not answered.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openUnnamed } from '../files/unnamed-file.ts';
import { ownCgroup } from '../machine/cgroup.ts';
import { errorFrom } from '../messages/error-record.ts';
import { readSlots, type Slot } from '../messages/slots.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import type { CloseReport } from '../runtime/runner.ts';
import type { LogEvent, LogLevel } from '../telemetry/log.ts';
import { clearTimeout, setImmediate, setTimeout } from '../timers.ts';
import { execArgvFor } from './exec-argv.ts';
import type { EndedTask, FromProcess, ProcessFigures, ToProcess } from './messages.ts';

/** How a process ended, as the system says it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The kernel killed a process of this group for lack of memory while this one lived. */
  readonly outOfMemory: boolean;
  /** What its threads began last. */
  readonly slots: readonly Slot[];
}

interface ProcessStart {
  readonly options: RuntimeOptions;
  /** Of its runtime. */
  readonly threads: number;
  readonly ffmpegLog: LogLevel | undefined;
}

export interface ProcessEvents {
  /** Its runtime has started. */
  ready(process: RuntimeProcess): void;
  ended(process: RuntimeProcess, ended: EndedTask): void;
  progressed(task: number, fraction: number): void;
  logged(event: LogEvent): void;
  died(process: RuntimeProcess, end: ProcessEnd): void;
}

/** Who holds the channel of a dead process open may keep it from its end. */
const LAST_WORDS_MS = 1000;
/** Each of a runtime's threads has two rows, one for its successor; the first row is the main thread's. */
const ROWS_A_THREAD = 2;

export class RuntimeProcess {
  readonly given = new Set<number>();
  /** Its runtime has started. */
  isReady = false;
  /** It was told to end, or is to be gone. */
  isEnding = false;
  isDead = false;
  /** It was asked for figures, and has not answered. */
  isAsked = false;
  /** Why its runtime did not start. */
  failure: Error | null = null;
  figures: ProcessFigures | null = null;
  /** What its runtime said when it had closed. */
  closedWith: CloseReport | null = null;
  /** Tasks that it has answered. */
  answered = 0;
  readonly #events: ProcessEvents;
  readonly #child: ChildProcess;
  readonly #slots: number;
  readonly #rows: number;
  readonly #oomKills: number | null;
  readonly #closed = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #outgoing: ToProcess[] = [];
  #exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | null = null;
  #disconnected = false;
  #lastWords: NodeJS.Timeout | undefined;

  constructor({ threads, ...start }: ProcessStart, events: ProcessEvents) {
    this.#events = events;
    this.#rows = 1 + ROWS_A_THREAD * threads;
    this.#oomKills = ownCgroup().oomKills();
    // It may be the only folder to write to.
    this.#slots = openUnnamed(join(start.options.spoolFolder ?? tmpdir(), 'millpond-slots'));
    // The extension of this very file: .ts in the checkout, .js in the package.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const program = fileURLToPath(new URL(`../isolation/process-main${extension}`, import.meta.url));
    this.#child = fork(program, [], {
      serialization: 'advanced',
      execArgv: execArgvFor(extension),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', this.#slots],
    });
    this.#child.on('message', (messages) => this.#hear(messages as FromProcess[]));
    this.#child.on('error', (error) => this.#failed(error));
    this.#child.on('exit', (code, signal) => this.#exited(code, signal));
    this.#child.on('disconnect', () => {
      this.#disconnected = true;
      this.#checkDead();
    });
    this.#say({ kind: 'start', ...start });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it is dead. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** It keeps this process alive, or does not. */
  keepAlive(keeps: boolean): void {
    if (this.isDead) return;
    if (keeps) {
      this.#child.ref();
      this.#child.channel?.ref();
    } else {
      this.#child.unref();
      this.#child.channel?.unref();
    }
  }

  /** @throws what cannot be sent */
  give(task: number, message: ToProcess): void {
    this.#send([...this.#outgoing, message]);
    this.#outgoing = [];
    this.given.add(task);
  }

  cancel(task: number): void {
    this.#say({ kind: 'cancel', task });
  }

  /** Asks for figures, unless it was asked and has not answered. It answers while it starts, too. */
  look(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.#say({ kind: 'look' });
  }

  /** Closes its runtime. Resolves when that has closed, or the process is dead. */
  close(timeoutMs: number): Promise<void> {
    this.isEnding = true;
    this.#say({ kind: 'close', timeoutMs });
    return this.#closed.promise;
  }

  /** At once: nothing in it can prevent that. */
  kill(): void {
    this.isEnding = true;
    this.#child.kill('SIGKILL');
  }

  #say(message: ToProcess): void {
    if (this.#outgoing.push(message) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#outgoing;
    if (messages.length === 0) return;
    this.#outgoing = [];
    this.#send(messages);
  }

  #send(messages: ToProcess[]): void {
    // What it is sent after its end is as lost as what it was sent just before.
    if (this.#child.connected) this.#child.send(messages, () => {});
  }

  #hear(messages: readonly FromProcess[]): void {
    for (const message of messages) this.#heard(message);
  }

  #heard(message: FromProcess): void {
    switch (message.kind) {
      case 'ready':
        this.figures = message;
        this.isReady = true;
        this.#events.ready(this);
        break;
      case 'failed':
        this.#failed(errorFrom(message.error));
        break;
      case 'ended':
        if (!this.given.delete(message.ended.task)) break;
        this.answered++;
        this.#events.ended(this, message.ended);
        break;
      case 'progress':
        if (this.given.has(message.task)) this.#events.progressed(message.task, message.fraction);
        break;
      case 'log':
        this.#events.logged(message.event);
        break;
      case 'starting':
        this.isAsked = false;
        break;
      case 'figures':
        this.isAsked = false;
        this.figures = message;
        break;
      case 'closed':
        this.figures = message;
        this.closedWith = message.report;
        this.#closed.resolve();
        break;
    }
  }

  #failed(error: Error): void {
    this.failure ??= error;
    if (this.#child.pid === undefined) this.#exited(null, null);
    else this.kill();
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exit = { code, signal };
    if (this.#child.pid === undefined) this.#disconnected = true;
    this.#lastWords = setTimeout(() => {
      this.#disconnected = true;
      this.#checkDead();
    }, LAST_WORDS_MS);
    this.#checkDead();
  }

  #checkDead(): void {
    if (this.#exit === null || !this.#disconnected || this.isDead) return;
    this.isDead = true;
    clearTimeout(this.#lastWords);
    const oomKills = ownCgroup().oomKills();
    const outOfMemory = oomKills !== null && this.#oomKills !== null && oomKills > this.#oomKills;
    const slots = readSlots(this.#slots, this.#rows);
    closeSync(this.#slots);
    this.#closed.resolve();
    this.#gone.resolve();
    this.#events.died(this, { ...this.#exit, outOfMemory, slots });
  }
}
