import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/pool/lease.ts';
import { Store } from '../../src/pool/store.ts';
import { makeShard, SMALL, type TestShard } from '../stand.ts';

describe('memory that arrived from another thread', () => {
  it('is guarded at full safety: its stale views are detached, and its leak has a stack', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    const stale = lease.bytes;
    lease.release();
    expect(stale.length).toBe(0);
    shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    expect(shard.close()).toEqual([{ length: 10, stack: expect.stringContaining('guard.test.ts') }]);
  });
});

describe('the guard', () => {
  /** The numbers of those of so many leases whose views end with them. */
  function guarded(shard: TestShard, leases: number): number[] {
    const numbers = [];
    for (let number = 1; number <= leases; number++) {
      const lease = shard.acquire(SMALL);
      const { bytes } = lease;
      lease.release();
      if (bytes.length === 0) numbers.push(number);
    }
    return numbers;
  }

  it.each([
    1, 64, 4096, 1_000_000,
  ])('is on exactly one lease in 4096 where one in %i is recorded', (sampleEvery) => {
    const { shard } = makeShard({ safety: 'sampled', sampleEvery });
    expect(guarded(shard, 3 * 4096 + 4095)).toEqual([4096, 2 * 4096, 3 * 4096]);
  });

  it('is on every lease at full safety, and on none where safety is off', () => {
    expect(guarded(makeShard({ safety: 'full' }).shard, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(guarded(makeShard({ safety: 'off' }).shard, 2 * 4096)).toEqual([]);
  });

  it.each([
    ['idle', 1],
    ['new', 0],
  ])('remembers six callers of a lease of %s memory, and leaves the traces of others as long as they are', (_what, idle) => {
    const { shard } = makeShard({ safety: 'full' });
    for (let lease = 0; lease < idle; lease++) shard.acquire(SMALL).release();
    const { stackTraceLimit } = Error;
    const nested = (depth: number): Lease => (depth === 0 ? shard.acquire(SMALL) : nested(depth - 1));
    nested(20);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    const [{ stack }] = shard.close();
    expect(stack?.match(/at nested /g)).toHaveLength(6);
  });

  it('remembers where its lease was acquired, and is gone with it', () => {
    const { shard } = makeShard({ safety: 'sampled' });
    guarded(shard, 4095);
    shard.acquire(SMALL);
    shard.acquire(SMALL);
    expect(shard.close()).toEqual([
      { length: SMALL, stack: expect.stringContaining('guard.test.ts') },
      { length: SMALL, stack: null },
    ]);
  });
});
