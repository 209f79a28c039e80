/**
 * Every task from the moment it is accepted until its memory is accounted for.
 *
 * Owns the queue and the running tasks; main thread only. A task waits here, and is posted when a worker is
 * free; short ones share a message. Invariant: an accepted task is answered once, and is in the queue, or
 * running, or over. Leaves to others: its memory (`TaskMemory`), whether it may come in and start
 * (`WaitingTasks`), what becomes of it in its worker (`RunningTasks`).
 */
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import type { MillpondError } from '../errors.ts';
import type { Task, TaskResult } from '../messages/tasks.ts';
import type { Admission } from '../regulation/admission.ts';
import type { Log } from '../telemetry/log.ts';
import type { JobCounts, TaskCounts, TaskObserver } from '../telemetry/task-end.ts';
import {
  type Entry,
  listen,
  newEntry,
  type Standing,
  standing,
  tellProgress,
  type ValueReader,
} from './entry.ts';
import { jobNumber, type NamedJob } from './jobs.ts';
import type { Member } from './member.ts';
import type { Queue } from './queue.ts';
import type { RunOptions } from './runner.ts';
import { type RunningTask, RunningTasks } from './running-tasks.ts';
import { TaskEndings } from './task-endings.ts';
import { tooDeep } from './task-errors.ts';
import type { TaskMemory } from './task-memory.ts';
import { TimeLimits } from './time-limits.ts';
import type { WaitingTasks } from './waiting-tasks.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What tasks need of the workers. */
export type TaskWorkers = Pick<WorkerPool, 'able' | 'idle' | 'spare' | 'post' | 'done' | 'want' | 'stop'>;

interface TasksParts {
  readonly ledger: Ledger;
  readonly coordinator: Pick<Coordinator, 'cancel'>;
  readonly memory: TaskMemory;
  readonly workers: TaskWorkers;
  readonly admission: Admission;
  readonly waiting: WaitingTasks;
  /** Worker threads. */
  readonly threads: number;
  /** Milliseconds that a job has to stop in, once its time is over. */
  readonly stopMs: number;
  readonly jobs: readonly NamedJob[];
  readonly log: Log;
  readonly observers: readonly TaskObserver[];
  accepted(): void;
}

