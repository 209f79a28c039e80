/**
 * Every task from the moment it is accepted until its memory is accounted for.
 *
 * Owns the queue and the running tasks; main thread only. A task waits here, never in Piscina, and is posted
 * when a worker is free. Invariant: an accepted task is answered once, and is in the queue, or running, or
 * over. Leaves to others: its memory (`TaskMemory`), whether it may start (`Admission`).
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { MillpondError } from '../errors.ts';
import { errorFrom } from '../messages/error-record.ts';
import { type TaskResult, taskBuffers } from '../messages/tasks.ts';
import type { TierPolicies } from '../pool/tiers.ts';
import { type Admission, needKib } from '../regulation/admission.ts';
import { type Log, leakEvent } from '../telemetry/log.ts';
import type { TaskCounts, TaskEnd, TaskObserver, TaskOutcome } from '../telemetry/task-end.ts';
import { type Entry, listen, newEntry, type Standing, standing } from './entry.ts';
import { type Member, UnreadableResult } from './member.ts';
import type { RunOptions } from './runner.ts';
import { leftPin, notCloneable, tooDeep, unreadable, workerLost } from './task-errors.ts';
import type { TaskMemory } from './task-memory.ts';
import { TaskNames } from './task-names.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What tasks need of the workers. */
export type TaskWorkers = Pick<WorkerPool, 'idle' | 'post' | 'done'>;

interface TasksParts {
  readonly ledger: Ledger;
  readonly coordinator: Pick<Coordinator, 'cancel' | 'makeRoom'>;
  readonly memory: TaskMemory;
  readonly workers: TaskWorkers;
  readonly admission: Admission;
  readonly tiers: TierPolicies;
  readonly log: Log;
  readonly observers: readonly TaskObserver[];
  accepted(): void;
}

