/**
 * The worker threads of a runtime, as Piscina keeps them: who is there, who is free, what comes back.
 *
 * Owns the Piscina pool and one member per thread; main thread only. Piscina starts, watches and replaces
 * threads; tasks and what comes of them go over a port of our own for each (docs/decisions/062).
 * Invariant: a member is given one message of tasks at a time, and is forgotten only after its thread is
 * gone; what it posted before that is heard first. No thread is ended while it loads its files or runs a
 * task: inside native code that can abort the process.
 */
import { fileURLToPath } from 'node:url';
import { receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { FixedQueue, Piscina } from 'piscina';
import type { Ledger } from '../budget/ledger.ts';
import type { Link } from '../coordinator/links.ts';
import type { MillpondError } from '../errors.ts';
import type { Answer, FromWorker, StrayError } from '../messages/asks.ts';
import { errorFrom } from '../messages/error-record.ts';
import type { Interval } from '../messages/interval.ts';
import type { Hello, WorkerStart } from '../messages/start.ts';
import type { Task, TaskResult } from '../messages/tasks.ts';
import { type ResultsMessage, readResults, writeTasks } from '../messages/wire.ts';
import { setImmediate, setTimeout } from '../timers.ts';
import { bootstrapError } from './bootstrap-error.ts';
import { type Member, newMember } from './member.ts';
import type { RuntimeLimits } from './options.ts';
import { isHello, isLoaded, openLink } from './side-channel.ts';
import { noThreadLeft } from './task-errors.ts';

interface WorkerPoolEvents {
  introduced(member: Member, link: Link): void;
  /** The worker answered the coordinator. */
  answered(member: Member, answer: Answer): void;
  /** The worker published what it recorded. */
  recorded(member: Member, interval: Interval): void;
  /** Code of a task that was over threw in the worker, which is retiring. */
  strayed(member: Member, stray: StrayError): void;
  /** The member can take a task now. */
  free(): void;
  /** What came of the next of the tasks that the member was given. */
  ended(member: Member, results: readonly TaskResult[]): void;
  /** What came of its next task cannot be read here. */
  unreadable(member: Member, error: Error): void;
  /** It cannot read the tasks that it was given. */
  unread(member: Member): void;
  /** Of the tasks that it was given nothing more will come. */
  lost(member: Member, error: Error): void;
  /** The member's thread is about to be ended. Resolves when its shard has closed, or is gone. */
  retiring(member: Member): Promise<void>;
  /** The thread is gone, and with it everything that was in its ports. */
  gone(member: Member, exitCode: number): void;
  /** No worker can be started, now or later. */
  failed(error: MillpondError): void;
}

/** Of this very file: .ts in the checkout, .js in the package. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const LAST_BREATH_MS = 5000;
/** So many deaths in a row of workers that never got a task mean that none ever will. */
const MOST_IDLE_DEATHS = 3;

interface WorkerPoolParts {
  readonly threads: number;
  /** What each worker is started with. */
  readonly start: WorkerStart;
  readonly resourceLimits: RuntimeLimits | undefined;
  readonly ledger: Ledger;
}

export class WorkerPool {
  readonly #parts: WorkerPoolParts;
  /** From {@link start} on. */
  #piscina!: Piscina;
  #events!: WorkerPoolEvents;
  readonly #members = new Map<Worker, Member>();
  #idleDeaths = 0;
  #closing = false;

  constructor(parts: WorkerPoolParts) {
    this.#parts = parts;
  }

  /** Starts the threads; to be called once, when everything that `events` reach is there. */
  start(events: WorkerPoolEvents): void {
    const { threads, start, resourceLimits } = this.#parts;
    this.#events = events;
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL(`../thread/boot${EXTENSION}`, import.meta.url)),
      minThreads: threads,
      maxThreads: threads,
      // An idle worker must hear its port: with atomics it would sleep in Atomics.wait.
      atomics: 'disabled',
      // Nobody but `retire` ends threads.
      idleTimeout: Infinity,
      recordTiming: false,
      // Piscina's own default is one queue object that all pools share.
      taskQueue: new FixedQueue(),
      workerData: { millpond: start },
      ...(resourceLimits !== undefined && { resourceLimits }),
    });
    this.#piscina.on('message', (message: unknown) => {
      if (isHello(message)) this.#introduce(message);
    });
    this.#piscina.on('workerCreate', () => this.#findNew());
    // Also raised for deaths that the members' own listeners report.
    this.#piscina.on('error', () => {});
    this.#findNew();
  }

  get members(): Iterable<Member> {
    return this.#members.values();
  }

  /** A member that can take a task now. */
  idle(): Member | undefined {
    for (const member of this.#members.values()) {
      if (member.ready && !member.busy && !member.dying && !member.retiring) return member;
    }
    return undefined;
  }

  /** Whether there is a thread that takes tasks, now or when it has done what it does. */
  get able(): boolean {
    return [...this.#members.values()].some(({ ready, dying, retiring }) => ready && !dying && !retiring);
  }

  /**
   * Posts tasks to a member, which is busy until `done`.
   * @throws when they cannot be cloned: then none was posted, and their buffers are here
   */
  post(member: Member, tasks: readonly Task[], transfer: ArrayBuffer[]): void {
    member.tasks!.postMessage(writeTasks(tasks), transfer);
    member.busy = true;
  }

  /** All of its tasks are over. */
  done(member: Member): void {
    member.busy = false;
    member.worked = true;
    this.#idleDeaths = 0;
    if (member.retiring) this.#end(member);
  }

  /** The member gets no more tasks; another takes its place once its thread has ended. */
  retire(member: Member): void {
    member.retiring = true;
    this.#end(member);
  }

  /** All members retire and none is replaced. Resolves when all threads are gone. */
  async retireAll(): Promise<void> {
    this.#closing = true;
    // Piscina keeps as many threads as this says.
    this.#piscina.options.minThreads = 0;
    const members = [...this.#members.values()];
    for (const member of members) this.retire(member);
    await Promise.all(members.map(({ gone }) => gone.promise));
  }

  /** Members that are left do not keep the process alive, and end by themselves when they can. */
  leave(): void {
    for (const { worker } of this.#members.values()) worker.unref();
  }

  async #end(member: Member): Promise<void> {
    if (!member.ready || member.busy || member.dying || member.ending) return;
    member.ending = true;
    await this.#events.retiring(member);
    if (member.dying) return;
    member.dismissed = true;
    await member.worker.terminate();
  }

  /** Finds the threads that Piscina has started since the last time. */
  #findNew(): void {
    for (const worker of this.#piscina.threads) {
      if (this.#members.has(worker)) continue;
      const member = newMember(worker);
      this.#members.set(worker, member);
      worker.on('message', (message: unknown) => {
        if (isLoaded(message)) this.#loaded(member);
      });
      worker.on('error', (error) => {
        member.cause = error instanceof Error ? error : new Error(String(error));
        this.#over(member, member.cause);
        this.#findNew();
      });
      worker.on('exit', (code) => this.#exit(member, code));
    }
  }

  #introduce({ threadId, row, port, tasks }: Hello): void {
    for (const member of this.#members.values()) {
      if (member.threadId !== threadId) continue;
      member.row = row;
      member.introduced = true;
      const link = openLink(port, {
        reported: (message): message is Exclude<FromWorker, Answer> => this.#reported(member, message),
        answered: (answer) => this.#events.answered(member, answer),
      });
      this.#events.introduced(member, link);
      port.once('close', () => this.#closed(member));
      member.tasks = tasks;
      tasks.on('message', (message: ResultsMessage) => this.#heard(member, message));
      tasks.on('messageerror', (error) => this.#unreadable(member, error));
      // Whoever waits for a task keeps the process alive.
      tasks.unref();
    }
  }

  #heard(member: Member, message: ResultsMessage): void {
    if (message !== 'unread') {
      this.#events.ended(member, readResults(message));
      return;
    }
    this.retire(member);
    this.#events.unread(member);
  }

  /** What the message held is free again only once its thread has ended. */
  #unreadable(member: Member, error: Error): void {
    this.retire(member);
    this.#events.unreadable(member, error);
  }

  /** It does nothing more. What it posted before is heard first. */
  #over(member: Member, error: Error): void {
    member.dying = true;
    for (;;) {
      let message: ResultsMessage | undefined;
      try {
        message = member.tasks && receiveMessageOnPort(member.tasks)?.message;
      } catch (error) {
        this.#events.unreadable(member, error as Error);
        continue;
      }
      if (message === undefined) break;
      this.#heard(member, message);
    }
    this.#events.lost(member, member.cause ?? error);
  }

  /** Its JavaScript is over; where the thread is not soon after, native code keeps it, for ever. */
  #closed(member: Member): void {
    if (!member.dismissed) setTimeout(() => this.#lost(member), LAST_BREATH_MS).unref();
  }

  #lost(member: Member): void {
    if (!this.#members.has(member.worker)) return;
    member.cause ??= new Error('native code keeps the thread from its end, and what it holds');
    this.#over(member, member.cause);
    if ([...this.#members.values()].every(({ dying }) => dying)) this.#events.failed(noThreadLeft());
  }

  #reported(member: Member, message: FromWorker): boolean {
    if (message.kind === 'recorded') this.#events.recorded(member, message.interval);
    else if (message.kind === 'stray') {
      member.cause ??= errorFrom(message.error);
      this.retire(member);
      this.#events.strayed(member, message);
    } else return false;
    return true;
  }

  /** Piscina has loaded what a thread loads first, which said hello before it came to its end. */
  #loaded(member: Member): void {
    member.ready = true;
    if (member.retiring) this.#end(member);
    else this.#events.free();
  }

  #exit(member: Member, code: number): void {
    this.#over(member, new Error(`exit code ${code}`));
    this.#findNew();
    if (!member.worked && !this.#closing) this.#idleDeaths++;
    // Piscina replaces none that died before it was ready, and those that follow would wait for ever.
    if (!this.#closing && (!member.ready || this.#idleDeaths >= MOST_IDLE_DEATHS)) {
      this.#events.failed(bootstrapError(member.cause, code));
    }
    // Piscina closes the worker's task port in this same event; what was in it is freed once that close was
    // handled, one turn of the event loop later. Only then may anything be un-charged.
    setImmediate(() =>
      setImmediate(() => {
        if (member.row < 0) member.row = this.#parts.ledger.rowOf(member.threadId);
        this.#members.delete(member.worker);
        this.#events.gone(member, code);
        member.gone.resolve();
      }),
    );
  }
}
