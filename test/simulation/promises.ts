/**
 * What must be true after every step of a simulated runtime. Owned by its world. Numbers are those of the
 * promises in ARCHITECTURE.md.
 */
import type { Coordinator } from '../../src/coordinator/coordinator.ts';
import { isMillpondError } from '../../src/errors.ts';
import type { Task } from '../../src/messages/tasks.ts';
import type { Lease } from '../../src/pool/lease.ts';
import type { MemoryBook } from './memory-book.ts';
import type { Thread } from './scheduler.ts';

/** A lease is tried again until so many others have ended. */
const REMEMBERED = 8;
/** Values of a task. */
export const MOST_UNREAD = 2;

export class Promises {
  readonly #book: MemoryBook;
  readonly #limitKib: number;
  readonly #chargedKib: () => number;
  /** Numbers of buffers that the main thread put in its queue. */
  readonly #waiting = new Set<number>();
  readonly #ended: { lease: Lease; code: string }[] = [];
  /** Numbers of tasks: that have begun, that the main thread cancels, and that it has cancelled. */
  readonly #begun = new Set<number>();
  readonly #cancelling = new Set<number>();
  /** Names of tasks that came back from a thread that ended. */
  readonly #back = new Set<string>();
  /** With when it was first told of. */
  readonly #cancelled = new Map<number, number>();
  /** By the name of the task: how many values it emitted, and how many were read. */
  readonly #values = new Map<string, { emitted: number; read: number }>();
  #endings = 0;
  #tried = 0;
  #looks = 0;

  constructor(book: MemoryBook, limitKib: number, chargedKib: () => number) {
    this.#book = book;
    this.#limitKib = limitKib;
    this.#chargedKib = chargedKib;
  }

  /** A thread made an atomic step. */
  step(by: Thread): void {
    this.#lookAround(by, false);
    this.#compare();
  }

  /** A thread has had its turn. */
  turn(by: Thread): void {
    this.#lookAround(by, !by.busy && by.call === null);
    this.#compare();
    this.#tryEnded();
  }

  /** A task begins, for the first time. */
  begins(task: number): void {
    if (this.#begun.has(task)) throw new Error(`tasks: ${task} ran twice`);
    this.#begun.add(task);
  }

  /** A thread ends that never began these, and has the last word: they are not lost with it. */
  givesBack(tasks: readonly Task[]): void {
    for (const { input } of tasks) this.#back.add((input as { name: string }).name);
  }

  /** A task was given to a thread, perhaps once more. */
  leaves(name: string): void {
    this.#back.delete(name);
  }

  /** A task was lost. @returns what is wrong with that */
  lost(name: string): Error | null {
    return this.#back.has(name) ? new Error(`tasks: ${name} was lost, which its thread gave back`) : null;
  }

  /** From now on it is known which tasks are cancelled. */
  watchCancels(coordinator: Pick<Coordinator, 'cancel'>, now: () => number): void {
    const { cancel } = coordinator;
    coordinator.cancel = (row, task) => {
      const atNs = now();
      this.#cancelling.add(task);
      cancel.call(coordinator, row, task);
      if (!this.#cancelled.has(task)) this.#cancelled.set(task, atNs);
    };
  }

  /** A task is parted from its thread: it was told to stop long enough ago. */
  stops(task: number, toldBy: number): void {
    const told = this.#cancelled.get(task);
    if (told === undefined) throw new Error(`stop: task ${task} was not told to stop`);
    // Milliseconds have been divided.
    if (told > toldBy + 1) throw new Error(`stop: task ${task} had no time to stop`);
  }

  /** A task has emitted a value: no more than so many may be unread. */
  emits(name: string): void {
    const values = this.values(name);
    values.emitted++;
    const unread = values.emitted - values.read;
    if (unread > MOST_UNREAD) throw new Error(`emit: ${unread} values of ${name} are unread`);
  }

  /** A task sleeps until a value is read: there is no room, and it was not cancelled. */
  sleeps(task: number, name: string): void {
    const { emitted, read } = this.values(name);
    if (emitted - read < MOST_UNREAD) throw new Error(`emit: ${name} sleeps, though there is room`);
    if (this.#cancelled.has(task)) throw new Error(`emit: ${name} sleeps, though it was cancelled`);
  }

  values(name: string): { emitted: number; read: number } {
    const values = this.#values.get(name) ?? { emitted: 0, read: 0 };
    this.#values.set(name, values);
    return values;
  }

  /** What a job hears of its own cancel is so, and up to date. */
  cancels(task: number, hear: () => boolean): void {
    const due = this.#cancelled.has(task);
    const heard = hear();
    if (due && !heard) throw new Error(`cancel: task ${task} was cancelled and does not know`);
    if (heard && !this.#cancelling.has(task)) throw new Error(`cancel: task ${task} was not cancelled`);
  }

  #compare(): void {
    const charged = this.#chargedKib();
    const { liveKib } = this.#book;
    const limit = this.#limitKib;
    if (liveKib > limit) throw new Error(`promise 1: ${liveKib} KiB are live, ${limit} are allowed`);
    if (charged < liveKib) throw new Error(`promise 1: ${liveKib} KiB are live, ${charged} are charged`);
  }

  /** The main thread put a buffer where its shard does not see it. */
  waits(buffer: ArrayBufferLike): void {
    this.#waiting.add(this.#book.idOf(buffer));
  }

  /** It did not, after all. */
  waitsNot(buffer: ArrayBufferLike): void {
    this.#waiting.delete(this.#book.idOf(buffer));
  }

  /** A lease is over; using it is an error with this code from now on. */
  ended(lease: Lease, code: 'ERR_LEASE_RELEASED' | 'ERR_LEASE_MOVED'): void {
    this.#ended[this.#endings++ % REMEMBERED] = { lease, code };
  }

  /** Every buffer of a thread is in one place; between two turns, every one that is in its heap is in one. */
  #lookAround({ name, shard, dead }: Thread, atRest: boolean): void {
    if (dead || shard === null) return;
    const look = ++this.#looks;
    let found = 0;
    shard.leases.some(({ buffer }) => {
      const entry = this.#book.find(buffer);
      if (entry === undefined) throw new Error(`promise 2: freed memory is kept in ${name}`);
      if (entry.holder !== name)
        throw new Error(`promise 2: buffer ${entry.id} is in ${name} and in ${entry.holder}`);
      if (entry.seen === look) throw new Error(`promise 2: buffer ${entry.id} is twice in ${name}`);
      entry.seen = look;
      found++;
      return false;
    });
    if (!atRest || found === this.#book.heldBy(name)) return;
    for (const { id, holder, seen } of this.#book.live.values()) {
      if (holder === name && seen !== look && !(name === 'main' && this.#waiting.has(id)))
        throw new Error(`promise 2: buffer ${id} is nowhere in ${name}`);
    }
  }

  #tryEnded(): void {
    if (this.#ended.length === 0) return;
    const { lease, code } = this.#ended[this.#tried++ % this.#ended.length];
    const codes = [codeOf(() => lease.release()), codeOf(() => lease.bytes)];
    if (codes.some((got) => got !== code))
      throw new Error(`promise 4: ${code} was due, misuse ended with ${codes}`);
  }
}

/** Undefined when there was no error. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (isMillpondError(error)) return error.code;
    throw error;
  }
}
