/**
 * Every task from the moment it is accepted until its memory is accounted for.
 *
 * Owns the queue and the running tasks; main thread only. A task waits here, and is posted when a worker is
 * free; short ones share a message. Invariant: an accepted task is answered once, and is in the queue, or
 * running, or over. Leaves to others: its memory (`TaskMemory`), whether it may start (`Admission`), what
 * becomes of it in its worker (`RunningTasks`).
 */
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { MillpondError } from '../errors.ts';
import type { TaskResult } from '../messages/tasks.ts';
import type { TierPolicies } from '../pool/tiers.ts';
import { type Admission, needKib } from '../regulation/admission.ts';
import type { Log } from '../telemetry/log.ts';
import type { TaskCounts, TaskObserver } from '../telemetry/task-end.ts';
import { type Entry, listen, newEntry, type Standing, standing } from './entry.ts';
import { jobNumber, type NamedJob } from './jobs.ts';
import type { Member } from './member.ts';
import type { RunOptions } from './runner.ts';
import { RunningTasks } from './running-tasks.ts';
import { TaskEndings } from './task-endings.ts';
import { tooDeep } from './task-errors.ts';
import type { TaskMemory } from './task-memory.ts';
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
  /** Worker threads. */
  readonly threads: number;
  readonly jobs: readonly NamedJob[];
  readonly log: Log;
  readonly observers: readonly TaskObserver[];
  accepted(): void;
}

