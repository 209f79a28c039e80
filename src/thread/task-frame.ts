/**
 * The memory of one task in its worker: what it brought is lent to it, and everything it holds at its end
 * goes back, moves with the result or is reclaimed. Owned by the worker's thread, one task at a time.
 * Invariant: after a task's end, the shard holds no lease and no loan of the task, except what native code
 * still holds.
 */

import { MillpondError } from '../errors.ts';
import { openHere, type SpooledCrate } from '../files/spool.ts';
import { crateFor, type Packed, pack, storeFrom, unpack } from '../messages/cargo.ts';
import { type ErrorRecord, recordError } from '../messages/error-record.ts';
import { MOST_LEVELS } from '../messages/search.ts';
import type { Crate, Task, TaskResult } from '../messages/tasks.ts';
import type { Shard } from '../pool/shard.ts';

/** How a task ended, with the buffers that leave with it. */
export interface TaskEnding {
  readonly result: TaskResult;
  readonly transfer: ArrayBuffer[];
  /** It cannot share a message with others: it may turn out to be unreadable, or brings a file. */
  readonly alone: boolean;
}

/** What leaves with a result. */
interface Moving {
  readonly crates: readonly Crate[];
  readonly files: readonly SpooledCrate[];
  readonly places: Packed['places'];
}

const NOTHING: Moving = { crates: [], files: [], places: [] };

export class TaskFrame {
  readonly #shard: Shard;
  #task = 0;

  constructor(shard: Shard) {
    this.#shard = shard;
  }

  /** Starts a task and returns its input, with leases where they were. */
  begin(task: Task): unknown {
    const { leases } = this.#shard;
    leases.beginTask(task.task);
    this.#task = task.task;
    for (const { tier, buffers } of task.gifts) this.#shard.idle.attach(tier, buffers);
    const brought = task.crates.map((crate) =>
      this.#shard.attach(storeFrom(crate), crate.length, crate.asked),
    );
    return unpack(task.input, task.places, brought);
  }

  /** The job returned a value. If it cannot be sent, the task fails and what it returned goes home. */
  succeed(value: unknown): TaskEnding {
    let packed: Packed | null = null;
    let files: SpooledCrate[];
    try {
      packed = pack(value, this.#shard);
      if (packed.tooDeep) throw tooDeep('A result');
      // What cannot be cloned would kill the worker when it is posted.
      if (packed.doubtful) structuredClone(packed.value);
      // Last, since it is closed here from now on.
      files = packed.files.map((file) => file.depart());
    } catch (error) {
      for (const lease of packed?.leases ?? []) lease.release();
      return this.fail(error instanceof MillpondError ? error : notCloneable(error, 'A result'));
    }
    const moving = { crates: this.#detach(packed), files, places: packed.places };
    return this.#end(packed.value, undefined, moving, packed.doubtful);
  }

  /**
   * A value of a task that goes on, ready to leave: its leases have left the shard.
   * @throws MillpondError when it cannot be sent; its leases live on then
   */
  emit(value: unknown): Pick<TaskEnding, 'result' | 'transfer'> {
    const packed = pack(value, this.#shard);
    if (packed.tooDeep) throw tooDeep('An emitted value');
    if (packed.files.length > 0) throw notCloneable(new Error('a spooled file'), 'An emitted value');
    try {
      if (packed.doubtful) structuredClone(packed.value);
    } catch (error) {
      throw notCloneable(error, 'An emitted value');
    }
    const crates = this.#detach(packed);
    const result: TaskResult = {
      task: this.#task,
      value: packed.value,
      more: true,
      ...(crates.length > 0 && { crates, places: packed.places }),
    };
    return { result, transfer: crates.map(({ buffer }) => buffer) };
  }

  #detach({ leases }: Packed): Crate[] {
    return leases.map((lease): Crate => {
      const { length } = lease;
      const store = this.#shard.leases.detach(lease);
      return crateFor(store, length, store.loan);
    });
  }

  /** The job threw. */
  fail(error: unknown): TaskEnding {
    return this.#end(undefined, this.record(error), NOTHING, true);
  }

  /** What was thrown, as it can be sent. */
  record(thrown: unknown): ErrorRecord {
    return recordError(thrown, (value) => this.#plain(value));
  }

  /** A copy of what an error carries; leases cannot leave with it. */
  #plain(value: unknown): unknown {
    const { leases, files, tooDeep } = pack(value, this.#shard);
    if (leases.length + files.length > 0 || tooDeep) throw new Error('it cannot be sent');
    return structuredClone(value);
  }

  #end(
    value: unknown,
    error: ErrorRecord | undefined,
    { crates, files, places }: Moving,
    doubtful: boolean,
  ): TaskEnding {
    const { leaks, homebound, pinned } = this.#shard.leases.endTask();
    for (const file of openHere()) {
      leaks.push({ length: file.bytes, stack: null });
      file[Symbol.dispose]();
    }
    // Built piece by piece: a spread for each costs an empty task a tenth of its time.
    const result: Mutable<TaskResult> = { task: this.#task };
    const transfer: ArrayBuffer[] = [];
    if (value !== undefined) result.value = value;
    if (error !== undefined) result.error = error;
    if (leaks.length > 0) result.leaks = leaks;
    if (pinned > 0) result.pinned = pinned;
    if (crates.length + files.length > 0) {
      result.places = places;
      if (files.length > 0) result.files = files;
    }
    if (crates.length > 0) {
      result.crates = crates;
      for (const { buffer } of crates) transfer.push(buffer);
    }
    if (homebound.length > 0) {
      result.homebound = homebound.map((store) => crateFor(store, store.capacity, store.loan));
      for (const { buffer } of homebound) transfer.push(buffer);
    }
    return { result, transfer, alone: files.length > 0 || doubtful };
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function tooDeep(what: string): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `${what} has ${MOST_LEVELS} levels of objects within objects at most; this one has more. Return a flat list, or text of JSON.`,
  );
}

function notCloneable(cause: unknown, what: string): MillpondError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    `${what} holds what structured cloning can copy, and leases in plain objects and arrays; this one holds more: ${reason.replace(/\.$/, '')}. Return plain data.`,
  );
}