export class Tasks {
  readonly #parts: TasksParts;
  /** In the order of acceptance. */
  readonly #queue = new Set<Entry>();
  readonly #running = new Set<Entry>();
  readonly #counts = { succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
  readonly #names = new TaskNames();
  #last = 0;
  /** When a task was last accepted into an empty queue, began or ended. */
  #movedMs = 0;
  #broken: MillpondError | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** What stands still, at this time of the ports' clock. */
  standing(nowMs: number): Standing {
    return standing(this.#queue, this.#running, this.#movedMs, nowMs);
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
    const { ledger, memory, tiers, admission } = this.#parts;
    const { packed, broughtBytes } = memory.pack(input);
    const need = needKib(options.needBytes, tiers, ledger.limitKib * KiB, broughtBytes);
    if (packed.tooDeep) {
      memory.refuse(packed);
      throw tooDeep();
    }
    this.#last = (this.#last % 0x7fffffff) + 1;
    const task = memory.load(this.#last, packed);
    return new Promise((resolve, reject) => {
      const accepted = { needKib: need, acceptedMs: admission.nowMs, resolve, reject };
      const entry = newEntry(task, options, accepted);
      const { signal } = options;
      if (signal !== undefined) listen(entry, signal, () => this.#cancel(entry, signal.reason));
      if (this.#queue.size === 0) this.#movedMs = entry.acceptedMs;
      this.#queue.add(entry);
      this.#parts.accepted();
      this.pump();
      // What left is detached; what waits must not be written to any more.
      if (this.#queue.has(entry)) entry.task = memory.detachViews(entry.task);
    });
  }

  /** Gives queued tasks to free workers, as far as memory admits the one that has waited longest. */
  pump(): void {
    const { workers, admission, coordinator } = this.#parts;
    for (const entry of this.#queue) {
      const member = workers.idle();
      if (member === undefined) return;
      if (!admission.admits(entry.needKib)) {
        if (admission.clearable(entry.needKib)) coordinator.makeRoom();
        const error = admission.refusal(entry.acceptedMs, entry.needKib, entry.name);
        if (error === null) return;
        this.#queue.delete(entry);
        this.#refuse(entry, error);
        this.#checkIdle();
      } else if (this.#start(entry, member)) this.#queue.delete(entry);
    }
  }

  /** Reads the shared progress of running tasks whose callers want it. */
  reportProgress(): void {
    for (const entry of this.#running) {
      const { onProgress } = entry;
      if (onProgress === undefined || entry.member === null || entry.answered) continue;
      const progress = this.#parts.ledger.row(entry.member.row).progressThousandths / 1000;
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
      this.#refuse(entry, error);
    }
    this.#checkIdle();
  }

  /** Cancels whatever waits or runs, with an error for its name. */
  stop(reason: (name: string) => MillpondError): void {
    for (const entry of [...this.#queue, ...this.#running]) this.#cancel(entry, reason(entry.name));
  }

  /** Tasks that have not come to their end in their workers, though their callers may have been answered. */
  running(): { readonly member: Member; readonly name: string; readonly startedMs: number }[] {
    return [...this.#running].map(({ member, name, startedMs }) => {
      return { member: member as Member, name, startedMs: startedMs as number };
    });
  }

  /** What a task is called, or was, if it is one of the last that ended. */
  nameOf(task: number): string {
    return this.#names.of(task);
  }

  /** Resolves when nothing is queued or running. */
  async settled(): Promise<void> {
    if (!this.quiet) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** False when the worker went between being chosen and being given the task; the next one may be there. */
  #start(entry: Entry, member: Member): boolean {
    const { ledger, memory, workers, admission } = this.#parts;
    const row = ledger.row(member.row);
    row.progressThousandths = 0;
    row.declared = entry.needKib > 0;
    const task = memory.dispatch(member.row, entry.task);
    entry.task = task;
    let result: Promise<TaskResult>;
    try {
      result = workers.post(member, entry.name, task, taskBuffers(task));
    } catch {
      member.dying = true;
      memory.recall(member.row, task);
      return false;
    }
    entry.member = member;
    entry.startedMs = admission.nowMs;
    this.#movedMs = entry.startedMs;
    this.#running.add(entry);
    admission.enter(member.row, entry.needKib);
    result.then(
      (result) => this.#finish(entry, member, result),
      (error) => this.#lose(entry, member, error),
    );
    return true;
  }

  #finish(entry: Entry, member: Member, result: TaskResult): void {
    const { memory, workers, log } = this.#parts;
    const arrival = memory.arrive(member.row, result);
    this.#leave(entry, member);
    workers.done(member);
    const { leaks } = result;
    if (leaks !== undefined) log.write(leakEvent(entry.name, leaks));
    if (entry.answered) {
      this.#end(entry, 'cancelled');
      memory.keep(arrival);
    } else if (result.error !== undefined) {
      this.#end(entry, 'failed');
      const error = errorFrom(result.error);
      this.#answer(entry, () => entry.reject(error));
    } else if ((result.pinned ?? 0) > 0) {
      memory.keep(arrival);
      this.#end(entry, 'failed');
      this.#answer(entry, () => entry.reject(leftPin(entry.name, result.pinned as number)));
    } else {
      this.#end(entry, 'succeeded');
      const value = memory.deliver(arrival);
      this.#answer(entry, () => entry.resolve(value));
    }
    this.pump();
    this.#checkIdle();
  }

  /** The task died with its worker, or could not even be posted. */
  #lose(entry: Entry, member: Member, error: unknown): void {
    this.#leave(entry, member);
    const { memory, workers } = this.#parts;
    const { task } = entry;
    // Buffers that have left are the worker's, whatever it says.
    const posted = memory.hasLeft(member.row, task);
    const unread = error instanceof UnreadableResult;
    if (member.dying || posted || unread) {
      // Its loans stay charged until the thread is gone: `Coordinator.bury` settles them.
      if (!member.dying) workers.done(member);
      this.#end(entry, entry.answered ? 'cancelled' : unread ? 'failed' : 'lost');
      const lost = unread ? unreadable(entry.name, error) : workerLost(entry.name, member, error);
      this.#answer(entry, () => entry.reject(lost));
    } else {
      workers.done(member);
      // It may have been a gift that could not be sent; those that can are idle here now.
      if (task.gifts.length > 0 && !entry.answered && this.#start(entry, member)) return;
      memory.bringHome(task);
      entry.startedMs = null;
      this.#end(entry, entry.answered ? 'cancelled' : 'failed');
      this.#answer(entry, () => entry.reject(notCloneable(error)));
    }
    this.pump();
    this.#checkIdle();
  }

  #leave(entry: Entry, member: Member): void {
    this.#running.delete(entry);
    this.#names.remember(entry.task.task, entry.name);
    this.#parts.admission.leave(member.row);
  }

  /** Answers the caller with `reason` at once, and lets the job know. */
  #cancel(entry: Entry, reason: unknown): void {
    if (entry.answered) return;
    this.#counts.cancelled++;
    if (this.#queue.delete(entry)) {
      this.#parts.memory.bringHome(entry.task);
      this.#end(entry, 'cancelled');
    } else if (entry.member !== null && entry.member.row >= 0) {
      const { ledger, coordinator } = this.#parts;
      ledger.row(entry.member.row).cancel(entry.task.task);
      // For a job that waits in its event loop; this also wakes one that waits for memory.
      coordinator.cancel(entry.member.row, entry.task.task);
    }
    this.#answer(entry, () => entry.reject(reason));
    this.#checkIdle();
  }

  /** Ends a task that never started. */
  #refuse(entry: Entry, error: MillpondError): void {
    this.#parts.memory.bringHome(entry.task);
    this.#end(entry, 'failed');
    this.#answer(entry, () => entry.reject(error));
  }

  /** It has left the queue, or its worker. */
  #end({ name, member, acceptedMs, startedMs }: Entry, outcome: TaskOutcome): void {
    // Those are counted when their callers give up, which may be long before.
    if (outcome !== 'cancelled') this.#counts[outcome]++;
    const { observers, admission } = this.#parts;
    const shard = startedMs === null ? MAIN_ROW : (member?.row ?? MAIN_ROW);
    const endedMs = admission.nowMs;
    this.#movedMs = endedMs;
    const end: TaskEnd = { name, shard, acceptedMs, startedMs, endedMs, outcome };
    for (const observer of observers) observer.ended(end);
  }

  #answer(entry: Entry, answer: () => void): void {
    if (entry.answered) return;
    entry.answered = true;
    entry.unlisten();
    answer();
  }

  #checkIdle(): void {
    if (!this.quiet) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
