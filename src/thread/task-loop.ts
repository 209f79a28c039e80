/**
 * Runs the tasks that come to a thread one after the other, and posts what they come to. Owned by the
 * worker's thread.
 * Invariants: what ended is posted in the order in which it ran; it waits only while other short tasks of its
 * message run, and no longer than `MOST_WAIT_NS` when the next one begins. A task that was cancelled before
 * it began is not run.
 */
import type { LedgerRow } from '../budget/row.ts';
import { type Task, type TaskResult, taskBuffers } from '../messages/tasks.ts';
import {
  type ResultsMessage,
  readTasks,
  type TasksMessage,
  writeResults,
  writeUnbegun,
} from '../messages/wire.ts';
import type { TaskEnding, TaskFrame } from './task-frame.ts';

export interface TaskLoopPorts {
  /** Runs a task to its end; never throws. */
  run(task: Task, input: unknown): TaskEnding | PromiseLike<TaskEnding>;
  /** @throws when it cannot be posted: the thread is not to go on then */
  post(message: ResultsMessage, transfer: ArrayBuffer[]): void;
  /** The task begins; not there where nobody wants to know. */
  begins?(task: number): void;
  /** The task that runs was cancelled. */
  cancelled(): void;
  /** Nanoseconds. */
  now(): number;
}

type TaskWords = Pick<LedgerRow, 'hasMail' | 'begunTask' | 'longestTaskNs'>;

/** So long may what is done lie here. */
const MOST_WAIT_NS = 500_000;

export class TaskLoop {
  readonly #ports: TaskLoopPorts;
  readonly #frame: TaskFrame;
  readonly #words: TaskWords;
  readonly #drain: () => void;
  /** Came, and have not begun. */
  #waiting: Task[] = [];
  /** Of {@link #waiting}. */
  #next = 0;
  #current = 0;
  /** Of tasks that have not ended; those may be among them that come with the next message, or are over. */
  readonly #cancelled = new Set<number>();
  /** Ended, and not posted. */
  readonly #ended: TaskResult[] = [];
  /** What leaves with these. */
  readonly #leaving: ArrayBuffer[] = [];
  /** When the first of these ended. */
  #endedNs = 0;
  #beganNs = 0;
  #longestNs = 0;

  /** @param drain takes what has been sent beside the tasks */
  constructor(ports: TaskLoopPorts, frame: TaskFrame, words: TaskWords, drain: () => void) {
    this.#ports = ports;
    this.#frame = frame;
    this.#words = words;
    this.#drain = drain;
  }

  /** The task that runs, 0 for none. */
  get current(): number {
    return this.#current;
  }

  /** It was cancelled. */
  get currentCancelled(): boolean {
    return this.#cancelled.has(this.#current);
  }

  /** Memory of other tasks of its message is here, and leaves or is free once the one that runs is over. */
  get othersHold(): boolean {
    if (this.#leaving.length > 0) return true;
    return this.#waiting.some(({ crates }, at) => at >= this.#next && crates.length > 0);
  }

  /** A message came: all tasks of the last one have ended. */
  take(message: TasksMessage): void {
    const tasks = readTasks(message);
    for (const cancelled of this.#cancelled) {
      if (!tasks.some(({ task }) => task === cancelled)) this.#cancelled.delete(cancelled);
    }
    this.#waiting = tasks;
    this.#next = 0;
    this.#longestNs = 0;
    this.#beganNs = this.#ports.now();
    this.#work();
  }

  /** A message of tasks came that cannot be read. */
  unread(): void {
    this.#ports.post('unread', []);
  }

  /**
   * The thread ends, here and now: what has ended is posted, what has not begun goes back with what it
   * brought, and nothing more is to be given to it. `unread` are messages that nobody took. To be called
   * once.
   */
  giveBack(unread: readonly TasksMessage[]): void {
    const tasks = [...this.#waiting.slice(this.#next), ...unread.flatMap(readTasks)];
    this.#waiting.length = 0;
    try {
      this.#flush();
    } catch {
      // What cannot be posted may be why the thread ends.
    }
    const brought = tasks.some(({ crates }) => crates.length > 0) ? tasks : [];
    this.#ports.post(writeUnbegun(brought), brought.flatMap(taskBuffers));
  }

  /** The caller of a task does not wait for it any more. */
  cancel(task: number): void {
    this.#cancelled.add(task);
    if (task === this.#current) this.#ports.cancelled();
  }

  #work(): void {
    while (this.#next < this.#waiting.length) {
      // What was cancelled since the message was posted is known before it begins.
      if (this.#words.hasMail) this.#drain();
      const task = this.#waiting[this.#next++];
      this.#current = task.task;
      this.#words.begunTask = task.task;
      this.#ports.begins?.(task.task);
      const input = this.#frame.begin(task);
      // What it brought goes home all the same.
      const ending = this.#cancelled.has(task.task)
        ? this.#frame.succeed(undefined)
        : this.#ports.run(task, input);
      if ('then' in ending) {
        this.#flush();
        ending.then((ending) => {
          this.#end(ending);
          this.#work();
        });
        return;
      }
      this.#end(ending);
    }
    this.#waiting.length = 0;
    this.#flush();
  }

  #end(ending: TaskEnding): void {
    this.#cancelled.delete(this.#current);
    this.#current = 0;
    const now = this.#ports.now();
    this.#longestNs = Math.max(this.#longestNs, now - this.#beganNs);
    this.#words.longestTaskNs = this.#longestNs;
    this.#beganNs = now;
    this.#keep(ending);
  }

  #keep({ result, transfer, alone }: TaskEnding): void {
    const { length } = this.#ended;
    if (alone) {
      this.#flush();
      this.#ports.post(writeResults([result]), transfer);
      return;
    }
    if (length === 0) this.#endedNs = this.#beganNs;
    this.#ended.push(result);
    for (const buffer of transfer) this.#leaving.push(buffer);
    if (length > 0 && this.#beganNs - this.#endedNs >= MOST_WAIT_NS) this.#flush();
  }

  #flush(): void {
    if (this.#ended.length === 0) return;
    this.#ports.post(writeResults(this.#ended), this.#leaving);
    this.#ended.length = 0;
    this.#leaving.length = 0;
  }
}
