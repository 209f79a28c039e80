/**
 * Every task of an isolated runner from when it is accepted until it is answered and no process has it.
 *
 * Owns the queue, and the input of each task, which it keeps for another try; on the supervisor's thread.
 * Invariant: an accepted task is answered once; it waits in the queue, waits to be alone, or is given to one
 * process. Leaves to others: which processes there are (`Processes`), and what becomes of what they were
 * given (`GivenTasks`).
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { MillpondError } from '../errors.ts';
import { pack } from '../messages/cargo.ts';
import { needKib } from '../regulation/admission.ts';
import { Entrance } from '../runtime/entrance.ts';
import { type Entry, listen, newEntry } from '../runtime/entry.ts';
import { jobNumber, type NamedJob } from '../runtime/jobs.ts';
import { Queue } from '../runtime/queue.ts';
import type { RunOptions } from '../runtime/runner.ts';
import { TaskEndings } from '../runtime/task-endings.ts';
import { closedOver, tooDeep } from '../runtime/task-errors.ts';
import { TenantCounts } from '../runtime/tenant-counts.ts';
import type { QueueSnapshot } from '../telemetry/queue-snapshot.ts';
import type { JobCounts, TaskCounts, TaskOutcome } from '../telemetry/task-end.ts';
import { nowMs } from '../timers.ts';
import { GivenTasks } from './given-tasks.ts';
import type { Held } from './held-task.ts';
import type { EndedTask } from './messages.ts';
import type { IsolatedSettings } from './options.ts';
import type { OwnMemory } from './own-memory.ts';
import { drop, send } from './parcels.ts';
import type { Processes } from './processes.ts';
import type { ProcessEnd, RuntimeProcess } from './runtime-process.ts';

interface TasksParts {
  readonly settings: IsolatedSettings;
  readonly memory: OwnMemory;
  readonly processes: Processes;
  /** A task was accepted, or the last one has ended. */
  changed(): void;
}

export class IsolatedTasks {
  readonly #parts: TasksParts;
  readonly #jobs: readonly NamedJob[];
  readonly #held = new Map<number, Held>();
  readonly #queue: Queue<Entry>;
  readonly #counts: TenantCounts;
  readonly #endings: TaskEndings;
  readonly given: GivenTasks;
  readonly entrance: Entrance<Entry>;
  #last = 0;
  #broken: MillpondError | null = null;
  #idle: (() => void)[] = [];

  constructor(parts: TasksParts) {
    this.#parts = parts;
    const { settings, processes, memory } = parts;
    const { queue: rules, jobs } = settings.settings;
    this.#jobs = jobs;
    this.#queue = new Queue(rules);
    this.#counts = new TenantCounts(rules);
    this.#endings = new TaskEndings(this.#queue, jobs.length, [this.#counts], nowMs);
    this.given = new GivenTasks({
      settings,
      memory,
      endings: {
        succeed: (held, value) => this.#succeed(held, value),
        fail: (held, error, outcome) => this.#fail(held, error, outcome),
      },
      held: (task) => this.#held.get(task),
      wait: ({ entry }) => this.#queue.restore(entry),
    });
    this.entrance = new Entrance({
      queue: this.#queue,
      threads: settings.threads,
      able: () => this.#broken === null && processes.working.size > 0,
      free: () => [...processes.working].some((process) => this.given.takes(process)),
      refused: (tenant, why) => this.#counts.refused(tenant, why),
      awaited: parts.changed,
    });
  }