export class Tasks {
  readonly #parts: TasksParts;
  /** In the order of acceptance. */
  readonly #queue = new Set<Entry>();
  readonly #running: RunningTasks;
  readonly #endings: TaskEndings;
  #last = 0;
  /** When a task was last accepted into an empty queue. */
  #filledMs = 0;
  #broken: MillpondError | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: TasksParts) {
    this.#parts = parts;
    const { jobs, observers, admission } = parts;
    this.#endings = new TaskEndings(jobs, observers, () => admission.nowMs);
    this.#running = new RunningTasks({ ...parts, endings: this.#endings });
  }

  /** What stands still, at this time of the ports' clock. */
  standing(nowMs: number): Standing {
    const movedMs = Math.max(this.#filledMs, this.#running.lastMs, this.#endings.lastMs);
    return standing(this.#queue, this.#running.all, movedMs, nowMs);
  }

  get counts(): TaskCounts {
    return { queued: this.#queue.size, running: this.#running.all.size, ...this.#endings.counts };
  }

  /** True when nothing is queued or running. */
  get quiet(): boolean {
    return this.#queue.size === 0 && this.#running.all.size === 0;
  }

  /** Accepts a task. Throws, and takes nothing, when the input holds what cannot be moved. */
  accept(input: unknown, options: RunOptions): Promise<unknown> {
    if (this.#broken !== null) throw this.#broken;
    options.signal?.throwIfAborted();
    const { ledger, memory, tiers, admission, jobs } = this.#parts;
    const job = jobNumber(jobs, options.job);
    const { packed, broughtBytes } = memory.pack(input);
    const need = needKib(options.needBytes, tiers, ledger.limitKib * KiB, broughtBytes);
    if (packed.tooDeep) {
      memory.refuse(packed);
      throw tooDeep();
    }
    this.#last = (this.#last % 0x7fffffff) + 1;
    const task = memory.load(this.#last, job, packed);
    return new Promise((resolve, reject) => {
      const light =
        need === 0 && task.crates.length === 0 && !packed.doubtful && options.onProgress === undefined;
      const accepted = { needKib: need, light, acceptedMs: admission.nowMs, resolve, reject };
      const entry = newEntry(task, options, accepted);
      const { signal } = options;
      if (signal !== undefined) listen(entry, signal, () => this.#cancel(entry, signal.reason));
      if (this.#queue.size === 0) this.#filledMs = entry.acceptedMs;
      this.#queue.add(entry);
      this.#parts.accepted();
      this.pump();
      // What left is detached; what waits must not be written to any more.
      if (this.#queue.has(entry)) entry.task = memory.detachViews(entry.task);
    });
  }

  /** Gives queued tasks to free workers, as far as memory admits the one that has waited longest. */
  pump(): void {
    const { workers, threads } = this.#parts;
    for (let member = workers.idle(); member !== undefined; member = workers.idle()) {
      const first = this.#nextAdmitted();
      if (first === undefined) return;
      const entries = [first];
      // No worker gets more than its share of what waits.
      const share = Math.ceil((this.#queue.size + 1) / threads);
      let most = Math.min(share, this.#running.most(first));
      for (const next of this.#queue) {
        most = Math.min(most, this.#running.most(next));
        if (entries.length >= most) break;
        this.#queue.delete(next);
        entries.push(next);
      }
      this.#restore(this.#running.start(entries, member));
      this.#checkIdle();
    }
  }

  /** What came of the next tasks that a worker was given. */
  ended(member: Member, results: readonly TaskResult[]): void {
    this.#running.ended(member, results);
    this.#goOn();
  }

  /** What came of the next task of a worker cannot be read. */
  unreadable(member: Member, error: Error): void {
    this.#running.unreadable(member, error);
    this.#goOn();
  }

  /** A worker cannot read what it was given. */
  unread(member: Member): void {
    this.#running.unread(member);
    this.#goOn();
  }

  /** Of what a worker was given nothing more will come. */
  lost(member: Member, error: Error): void {
    this.#restore(this.#running.lost(member, error));
    this.#goOn();
  }

  #goOn(): void {
    this.pump();
    this.#checkIdle();
  }

  /** The task that is to start now, taken out of the queue; none where memory admits none. */
  #nextAdmitted(): Entry | undefined {
    const { admission, coordinator } = this.#parts;
    for (const entry of this.#queue) {
      if (admission.admits(entry.needKib)) {
        this.#queue.delete(entry);
        return entry;
      }
      if (admission.clearable(entry.needKib)) coordinator.makeRoom();
      const error = admission.refusal(entry.acceptedMs, entry.needKib, entry.name);
      if (error === null) return undefined;
      this.#queue.delete(entry);
      this.#refuse(entry, error);
      this.#checkIdle();
    }
    return undefined;
  }

  /** Puts back what did not begin, before all that came later. */
  #restore(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const later = [...this.#queue];
    this.#queue.clear();
    for (const entry of [...entries, ...later]) this.#queue.add(entry);
  }

  /** Reads the shared progress of running tasks whose callers want it. */
  reportProgress(): void {
    for (const entry of this.#running.all) {
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
    for (const entry of [...this.#queue, ...this.#running.all]) this.#cancel(entry, reason(entry.name));
  }

  /** Tasks that have not come to their end in their workers, though their callers may have been answered. */
  running(): { readonly member: Member; readonly name: string; readonly startedMs: number }[] {
    return [...this.#running.all].map(({ member, name, startedMs }) => {
      return { member: member as Member, name, startedMs: startedMs as number };
    });
  }

  /** What a task is called, or was, if it is one of the last that ended. */
  nameOf(task: number): string {
    return this.#endings.names.of(task);
  }

  /** Resolves when nothing is queued or running. */
  async settled(): Promise<void> {
    if (!this.quiet) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Answers the caller with `reason` at once, and lets the job know. */
  #cancel(entry: Entry, reason: unknown): void {
    if (entry.answered) return;
    this.#endings.counts.cancelled++;
    if (this.#queue.delete(entry)) {
      this.#parts.memory.bringHome(entry.task);
      this.#endings.end(entry, 'cancelled');
    } else if (entry.member !== null && entry.member.row >= 0) {
      // This also wakes a job that waits for memory.
      this.#parts.coordinator.cancel(entry.member.row, entry.task.task);
    }
    this.#endings.answer(entry, () => entry.reject(reason));
    this.#checkIdle();
  }

  /** Ends a task that never started. */
  #refuse(entry: Entry, error: MillpondError): void {
    this.#parts.memory.bringHome(entry.task);
    this.#endings.fail(entry, 'failed', error);
  }

  #checkIdle(): void {
    if (!this.quiet) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
