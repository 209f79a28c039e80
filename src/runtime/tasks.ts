/**
 * Admission: every task from the moment it is accepted until its memory is accounted for.
 *
 * Owns the queue and the running tasks; main thread only. A task waits here, never in Piscina, and is posted when a
 * worker is free. Invariant: the leases of an input leave the caller when the task is accepted, and come home exactly
 * once: with the result, when the task never starts, or when the worker that held them is buried.
 */

import { CANCEL, DECLARED, MAIN_ROW, PROGRESS, rowWord } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { MillpondError } from '../errors.ts';
import { crateFor, detachViews, pack, unpack } from '../messages/cargo.ts';
import { errorFrom } from '../messages/error-record.ts';
import { type Crate, type Task, type TaskResult, taskBuffers } from '../messages/tasks.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import type { TierPolicies } from '../pool/tiers.ts';
import { type Admission, needKib } from '../regulation/admission.ts';
import { type Log, leakEvent } from '../telemetry/log.ts';
import type { TaskCounts, TaskObserver, TaskOutcome } from '../telemetry/task-end.ts';
import type { Member, Workers } from './worker-pool.ts';

export interface RunOptions {
  /** Rejects the run at once with the signal's reason, and asks the job to stop. */
  readonly signal?: AbortSignal;
  /** What logs call the task. Default: `task N`. */
  readonly name?: string;
  /**
   * Called with 0 to 1 while the task runs, when its job reports progress; about 20 times a second at most. What it
   * throws cancels the task and rejects the run.
   */
  readonly onProgress?: (fraction: number) => void;
  /**
   * The most memory that the job holds at once, besides what its input brings: bytes, or the lengths of the leases, which
   * count by their tiers. The task then starts only when the budget can hold it together with what the other running
   * tasks declared, in the order of the calls: so such jobs never wait for memory while they hold some. Those behind it
   * wait, too. Where no task runs that could give memory back, it is refused after `acquireTimeoutMs`. Default: none.
   */
  readonly needBytes?: Bytes | readonly Bytes[];
}

interface Entry {
  task: Task;
  readonly name: string;
  readonly needKib: number;
  readonly acceptedMs: number;
  readonly options: RunOptions;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  member: Member | null;
  /** When it was posted to its worker; null before, and where nobody observes. */
  startedMs: number | null;
  progress: number;
  /** The caller was answered; what comes back is only accounted for. */
  answered: boolean;
  unlisten: () => void;
}

/** What tasks need of the workers. */
export type TaskWorkers = Pick<Workers, 'idle' | 'post' | 'done'>;

export class Tasks {
  readonly #ledger: Ledger;
  readonly #shard: Shard;
  readonly #coordinator: Coordinator;
  readonly #workers: TaskWorkers;
  readonly #log: Log;
  readonly #admission: Admission;
  readonly #tiers: TierPolicies;
  readonly #observer: TaskObserver | null;
  /** In the order of acceptance. */
  readonly #queue = new Set<Entry>();
  readonly #running = new Set<Entry>();
  readonly #counts = { succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
  #last = 0;
  #broken: MillpondError | null = null;
  #idle: (() => void)[] = [];

  constructor(
    ledger: Ledger,
    shard: Shard,
    coordinator: Coordinator,
    workers: TaskWorkers,
    log: Log,
    admission: Admission,
    tiers: TierPolicies,
    observer: TaskObserver | null = null,
  ) {
    this.#ledger = ledger;
    this.#shard = shard;
    this.#coordinator = coordinator;
    this.#workers = workers;
    this.#log = log;
    this.#admission = admission;
    this.#tiers = tiers;
    this.#observer = observer;
  }

