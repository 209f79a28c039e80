/**
 * Tasks from when they are given to a worker until their memory is accounted for. Owned by `Tasks`, on the
 * main thread.
 * Invariant: what a worker was given it answers in that order, and it is given nothing more until all is
 * answered; a task that never began survives its worker, unless what it brought is gone with that.
 */
import type { Ledger } from '../budget/ledger.ts';
import { errorFrom } from '../messages/error-record.ts';
import { type Task, type TaskResult, taskBuffers } from '../messages/tasks.ts';
import type { Admission } from '../regulation/admission.ts';
import { type Log, leakEvent } from '../telemetry/log.ts';
import { Durations } from './durations.ts';
import type { Entry } from './entry.ts';
import { type NamedJob, nameAmong } from './jobs.ts';
import type { Member } from './member.ts';
import type { TaskEndings } from './task-endings.ts';
import {
  leftPin,
  lostUnbegun,
  notCloneable,
  taskTimeout,
  unreadable,
  unreadableInput,
  workerLost,
} from './task-errors.ts';
import type { TaskMemory } from './task-memory.ts';
import type { WorkerPool } from './worker-pool.ts';

interface RunningParts {
  readonly ledger: Ledger;
  readonly memory: TaskMemory;
  readonly workers: Pick<WorkerPool, 'post' | 'done'>;
  readonly admission: Admission;
  readonly jobs: readonly NamedJob[];
  readonly log: Log;
  readonly endings: TaskEndings;
  /** Answers the caller of a task that runs, and lets its job know. */
  cancel(entry: Entry, error: Error): void;
}

/** A task in a thread, as people are told of it. */
export interface RunningTask {
  readonly member: Member;
  readonly name: string;
  /** Undefined where the runtime has one. */
  readonly job: string | undefined;
  readonly startedMs: number;
}

export class RunningTasks {
  readonly #parts: RunningParts;
  /** In the order in which they were posted. */
  readonly #running = new Set<Entry>();
  /** What each worker was given and has not answered, in that order. */
  readonly #given = new Map<Member, Entry[]>();
  readonly #durations = new Durations();
  /** When a task was last posted. */
  lastMs = 0;

  constructor(parts: RunningParts) {
    this.#parts = parts;
  }

  get all(): ReadonlySet<Entry> {
    return this.#running;
  }

  get named(): RunningTask[] {
    return Array.from(this.#running, (entry) => {
      const { member, name, startedMs } = entry;
      return { member: member as Member, name, job: this.#jobOf(entry), startedMs: startedMs as number };
    });
  }

  /** How many tasks like this one a message may have. */
  most({ light, task }: Entry): number {
    return light && !this.#parts.admission.held ? this.#durations.most(task.job) : 1;
  }

  /** Posts tasks to a worker that has none, and keeps the list. Returns those that are to be posted again. */
  start(entries: Entry[], member: Member): readonly Entry[] {
    const { ledger, memory, workers, admission } = this.#parts;
    const [first] = entries;
    const row = ledger.row(member.row);
    row.progressThousandths = 0;
    row.declared = first.needKib > 0;
    row.expectValues(first.reader?.mostUnread ?? 0);
    const waiting = entries.map((entry) => entry.task);
    const tasks = memory.dispatch(member.row, waiting);
    first.task = tasks[0];
    try {
      if (!workers.post(member, tasks, tasks.flatMap(taskBuffers))) return this.#recall(entries, member);
    } catch (error) {
      return this.#unposted(entries, member, error);
    }
    const startedMs = admission.nowMs;
    for (const entry of entries) {
      entry.member = member;
      entry.startedMs = startedMs;
      this.#running.add(entry);
    }
    this.lastMs = startedMs;
    member.task = first.name;
    member.job = this.#jobOf(first);
    this.#given.set(member, entries);
    admission.enter(member.row, first.needKib);
    return [];
  }

