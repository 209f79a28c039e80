/**
 * The worker threads of a runtime, as Piscina keeps them: who is there, who is free, who runs what.
 *
 * Owns the Piscina pool and one member per thread; main thread only. Piscina starts, replaces and posts;
 * which thread gets a task is decided here, because loans must be counted to the thread that holds them.
 * Invariant: a member is given at most one task at a time, and is forgotten only after its thread is gone. No
 * thread is ended while it loads its file or runs a task: inside native code that can abort the process.
 */
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { FixedQueue, Piscina } from 'piscina';
import type { Ledger } from '../budget/ledger.ts';
import type { Link } from '../coordinator/links.ts';
import { MillpondError } from '../errors.ts';
import type { Answer, FromWorker, StrayError } from '../messages/asks.ts';
import { errorFrom } from '../messages/error-record.ts';
import type { Interval } from '../messages/interval.ts';
import { type Hello, PROBE, type Probe, READY, type WorkerStart } from '../messages/start.ts';
import type { Task, TaskResult } from '../messages/tasks.ts';
import { type ResultMessage, readResult, type TaskMessage, writeTask } from '../messages/wire.ts';
import { setImmediate, setTimeout } from '../timers.ts';
import { bootstrapError } from './bootstrap-error.ts';
import { type Member, newMember, taskPortOf, UnreadableResult } from './member.ts';
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
  /** The member's thread is about to be ended. Resolves when its shard has closed, or is gone. */
  retiring(member: Member): Promise<void>;
  /** The thread is gone, and with it everything that was in its ports. */
  gone(member: Member, exitCode: number): void;
  /** No worker can be started, now or later. */
  failed(error: MillpondError): void;
}

const LAST_BREATH_MS = 5000;
/** So many deaths in a row of workers that never got a task mean that none ever will. */
const MOST_IDLE_DEATHS = 3;

interface WorkerPoolParts {
  readonly job: URL | string;
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
  #chosen: Member | null = null;
  #idleDeaths = 0;
  #closing = false;

  constructor(parts: WorkerPoolParts) {
    this.#parts = parts;
  }

  /** Starts the threads; to be called once, when everything that `events` reach is there. */
  start(events: WorkerPoolEvents): void {
    const { job, threads, start, resourceLimits } = this.#parts;
    this.#events = events;
    this.#piscina = new Piscina({
      filename: job instanceof URL || job.startsWith('file:') ? fileURLToPath(job) : job,
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
      loadBalancer: (_task, workers) => {
        const chosen = this.#chosen;
        const found = workers.find((worker) => worker.id === chosen?.threadId);
        // Thrown through `run`: without it Piscina would queue the task for whoever comes next.
        if (found === undefined) throw new Error('the chosen worker is gone');
        return found;
      },
      ...(resourceLimits !== undefined && { resourceLimits }),
    });
    this.#piscina.on('message', (message: unknown) => {
      if (isHello(message)) this.#introduce(message);
    });
    this.#piscina.on('workerCreate', (shown: { readonly id: number }) => {
      this.#findNew();
      for (const member of this.#members.values())
        if (member.threadId === shown.id) this.#listen(member, shown);
    });
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

  /**
   * Posts a task to a member, which is busy until `done`. Rejects when the worker died or the task cannot be
   * cloned; with `UnreadableResult` when its result cannot be read here: then the member retires, since what
   * it sent along is counted by the end of its thread only.
   * @throws when the worker has gone and nothing was posted
   */
  post(member: Member, name: string, task: Task, transfer: ArrayBuffer[]): Promise<TaskResult> {
    const result = this.#post(member, writeTask(task), transfer);
    member.busy = true;
    member.task = name;
    return new Promise((resolve, reject) => {
      member.unread = reject;
      result.then((message) => resolve(readResult(message as ResultMessage)), reject);
    });
  }

  #post(member: Member, message: TaskMessage | Probe, transfer: ArrayBuffer[]): Promise<unknown> {
    this.#chosen = member;
    return this.#piscina.run(message, { transferList: transfer as never });
  }

  done(member: Member): void {
    member.busy = false;
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
    for (const { worker, port } of this.#members.values()) {
      worker.unref();
      port?.unref();
    }
  }

  async #end(member: Member): Promise<void> {
    if (!member.loaded || member.busy || member.dying || member.ending) return;
    member.ending = true;
    await this.#events.retiring(member);
    if (member.dying) return;
    member.dismissed = true;
    await member.worker.terminate();
  }

  #listen(member: Member, shown: object): void {
    member.port = taskPortOf(shown);
    member.port?.on('messageerror', (error) => {
      this.retire(member);
      member.unread(new UnreadableResult(error.message));
    });
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
        member.dying = true;
        member.cause = error instanceof Error ? error : new Error(String(error));
        this.#findNew();
      });
      worker.on('exit', (code) => this.#exit(member, code));
    }
  }

  #introduce({ threadId, row, port }: Hello): void {
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
    }
  }

  /** Its JavaScript is over; where the thread is not soon after, native code keeps it, for ever. */
  #closed(member: Member): void {
    if (!member.dismissed) setTimeout(() => this.#lost(member), LAST_BREATH_MS).unref();
  }

  #lost(member: Member): void {
    if (!this.#members.has(member.worker)) return;
    member.dying = true;
    member.cause ??= new Error('native code keeps the thread from its end, and what it holds');
    member.unread(member.cause);
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

  /** Piscina has loaded the job file. Whether its default export is a job, only asking it tells. */
  #loaded(member: Member): void {
    member.loaded = true;
    if (member.retiring) {
      this.#end(member);
      return;
    }
    const wrong = (): void =>
      this.#events.failed(
        new MillpondError(
          'ERR_JOB_INVALID',
          'A job file default-exports what defineJob returned; this one exports something else. Write: export default defineJob((input, { pool }) => ...).',
        ),
      );
    if (!member.introduced) {
      wrong();
      return;
    }
    this.#post(member, PROBE, []).then(
      (answer) => {
        if (answer !== READY) return wrong();
        member.ready = true;
        this.#events.free();
      },
      () => {
        if (!member.dying) wrong();
      },
    );
  }

  #exit(member: Member, code: number): void {
    member.dying = true;
    this.#findNew();
    if (member.task === undefined && !this.#closing) this.#idleDeaths++;
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