  get counts(): TaskCounts {
    return { queued: this.#queue.size, running: this.#running.size, ...this.#counts };
  }

  /** True when nothing is queued or running. */
  get quiet(): boolean {
    return this.#queue.size === 0 && this.#running.size === 0;
  }

  /** Accepts a task. Throws, and takes nothing, when the input holds what cannot be moved. */
  accept(input: unknown, options: RunOptions): Promise<unknown> {
    if (this.#broken !== null) throw this.#broken;
    options.signal?.throwIfAborted();
    const packed = pack(input, this.#shard);
    const brought = packed.leases.reduce((sum, { capacity }) => sum + capacity, 0);
    const need = needKib(options.needBytes, this.#tiers, this.#ledger.limitKib * KiB, brought);
    this.#last = (this.#last % 0x7fffffff) + 1;
    const task = this.#last;
    const crates = packed.leases.map((lease): Crate => {
      const { length } = lease;
      const store = this.#shard.leases.moveOut(lease);
      return crateFor(store, length, this.#coordinator.loans.open(store.capacity, store.origin));
    });
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        task: { task, input: packed.value, crates, places: packed.places, gifts: [] },
        name: options.name ?? `task ${task}`,
        needKib: need,
        acceptedMs: this.#admission.nowMs,
        options,
        resolve,
        reject,
        member: null,
        startedMs: null,
        progress: -1,
        answered: false,
        unlisten: () => {},
      };
      const { signal } = options;
      if (signal !== undefined) {
        const onAbort = (): void => this.#cancel(entry, signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        entry.unlisten = () => signal.removeEventListener('abort', onAbort);
      }
      this.#queue.add(entry);
      this.pump();
      // What left is detached; what waits must not be written to any more.
      if (this.#queue.has(entry) && crates.length > 0) {
        entry.task = { ...entry.task, crates: entry.task.crates.map(detachViews) };
      }
    });
  }

  /** Gives queued tasks to free workers, as far as memory admits the one that has waited longest. */
  pump(): void {
    for (const entry of this.#queue) {
      const member = this.#workers.idle();
      if (member === undefined) return;
      if (!this.#admission.admits(entry.needKib)) {
        if (this.#admission.clearable(entry.needKib)) this.#coordinator.makeRoom();
        const error = this.#admission.despair(entry.acceptedMs, entry.needKib, entry.name);
        if (error === null) return;
        this.#queue.delete(entry);
        this.#bringHome(entry);
        this.#ended(entry, 'failed');
        this.#answer(entry, () => entry.reject(error));
        this.#checkIdle();
      } else if (this.#start(entry, member)) this.#queue.delete(entry);
    }
  }

  /** Reads the shared progress of running tasks whose callers want it. */
  reportProgress(): void {
    for (const entry of this.#running) {
      const { onProgress } = entry.options;
      if (onProgress === undefined || entry.member === null || entry.answered) continue;
      const progress = this.#ledger.words[rowWord(entry.member.row) + PROGRESS] / 1000;
      if (progress === entry.progress) continue;
      entry.progress = progress;
      try {
        onProgress(progress);
      } catch (error) {
        this.#cancel(entry, error);
      }
    }
  }

  /** No worker can be started any more: nothing that waits will ever run. */
  break(error: MillpondError): void {
    this.#broken ??= error;
    for (const entry of this.#queue) {
      this.#queue.delete(entry);
      this.#bringHome(entry);
      this.#ended(entry, 'failed');
      this.#answer(entry, () => entry.reject(error));
    }
    this.#checkIdle();
  }

  /** Resolves when nothing is queued or running. */
  async settled(): Promise<void> {
    if (this.quiet) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** False when the worker went between being chosen and being given the task; the next one may be there. */
  #start(entry: Entry, member: Member): boolean {
    for (const crate of entry.task.crates) this.#coordinator.loans.dispatch(crate.loan, member.row);
    this.#ledger.words[rowWord(member.row) + PROGRESS] = 0;
    this.#ledger.words[rowWord(member.row) + DECLARED] = Number(entry.needKib > 0);
    // What goes back to the worker goes along: a message of its own would cost as much as the task's.
    const gifts = this.#coordinator.packReturns(member.row);
    const task = { ...entry.task, gifts };
    entry.task = task;
    let result: Promise<TaskResult>;
    try {
      result = this.#workers.post(member, entry.name, task, taskBuffers(task));
    } catch {
      member.dying = true;
      for (const crate of task.crates) this.#coordinator.loans.dispatch(crate.loan, -1);
      this.#coordinator.unpackReturns(member.row, gifts);
      return false;
    }
    entry.member = member;
    if (this.#observer !== null) entry.startedMs = this.#admission.nowMs;
    this.#running.add(entry);
    this.#admission.enter(member.row, entry.needKib);
    result.then(
      (result) => this.#finish(entry, member, result),
      (error) => this.#lose(entry, member, error),
    );
    return true;
  }

  #finish(entry: Entry, member: Member, result: TaskResult): void {
    const { crates = [], homebound = [] } = result;
    const stores = this.#coordinator.receive(member.row, crates);
    this.#coordinator.takeHome(member.row, homebound);
    this.#leave(entry, member);
    this.#workers.done(member);
    this.#reportLeaks(entry, result);
    if (entry.answered) {
      this.#ended(entry, 'cancelled');
      stores.forEach((store, at) => void this.#shard.leases.welcome(store, crates[at].asked));
    } else if (result.error !== undefined) {
      this.#ended(entry, 'failed');
      const error = errorFrom(result.error);
      this.#answer(entry, () => entry.reject(error));
    } else if ((result.pinned ?? 0) > 0) {
      stores.forEach((store, at) => void this.#shard.leases.welcome(store, crates[at].asked));
      this.#ended(entry, 'failed');
      this.#answer(entry, () => entry.reject(leftPin(entry, result.pinned as number)));
    } else {
      this.#ended(entry, 'succeeded');
      const leases = stores.map((store, at) =>
        this.#shard.receive(store, crates[at].length, crates[at].asked),
      );
      const value = unpack(result.value, result.places ?? [], leases);
      this.#answer(entry, () => entry.resolve(value));
    }
    this.pump();
    this.#checkIdle();
  }

  /** The task died with its worker, or could not even be posted. */
  #lose(entry: Entry, member: Member, error: unknown): void {
    this.#leave(entry, member);
    // Buffers that have left are the worker's, whatever it says: only its end settles them.
    const { task } = entry;
    const posted = taskBuffers(task).some((buffer) => buffer.detached);
    if (!posted) this.#coordinator.unpackReturns(member.row, task.gifts);
    if (member.dying || posted) {
      // Its loans stay charged until the thread is gone: `Coordinator.bury` settles them.
      if (!member.dying) this.#workers.done(member);
      this.#ended(entry, entry.answered ? 'cancelled' : 'lost');
      const lost = workerLost(entry, member, error);
      this.#answer(entry, () => entry.reject(lost));
    } else {
      this.#workers.done(member);
      // It may have been a gift that could not be sent; those that can are idle here now.
      if (task.gifts.length > 0 && !entry.answered && this.#start(entry, member)) return;
      this.#bringHome(entry);
      entry.startedMs = null;
      this.#ended(entry, entry.answered ? 'cancelled' : 'failed');
      const message = error instanceof Error ? error.message : String(error);
      const refused = new MillpondError(
        'ERR_NOT_CLONEABLE',
        `An input is made of what structured cloning knows, with leases in plain objects and arrays; this one is not: ${message.replace(/\.$/, '')}. Pass plain data; its leases went back to the pool.`,
        { cause: error },
      );
      this.#answer(entry, () => entry.reject(refused));
    }
    this.pump();
    this.#checkIdle();
  }

  #leave(entry: Entry, member: Member): void {
    this.#running.delete(entry);
    this.#admission.leave(member.row);
  }

  /** Answers the caller with `reason` at once, and lets the job know. */
  #cancel(entry: Entry, reason: unknown): void {
    if (entry.answered) return;
    this.#counts.cancelled++;
    if (this.#queue.delete(entry)) {
      this.#bringHome(entry);
      this.#ended(entry, 'cancelled');
    } else if (entry.member !== null && entry.member.row >= 0) {
      Atomics.store(this.#ledger.words, rowWord(entry.member.row) + CANCEL, entry.task.task);
      // For a job that waits in its event loop; this also wakes one that waits for memory.
      this.#coordinator.cancel(entry.member.row, entry.task.task);
    }
    this.#answer(entry, () => entry.reject(reason));
    this.#checkIdle();
  }

  /** Takes the memory of a task back that was never posted. */
  #bringHome(entry: Entry): void {
    for (const crate of entry.task.crates) {
      const origin = this.#coordinator.loans.originOf(crate.loan);
      this.#coordinator.loans.settle(crate.loan);
      this.#shard.leases.welcome(new Store(crate.buffer, crate.tier, 0, origin), crate.asked, true);
    }
  }

  /** It has left the queue, or its worker. */
  #ended({ name, member, acceptedMs, startedMs }: Entry, outcome: TaskOutcome): void {
    // Those are counted when their callers give up, which may be long before.
    if (outcome !== 'cancelled') this.#counts[outcome]++;
    if (this.#observer === null) return;
    const shard = startedMs === null ? MAIN_ROW : (member?.row ?? MAIN_ROW);
    const endedMs = this.#admission.nowMs;
    this.#observer.ended({ name, shard, acceptedMs, startedMs, endedMs, outcome });
  }

  #answer(entry: Entry, answer: () => void): void {
    if (entry.answered) return;
    entry.answered = true;
    entry.unlisten();
    answer();
  }

  #reportLeaks(entry: Entry, { leaks }: TaskResult): void {
    if (leaks === undefined) return;
    this.#log.write(leakEvent(entry.name, leaks));
  }

  #checkIdle(): void {
    if (!this.quiet) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function workerLost(entry: Entry, member: Member, error: unknown): MillpondError {
  const cause = member.cause ?? (error instanceof Error ? error : new Error(String(error)));
  return new MillpondError(
    'ERR_WORKER_LOST',
    `A job ends by returning or throwing; the worker of '${entry.name}' died in the middle of it: ${cause.message}. The other tasks go on in a new worker; look for process.exit, uncaught errors and heap limits in the job.`,
    { cause },
  );
}

function leftPin(entry: Entry, pinned: number): MillpondError {
  return new MillpondError(
    'ERR_TASK_LEFT_PIN',
    `Native code is done with a lease before its task ends; '${entry.name}' ended with ${pinned} pinned. Await the native call and release its pin before the job returns; the memory stays charged until then.`,
  );
}