export class Tasks {
  readonly #parts: TasksParts;
  readonly #queue: Queue<Entry>;
  readonly #running: RunningTasks;
  readonly #endings: TaskEndings;
  readonly #limits: TimeLimits;
  #last = 0;
  /** When a task was last accepted into an empty queue. */
  #filledMs = 0;
  #broken: MillpondError | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: TasksParts) {
    this.#parts = parts;
    const { jobs, observers, admission } = parts;
    this.#queue = parts.waiting.queue;
    const all = [...observers, parts.waiting.counts];
    this.#endings = new TaskEndings(this.#queue, jobs.length, all, () => admission.nowMs);
    const cancel = (entry: Entry, error: Error): void => this.#cancel(entry, error);
    this.#running = new RunningTasks({ ...parts, endings: this.#endings, cancel });
    this.#limits = new TimeLimits({ ...parts, stuck: cancel });
  }

  /** What stands still, at this time of the ports' clock. */
  standing(nowMs: number): Standing {
    const movedMs = Math.max(this.#filledMs, this.#running.lastMs, this.#endings.lastMs);
    return standing(this.#queue, this.#running.all, movedMs, nowMs);
  }

  get counts(): TaskCounts {
    return { queued: this.#queue.size, running: this.#running.all.size, ...this.#endings.counts.ended };
  }

  /** In the order of the runtime's jobs. */
  get byJob(): JobCounts[] {
    const counts = this.#endings.counts.with(this.#running.all);
    return this.#parts.jobs.map(({ name }, job) => [name, counts[job]]);
  }

  /** No worker can be had: whatever comes is refused. */
  get broken(): boolean {
    return this.#broken !== null;
  }

  /** True when nothing is queued or running. */
  get quiet(): boolean {
    return this.#queue.size === 0 && this.#running.all.size === 0;
  }

  /**
   * Accepts a task. Throws, and takes nothing, when the input holds what cannot be moved.
   * @param number its own, of a caller who numbers all tasks: 1 to 2^31 - 1, and of no other that is not over
   */
  accept(input: unknown, options: RunOptions, reader?: ValueReader, number?: number): Promise<unknown> {
    if (this.#broken !== null) throw this.#broken;
    options.signal?.throwIfAborted();
    const { memory, admission, jobs, waiting } = this.#parts;
    const { tenant = '' } = options;
    const job = jobNumber(jobs, options.job);
    waiting.entrance.check({ tenant, needKib: 0, broughtKib: 0 });
    const { packed, broughtBytes } = memory.pack(input);
    const broughtKib = broughtBytes / KiB;
    const need = waiting.needKib(options, broughtBytes);
    waiting.entrance.check({ tenant, needKib: need, broughtKib });
    if (packed.tooDeep) {
      memory.refuse(packed);
      throw tooDeep();
    }
    this.#last = number ?? (this.#last % 0x7fffffff) + 1;
    const task = memory.load(this.#last, job, packed);
    return new Promise((resolve, reject) => {
      const reports = options.onProgress !== undefined || options.timeoutMs !== undefined;
      const light = need === 0 && !packed.doubtful && !reports && !reader;
      const acceptedMs = admission.nowMs;
      const accepted = { needKib: need, broughtKib, light, acceptedMs, reader, resolve, reject };
      const entry = newEntry(task, options, accepted);
      const { signal } = options;
      if (signal !== undefined) listen(entry, signal, () => this.#cancel(entry, signal.reason));
      if (this.#queue.size === 0) this.#filledMs = entry.acceptedMs;
      this.#queue.add(entry);
      this.#endings.counts.accepted(job);
      this.#parts.accepted();
      this.pump();
      // What left is detached; what waits must not be written to any more.
      if (entry.at >= 0) entry.task = memory.detachViews(entry.task);
    });
  }

  /** Gives queued tasks to free workers, as far as memory admits the one whose turn it is. */
  pump(): void {
    const { workers, waiting } = this.#parts;
    for (let member = workers.idle(); member !== undefined; member = workers.idle()) {
      const first = waiting.next((refused, error) => this.#refuse(refused, error));
      if (first === null) break;
      this.#restore(this.#running.start(this.#withSharers(first, member), member));
      this.#checkIdle();
    }
    if (this.#queue.size > 0 && workers.idle() === undefined) workers.want(this.#queue.size);
    waiting.entrance.look();
  }

  /** A task, and those behind it that may share its message. */
  #withSharers(first: Entry, { tasksLeft }: Member): Entry[] {
    const { threads, waiting } = this.#parts;
    const entries = [first];
    // No worker gets more than its share of what waits.
    const share = Math.ceil((this.#queue.size + 1) / threads);
    let most = Math.min(share, this.#running.most(first), tasksLeft);
    while (entries.length < most) {
      const next = waiting.nextIf((entry) => {
        most = Math.min(most, this.#running.most(entry));
        return entries.length < most;
      });
      if (next === null) break;
      entries.push(next);
    }
    return entries;
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

  /** What a worker was given and never began, with what it brought: the worker ends. */
  unbegun(member: Member, tasks: readonly Task[]): void {
    this.#running.unbegun(member, tasks);
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

  /** What did not begin is where it stood. */
  #restore(entries: readonly Entry[]): void {
    for (const entry of entries) this.#queue.restore(entry);
  }

  /** Looks how long tasks have run that may not run for ever. */
  limit(): void {
    this.#limits.look(this.#running.all, () => this.#parts.admission.nowMs);
  }

  /** Reads the shared progress of running tasks whose callers want it. */
  reportProgress(): void {
    for (const entry of this.#running.all) {
      try {
        tellProgress(entry, this.#parts.ledger);
      } catch (error) {
        this.#cancel(entry, error);
      }
    }
  }

  /** No worker can be had any more: nothing that waits will run, nor what comes, until it is mended. */
  break(error: MillpondError): void {
    this.#broken ??= error;
    this.#parts.waiting.entrance.end(error);
    for (const entry of this.#queue.all()) {
      this.#queue.remove(entry);
      this.#refuse(entry, error);
    }
  }

  /** Workers can be had again. */
  mend(): void {
    if (this.#broken === null) return;
    this.#parts.waiting.entrance.mend(this.#broken);
    this.#broken = null;
  }

  /** Cancels whatever waits or runs, with an error for its name. */
  stop(reason: (name: string) => MillpondError): void {
    for (const entry of [...this.#queue.all(), ...this.#running.all]) this.#cancel(entry, reason(entry.name));
  }

  /** Tasks that have not come to their end in their workers, though their callers may have been answered. */
  running(): RunningTask[] {
    return this.#running.named;
  }

  /** What a task and its job are called, or were, if it is one of the last that ended. */
  nameOf(task: number): ReturnType<TaskEndings['names']['of']> {
    return this.#endings.names.of(task);
  }

  /** Resolves when nothing is queued or running, but what does not stop. */
  async settled(): Promise<void> {
    if (!this.#settled) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Answers the caller with `reason` at once, and lets the job know. */
  #cancel(entry: Entry, reason: unknown): void {
    if (entry.answered) return;
    this.#endings.counts.cancelled(entry.task.job);
    if (this.#queue.remove(entry)) {
      this.#parts.memory.bringHome(entry.task);
      this.#endings.end(entry, 'cancelled');
    } else if (entry.member !== null && entry.member.row >= 0) {
      // This also wakes a job that waits for memory.
      this.#parts.coordinator.cancel(entry.member.row, entry.task.task);
    }
    this.#endings.answer(entry, () => entry.reject(reason));
    this.#parts.waiting.entrance.look();
    this.#checkIdle();
  }

  /** Ends a task that never started. */
  #refuse(entry: Entry, error: MillpondError): void {
    this.#parts.memory.bringHome(entry.task);
    this.#endings.fail(entry, 'failed', error);
    this.#checkIdle();
  }

  get #settled(): boolean {
    return this.#queue.size === 0 && [...this.#running.all].every(({ member }) => member?.lost);
  }

  #checkIdle(): void {
    if (this.#idle.length === 0 || !this.#settled) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
