/**
 * A map with its runner, source and reader, and a plain model of what must come of them. The runner is played
 * by hand, since `map` knows nothing of one but `run`; the leases are real. One world for each case.
 */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'vitest';
import { isLease, type Lease } from '../../src/pool/lease.ts';
import { mapOver } from '../../src/runtime/map.ts';
import type { MapFailure, Mapped, RunOptions } from '../../src/runtime/runner.ts';
import { dirtyShard, type TestShard } from '../stand.ts';

interface Input {
  readonly at: number;
  readonly lease: Lease | null;
}
type Item = Mapped<Input, { lease: Lease | null; of: number }> | MapFailure<Input>;

export interface Case {
  readonly concurrency: number;
  readonly unread: number;
  readonly ordered: boolean;
  readonly errors: 'first' | 'all';
  readonly length: number;
  readonly throws: boolean;
  readonly async: boolean;
  readonly leases: boolean;
  /** Tasks that the queue takes, of this map and of others. */
  readonly places: number;
}

export type Action =
  | { do: 'read' | 'give' | 'wait' | 'break' | 'abort' }
  | { do: 'others'; tasks: number }
  /** `quick`: what ends the map, if that is next, comes before the map has seen it. */
  | { do: 'end'; which: number; ok: boolean; quick: boolean };

const SOURCE_ERROR = new Error('the source broke');

interface Task {
  readonly at: number;
  readonly end: PromiseWithResolvers<unknown>;
}

export class World {
  readonly #case: Case;
  readonly #shard: TestShard = dirtyShard();
  readonly #abort = new AbortController();
  readonly #map: AsyncIterator<Item, undefined>;
  readonly #running: Task[] = [];
  /** The index of the last task that the queue took. */
  #began = -1;
  #others = 0;
  readonly #timers = new Map<number, () => void>();
  #lastTimer = 0;

  #pulled = 0;
  #opened = false;
  #exhausted = false;
  #owed: PromiseWithResolvers<IteratorResult<Input>> | null = null;
  #returned = 0;
  /** What the source must not be asked. */
  readonly #wrong: string[] = [];

  #reads = 0;
  readonly #delivered: Item[] = [];
  readonly #said: ('done' | { error: unknown })[] = [];
  /** Indexes, in the order of the ends. */
  readonly #ended: number[] = [];
  /** What ends it before its source does, first of all. */
  #cause: 'break' | { error: unknown } | null = null;
  #broken = false;