  /** Nothing has left. */
  #recall(entries: readonly Entry[], member: Member): readonly Entry[] {
    for (const entry of entries) entry.task = this.#parts.memory.recall(member.row, entry.task);
    return entries;
  }

  /** Nothing has left, since something cannot be sent. */
  #unposted(entries: readonly Entry[], member: Member, error: unknown): readonly Entry[] {
    const { memory, endings } = this.#parts;
    const [first] = entries;
    const { gifts } = first.task;
    this.#recall(entries, member);
    // Each by itself: then it is known which one it was.
    for (const entry of entries) entry.light = false;
    // It may have been a gift that could not be sent; those that can are idle here now.
    if (entries.length > 1 || gifts.length > 0) return entries;
    memory.bringHome(first.task);
    endings.fail(first, 'failed', notCloneable(error));
    return [];
  }

  /** What came of the next tasks that a worker was given. */
  ended(member: Member, results: readonly TaskResult[]): void {
    if (results[0].more) {
      this.#emitted(member, results[0]);
      return;
    }
    member.worked = true;
    const { nowMs } = this.#parts.admission;
    const [first] = this.#given.get(member) ?? [];
    // Each took its share of the time, as far as can be seen from here.
    const shareMs = first === undefined ? 0 : (nowMs - (first.startedMs as number)) / results.length;
    for (const result of results) {
      const entry = this.#next(member);
      if (entry?.task.task !== result.task) throw new Error('a result came out of turn');
      entry.startedMs = nowMs - shareMs;
      this.#finish(entry, member, result);
    }
    for (const entry of this.#given.get(member) ?? []) entry.startedMs = nowMs;
  }

  /** The task that a worker runs gives a value before its end. */
  #emitted(member: Member, result: TaskResult): void {
    const { memory } = this.#parts;
    const [entry] = this.#given.get(member) ?? [];
    if (entry?.task.task !== result.task) throw new Error('a value came out of turn');
    entry.values++;
    const arrival = memory.arrive(member.row, result);
    if (entry.answered || entry.reader === undefined) memory.keep(arrival);
    else entry.reader.take(memory.deliver(arrival), () => this.#read(entry));
  }

  /** Its job may emit one more, unless it is over. */
  #read(entry: Entry): void {
    if (!this.#running.has(entry)) return;
    const { ledger } = this.#parts;
    ledger.row((entry.member as Member).row).countRead();
    ledger.wake();
  }

  /** What came of the next task cannot be read; its loans are settled when the thread is gone. */
  unreadable(member: Member, error: Error): void {
    const [first] = this.#given.get(member) ?? [];
    // A value is counted before it is posted: so it was one of those, and its task goes on.
    if (first?.reader !== undefined && this.#parts.ledger.row(member.row).valuesEmitted > first.values) {
      first.values++;
      this.#parts.cancel(first, unreadable(first.name, error));
      return;
    }
    member.worked = true;
    const entry = this.#next(member);
    if (entry !== undefined) this.#parts.endings.fail(entry, 'failed', unreadable(entry.name, error));
  }

  /** A worker cannot read what it was given; what that brought is settled when the thread is gone. */
  unread(member: Member): void {
    for (let entry = this.#next(member); entry !== undefined; entry = this.#next(member)) {
      this.#parts.endings.fail(entry, 'failed', unreadableInput(entry.name));
    }
  }

  /** The last word of a worker: what it never began, with what that brought. */
  unbegun(member: Member, tasks: readonly Task[]): void {
    const given = this.#given.get(member) ?? [];
    for (const task of tasks) {
      const entry = given.find((entry) => entry.task.task === task.task);
      if (entry === undefined) throw new Error('a task came back that was not given');
      entry.task = this.#parts.memory.recall(member.row, task);
      entry.back = true;
    }
  }

  /**
   * Of what a worker was given nothing more will come. Returns what never began, to be posted again, unless
   * what it brought did not come back: that is the thread's until it is gone, and `Coordinator.bury` settles
   * it.
   */
  lost(member: Member, error: Error): readonly Entry[] {
    const given = this.#given.get(member);
    if (given === undefined) return [];
    const { ledger, memory, endings } = this.#parts;
    const begun = ledger.row(member.row).begunTask;
    const ran = given.findIndex(({ task }) => task.task === begun);
    if (ran >= 0) {
      member.worked = true;
      member.task = given[ran].name;
      member.job = this.#jobOf(given[ran]);
      this.#durations.died(given[ran].task.job);
    }
    const again: Entry[] = [];
    for (const [at, entry] of [...given].entries()) {
      this.#next(member);
      const untouched = entry.task.crates.length === 0 || entry.back;
      if (at > ran && untouched && entry.limit === 'kept' && !entry.answered) {
        entry.task = { ...entry.task, gifts: [] };
        entry.back = false;
        entry.member = null;
        entry.startedMs = null;
        again.push(entry);
        continue;
      }
      if (entry.back) memory.bringHome(entry.task);
      if (entry.limit !== 'kept') endings.fail(entry, 'failed', timedOut(entry));
      else endings.fail(entry, 'lost', (at > ran ? lostUnbegun : workerLost)(entry.name, member, error));
    }
    return again;
  }

  /** Takes the next task that a worker has answered; after the last the worker is free. */
  #next(member: Member): Entry | undefined {
    const given = this.#given.get(member);
    const entry = given?.shift();
    if (given === undefined || entry === undefined) return undefined;
    const { admission, ledger, workers, endings } = this.#parts;
    this.#running.delete(entry);
    endings.names.remember(entry.task.task, entry.name, this.#jobOf(entry));
    this.#durations.took(entry.task.job, ledger.row(member.row).longestTaskNs);
    if (given.length === 0) {
      this.#given.delete(member);
      admission.leave(member.row);
      workers.done(member);
    }
    return entry;
  }

  /** Undefined where the runtime has one. */
  #jobOf({ task }: Entry): string | undefined {
    return nameAmong(this.#parts.jobs, task.job);
  }

  #finish(entry: Entry, member: Member, result: TaskResult): void {
    const { memory, log, endings } = this.#parts;
    const arrival = memory.arrive(member.row, result);
    const { error, leaks } = arrival.result;
    if (leaks !== undefined) log.write(leakEvent(entry.name, leaks, this.#jobOf(entry)));
    if (entry.answered) {
      endings.end(entry, 'cancelled');
      memory.keep(arrival);
    } else if (entry.limit !== 'kept') {
      memory.keep(arrival);
      endings.fail(entry, 'failed', timedOut(entry, error && errorFrom(error)));
    } else if (error !== undefined) {
      endings.fail(entry, 'failed', errorFrom(error));
    } else if ((result.pinned ?? 0) > 0) {
      memory.keep(arrival);
      endings.fail(entry, 'failed', leftPin(entry.name, result.pinned as number));
    } else {
      endings.end(entry, 'succeeded');
      const value = memory.deliver(arrival);
      endings.answer(entry, () => entry.resolve(value));
    }
  }
}

function timedOut({ name, timeoutMs }: Entry, cause?: Error): Error {
  return taskTimeout(name, timeoutMs as number, cause);
}