  get counts(): TaskCounts {
    const running = this.#held.size - this.#queue.size;
    return { queued: this.#queue.size, running, ...this.#endings.counts.ended };
  }

  /** In the order of the jobs. */
  get byJob(): JobCounts[] {
    const running = [...this.#held.values()].flatMap(({ entry }) => (entry.at < 0 ? [entry] : []));
    const counts = this.#endings.counts.with(running);
    return this.#jobs.map(({ name }, job) => [name, counts[job]]);
  }

  get queue(): QueueSnapshot {
    return this.#counts.snapshot(this.#queue);
  }

  get quiet(): boolean {
    return this.#held.size === 0;
  }

  /** Accepts a task. Throws where its input cannot be sent; then its leases end, but for `ERR_QUEUE_FULL`. */
  accept(input: unknown, options: RunOptions): Promise<unknown> {
    if (this.#broken !== null) throw this.#broken;
    options.signal?.throwIfAborted();
    const { memory, settings } = this.#parts;
    const { tenant = '', priority: _priority, signal, onProgress: _progress, ...given } = options;
    const { tiers, budgetBytes } = settings.settings.pool;
    const job = jobNumber(this.#jobs, options.job);
    this.entrance.check({ tenant, needKib: 0, broughtKib: 0 });
    const packed = pack(input, memory.shard);
    const broughtBytes: Bytes = packed.leases.reduce((sum, { capacity }) => sum + capacity, 0);
    const broughtKib = broughtBytes / KiB;
    const need = needKib(options.needBytes, tiers, budgetBytes, broughtBytes);
    this.entrance.check({ tenant, needKib: need, broughtKib });
    const cargo = send(packed, memory.shard);
    if (packed.tooDeep) throw tooDeep();
    this.#last = (this.#last % 0x7fffffff) + 1;
    const number = this.#last;
    return new Promise((resolve, reject) => {
      const task = { task: number, job, input: undefined, crates: [], places: [], gifts: [] };
      const accepted = { needKib: need, broughtKib, light: false, acceptedMs: nowMs(), reader: undefined };
      const entry = newEntry(task, options, { ...accepted, resolve, reject });
      const named = { ...given, name: entry.name, job: this.#jobs[job].name };
      const held: Held = { entry, cargo, options: named, process: null };
      if (signal !== undefined) listen(entry, signal, () => this.#cancel(held, signal.reason));
      this.#held.set(number, held);
      this.#queue.add(entry);
      this.#endings.counts.accepted(job);
      this.#parts.changed();
      this.pump();
    });
  }

  /** Gives tasks to processes that take some. */
  pump(): void {
    const { working } = this.#parts.processes;
    this.given.tryAlone(working);
    for (;;) {
      // The one that has least, so that none has tasks waiting while another has a free thread.
      let least: RuntimeProcess | null = null;
      for (const process of working) {
        const fewer = least === null || process.given.size < least.given.size;
        if (fewer && this.given.takes(process)) least = process;
      }
      if (least === null || !this.#giveNext(least)) break;
    }
    this.entrance.look();
  }

  #giveNext(process: RuntimeProcess): boolean {
    const now = nowMs();
    const entry = this.#queue.first(now);
    if (entry === null) return false;
    this.#queue.take(entry, now);
    this.given.give(this.#held.get(entry.task.task) as Held, process);
    return true;
  }

  progressed(task: number, fraction: number): void {
    const held = this.#held.get(task);
    if (held === undefined || held.entry.answered) return;
    try {
      held.entry.onProgress?.(fraction);
    } catch (error) {
      this.#cancel(held, error);
    }
  }

  async ended(process: RuntimeProcess, ended: EndedTask): Promise<void> {
    await this.given.ended(process, ended);
    this.pump();
  }

  died(process: RuntimeProcess, end: ProcessEnd): void {
    this.given.died(process, end);
    this.pump();
  }

  /** No process can be had any more. */
  break(error: MillpondError): void {
    this.#broken ??= error;
    this.entrance.end(error);
    for (const held of this.#held.values()) if (held.process === null) this.#fail(held, error);
  }

  /** Cancels whatever waits or runs, with an error for its name. */
  stop(spanMs: number): void {
    for (const held of this.#held.values()) this.#cancel(held, closedOver(held.entry.name, spanMs));
  }

  /** Resolves when no task is left. */
  async settled(): Promise<void> {
    if (!this.quiet) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #cancel(held: Held, reason: unknown): void {
    const { entry, process } = held;
    if (entry.answered) return;
    this.#endings.counts.cancelled(entry.task.job);
    this.#endings.answer(entry, () => entry.reject(reason));
    if (process !== null) process.cancel(entry.task.task);
    else this.#over(held, 'cancelled');
  }

  #succeed(held: Held, value: unknown): void {
    const { entry } = held;
    this.#over(held, 'succeeded');
    this.#endings.answer(entry, () => entry.resolve(value));
  }

  #fail(held: Held, error: unknown, outcome: TaskOutcome = 'failed'): void {
    const { entry } = held;
    this.#over(held, outcome);
    this.#endings.answer(entry, () => entry.reject(error));
  }

  /** No process has it, and none will. */
  #over(held: Held, outcome: TaskOutcome): void {
    const { entry, cargo } = held;
    this.#held.delete(entry.task.task);
    this.#queue.remove(entry);
    this.given.forget(held);
    drop(cargo.parcels);
    this.#endings.end(entry, entry.answered ? 'cancelled' : outcome);
    this.entrance.look();
    if (!this.quiet) return;
    this.#parts.changed();
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