  constructor(given: Case) {
    this.#case = given;
    const { concurrency, unread, ordered, errors } = given;
    const options = { concurrency, unread, ordered, errors, signal: this.#abort.signal };
    const parts = {
      threads: 2,
      run: (input: unknown, how: RunOptions) => this.#run(input as Input, how),
      startTimer: ((callback: () => void) => this.#startTimer(callback)) as never,
      stopTimer: ((timer: number) => void this.#timers.delete(timer)) as never,
    };
    const symbol = given.async ? Symbol.asyncIterator : Symbol.iterator;
    this.#map = mapOver(parts, { [symbol]: () => this.#source() } as never, options);
  }

  async play(actions: readonly Action[]): Promise<void> {
    for (const [at, action] of actions.entries()) {
      this.#do(action);
      const next = actions[at + 1]?.do;
      if (action.do === 'end' && action.ok && action.quick && (next === 'break' || next === 'abort'))
        continue;
      await this.#seen();
    }
    // To its end, whatever was done.
    for (let left = 300; !this.#said.includes('done'); left--) {
      expect(left).toBeGreaterThan(0);
      for (const doing of ['read', 'give', 'wait'] as const) {
        this.#do({ do: 'others', tasks: 0 });
        this.#do({ do: doing });
        await this.#seen();
      }
      this.#do({ do: 'end', which: 0, ok: true, quick: false });
      await this.#seen();
    }
    this.#expectEnd();
  }

  #run({ at, lease }: Input, { signal }: RunOptions): Promise<unknown> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#running.length + this.#others >= this.#case.places) {
      return Promise.reject(Object.assign(new Error('full'), { code: 'ERR_QUEUE_FULL' }));
    }
    if (at <= this.#began) this.#wrong.push('order');
    this.#began = at;
    // It has moved.
    lease?.release();
    const task = { at, end: Promise.withResolvers<unknown>() };
    this.#running.push(task);
    signal?.addEventListener('abort', () => {
      const place = this.#running.indexOf(task);
      if (place < 0) return;
      this.#running.splice(place, 1);
      task.end.reject(signal.reason);
    });
    return task.end.promise;
  }

  #source(): unknown {
    this.#opened = true;
    // One question at a time, and none after its end.
    const called = (): void => {
      if (this.#owed !== null || this.#exhausted || this.#returned > 0) this.#wrong.push('asked');
    };
    const back = (): IteratorReturnResult<undefined> => {
      if (this.#exhausted || this.#returned++ > 0) this.#wrong.push('ended');
      return { done: true, value: undefined };
    };
    const next = (): IteratorResult<Input> => {
      called();
      return this.#nextStep();
    };
    const ask = (): Promise<IteratorResult<Input>> => {
      called();
      this.#owed = Promise.withResolvers();
      return this.#owed.promise;
    };
    return { next: this.#case.async ? ask : next, return: this.#case.async ? async () => back() : back };
  }

  #nextStep(): IteratorResult<Input> {
    if (this.#pulled === this.#case.length) {
      this.#exhausted = true;
      if (!this.#case.throws) return { done: true, value: undefined };
      this.#cause ??= { error: SOURCE_ERROR };
      throw SOURCE_ERROR;
    }
    const lease = this.#case.leases ? this.#shard.acquire(10) : null;
    return { done: false, value: { at: this.#pulled++, lease } };
  }

  #startTimer(callback: () => void): number {
    // Where tasks of its own run, it waits for their ends.
    if (this.#timers.size > 0 || this.#running.length > 0) this.#wrong.push('timer');
    this.#timers.set(++this.#lastTimer, callback);
    return this.#lastTimer;
  }

  async #seen(): Promise<void> {
    await setImmediate();
    this.#check();
  }

  #do(action: Action): void {
    switch (action.do) {
      case 'read':
        this.#reads++;
        this.#map.next().then(
          (step) => (step.done === true ? this.#said.push('done') : this.#delivered.push(step.value)),
          (error) => this.#said.push({ error }),
        );
        break;
      case 'give': {
        const owed = this.#owed;
        this.#owed = null;
        try {
          // One that was ended may give one more.
          if (owed !== null) owed.resolve(this.#nextStep());
        } catch (error) {
          owed?.reject(error);
        }
        break;
      }
      case 'wait':
        for (const [timer, callback] of this.#timers) {
          this.#timers.delete(timer);
          callback();
        }
        break;
      case 'others':
        this.#others = action.tasks;
        break;
      case 'break':
        if (!this.#finished) this.#cause ??= 'break';
        this.#broken = true;
        this.#map.return!();
        break;
      case 'abort':
        if (!this.#finished) this.#cause ??= { error: 'aborted' };
        this.#abort.abort('aborted');
        break;
      case 'end': {
        if (this.#running.length === 0) return;
        const [{ at, end }] = this.#running.splice(action.which % this.#running.length, 1);
        this.#ended.push(at);
        if (action.ok) {
          end.resolve({ of: at, lease: this.#case.leases ? this.#shard.acquire(10) : null });
          break;
        }
        if (this.#case.errors === 'first') this.#cause ??= { error: at };
        end.reject(at);
      }
    }
  }

  get #finished(): boolean {
    return this.#exhausted && this.#delivered.length === this.#pulled;
  }

  #check(): void {
    expect(this.#wrong).toEqual([]);
    const { concurrency, unread, ordered, async } = this.#case;
    const delivered = this.#delivered.map(({ index }) => index);
    const reading = this.#reads - delivered.length - this.#said.length;
    expect(delivered).toEqual(
      ordered ? Array.from(delivered.keys()) : this.#ended.slice(0, delivered.length),
    );
    if (this.#cause !== null) {
      this.#checkStopped(reading);
      return;
    }
    expect(this.#said.filter((said) => said !== 'done')).toEqual([]);
    if (this.#reads === 0) {
      expect(this.#pulled).toBe(0);
      return;
    }
    const ahead = this.#pulled - delivered.length;
    const waiting = this.#pulled - this.#ended.length - this.#running.length;
    expect(this.#running.length).toBeLessThanOrEqual(concurrency);
    // While the queue is full, nothing more is pulled than what was asked for before.
    expect(this.#running.length + waiting).toBeLessThanOrEqual(concurrency + (async ? 1 : 0));
    expect(ahead).toBeLessThanOrEqual(concurrency + unread);
    const isNext = (index: number) => (ordered ? index === delivered.length : !delivered.includes(index));
    if (reading > 0) expect(this.#ended.filter(isNext)).toEqual([]);
    expect(this.#said.length > 0).toBe(this.#finished && this.#reads > delivered.length);
    // Nothing stands still that could go on.
    if (waiting > 0) expect(this.#running.length + this.#timers.size).toBeGreaterThan(0);
    else if (!this.#exhausted && this.#owed === null) {
      expect(this.#running.length === concurrency || ahead === concurrency + unread).toBe(true);
    }
  }

  #checkStopped(reading: number): void {
    expect([this.#running.length, this.#timers.size, reading]).toEqual([0, 0, 0]);
    const errors = this.#said.filter((said) => said !== 'done');
    expect(errors.length).toBeLessThan(2);
    if (this.#cause === 'break') expect(errors).toEqual([]);
    else for (const error of errors) expect(error).toEqual(this.#cause);
  }

  #expectEnd(): void {
    const { length, throws, errors } = this.#case;
    if (this.#cause === null) {
      expect([this.#delivered.length, throws]).toEqual([length, false]);
    } else if (!this.#broken) expect(this.#said).toContainEqual(this.#cause);
    for (const item of this.#delivered) {
      expect(item.input.at).toBe(item.index);
      if (errors === 'first') expect(item.ok).toBe(true);
      if (!item.ok) expect(item.error).toBe(item.index);
      else {
        expect(item.result.of).toBe(item.index);
        if (isLease(item.result.lease)) item.result.lease.release();
      }
    }
    // Whoever got nothing has nothing to release.
    expect(this.#shard.lent).toBe(0);
    if (this.#opened && !this.#exhausted) expect(this.#returned).toBe(1);
  }
}
