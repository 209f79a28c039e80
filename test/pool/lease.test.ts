import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { isLease } from '../../src/pool/lease.ts';
import { LARGE, MEDIUM, makeShard, makeStand, SMALL } from '../stand.ts';
import { coded } from './coded.ts';

describe('a lease', () => {
  it.each([
    [5, [5, 1, 1], SMALL],
    [0, [0, 0, 0], SMALL],
    [3, [3, 0, 0], SMALL],
    [5000, [5000, 1250, 1250], MEDIUM],
    [SMALL, [SMALL, SMALL / 4, SMALL / 4], SMALL],
    [MiB + 1, [MiB + 1, MiB / 4, MiB / 4], MiB + 1024],
  ])('of %i bytes shows just these, and what lies behind them by its own name only', (asked, shown, capacity) => {
    const { shard } = makeShard();
    // New memory, and memory that was lent at another length.
    for (const _ of [1, 2]) {
      using lease = shard.acquire(asked);
      expect([lease.length, lease.capacity]).toEqual([asked, capacity]);
      const { bytes, float32, int32, wholeCapacity } = lease;
      expect([bytes, float32, int32].map(({ length }) => length)).toEqual(shown);
      expect(wholeCapacity.length).toBe(capacity);
      for (const view of [bytes, float32, int32]) {
        expect([view.buffer, view.byteOffset]).toEqual([wholeCapacity.buffer, 0]);
      }
      if (capacity <= MiB) shard.acquire(capacity).release();
    }
  });

  it.each([
    'bytes',
    'float32',
    'int32',
  ] as const)('shows in %s what was asked last, whatever it was before', (view) => {
    const { shard } = makeShard({ safety: 'off' });
    const { BYTES_PER_ELEMENT: size } = shard.acquire(SMALL)[view];
    const lease = shard.acquire(SMALL);
    for (const length of [SMALL, 8, 12, 8, 9, 0, 1, SMALL, SMALL - 1]) {
      lease.resize(length);
      expect(lease[view]).toHaveLength(Math.floor(length / size));
    }
    lease.release();
    for (const length of [16, 40, 40, 0, SMALL]) {
      const next = shard.acquire(length);
      expect(next[view]).toHaveLength(Math.floor(length / size));
      next.release();
    }
    expect(shard.supply.allocations).toBe(2);
  });

  it('is one line in a log, and says how it is', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(400);
    expect(inspect(lease)).toBe(`Lease { 400 bytes of ${SMALL} }`);
    const pin = lease.pin();
    expect(inspect({ block: lease })).toBe(`{ block: Lease { 400 bytes of ${SMALL}, pinned } }`);
    pin.release();
    lease.release();
    expect(inspect(lease)).toBe('Lease { 400 bytes, released }');
    const moved = shard.acquire(7);
    shard.leases.detach(moved);
    expect(inspect(moved)).toBe('Lease { 7 bytes, moved }');
  });

  it('is told from everything else', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(1);
    expect(isLease(lease)).toBe(true);
    lease.release();
    expect(isLease(lease)).toBe(true);
    for (const other of [null, undefined, {}, { ...lease }, new Uint8Array(1)]) {
      expect(isLease(other)).toBe(false);
    }
  });

  it('makes no new view on a hit', () => {
    const { shard } = makeShard({ safety: 'off' });
    const first = shard.acquire(SMALL);
    const view = first.float32;
    first.release();
    const second = shard.acquire(SMALL);
    expect(second.float32).toBe(view);
    second.resize(SMALL - 4);
    expect(second.float32).not.toBe(view);
  });

  it.each([
    'off',
    'sampled',
    'full',
  ] as const)('is released once at safety %s, even after its memory was lent anew', (safety) => {
    const { shard } = makeShard({ safety });
    const lease = shard.acquire(SMALL);
    lease.release();
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    const next = shard.acquire(SMALL);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.bytes).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.resize(1)).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.pin()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease[Symbol.dispose]()).not.toThrow();
    next.release();
    expect(shard.idleCounts).toEqual([1, 0, 0]);
  });

  it.each([
    'bytes',
    'float32',
    'int32',
    'wholeCapacity',
  ] as const)('has %s over its own memory, also where that is lent anew', (view) => {
    const { shard } = makeShard({ safety: 'full' });
    const [one, two] = [1, 2].map(() => {
      using lease = shard.acquire(SMALL);
      const seen = lease[view];
      expect(seen.byteLength).toBe(SMALL);
      return seen;
    });
    expect([one.byteLength, two.byteLength]).toEqual([0, 0]);
    // No other view was ever made of this one.
    const lease = shard.acquire(MEDIUM);
    lease[view].buffer.transfer();
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_DETACHED'));
  });

  it('is over once it was moved', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(SMALL);
    const store = shard.leases.detach(lease);
    expect(store.capacity).toBe(SMALL);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_MOVED'));
    expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_MOVED'));
    expect(() => lease[Symbol.dispose]()).not.toThrow();
  });

  it('is refused by a shard that did not lend it', () => {
    const [one, other] = makeStand({}, { shards: 2 }).shards;
    const lease = one.acquire(SMALL);
    expect(() => other.leases.detach(lease)).toThrow(coded('ERR_LEASE_FOREIGN'));
    lease.release();
  });

  it('ends with its block by using', () => {
    const { shard } = makeShard();
    {
      using lease = shard.acquire(SMALL);
      lease.bytes[0] = 1;
    }
    expect(shard.idleCounts[0]).toBe(1);
  });

  it('leaves no view that reads recycled memory, at full safety', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.acquire(SMALL);
    const stale = lease.bytes;
    lease.release();
    expect(stale.length).toBe(0);
  });

  it('keeps its content in recycled memory, unless scrub is on', () => {
    for (const scrub of [false, true]) {
      const { shard } = makeShard({ scrub, safety: 'off' });
      // New memory, and memory that was lent before.
      for (const mark of [7, 8, 9]) {
        const lease = shard.acquire(100);
        // Also beyond its length.
        lease.wholeCapacity.fill(mark);
        lease.release();
        const next = shard.acquire(50);
        expect(new Set(next.bytes)).toEqual(new Set([scrub ? 0 : mark]));
        expect(new Set(next.wholeCapacity)).toEqual(new Set([scrub ? 0 : mark]));
        next.release();
      }
    }
  });

  it.each([
    'off',
    'full',
  ] as const)('whose buffer was transferred away is reported, and stays charged, at safety %s', (safety) => {
    const { shard, stand } = makeShard({ safety });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    const taken = lease.bytes.buffer.transfer();
    expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.resize(MEDIUM)).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect([taken.byteLength, stand.used(), ...shard.idleCounts]).toEqual([SMALL, 4, 0, 0, 0]);
  });
});

describe('resizing', () => {
  it('stays in place within the capacity, down and up', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(100);
    const { buffer } = lease.bytes.fill(7);
    for (const length of [SMALL, 0, 100]) {
      lease.resize(length);
      expect([lease.length, lease.bytes.length]).toEqual([length, length]);
      expect(lease.bytes.buffer).toBe(buffer);
    }
    expect(new Set(lease.bytes)).toEqual(new Set([7]));
  });

  it.each([
    ['small', 'medium', 1000, 5000],
    ['medium', 'large', 60_000, 70_000],
    ['large', 'direct', MiB, MiB + 1],
    ['direct', 'direct', 2 * MiB, 3 * MiB],
  ])('grows from %s to %s with its content, and the old memory is idle or free', (_from, _to, before, after) => {
    const { shard, stand } = makeShard();
    const lease = shard.acquire(before);
    lease.bytes.forEach((_, at, bytes) => {
      bytes[at] = at % 251;
    });
    lease.resize(after);
    expect(lease.length).toBe(after);
    expect(lease.bytes).toHaveLength(after);
    expect(lease.bytes.subarray(0, before).every((byte, at) => byte === at % 251)).toBe(true);
    lease.release();
    shard.close();
    expect(stand.used()).toBe(0);
  });

  it('leaves the lease with the task that acquired it, or with none', () => {
    const { shard } = makeShard();
    const own = shard.acquire(SMALL);
    shard.leases.beginTask(1);
    own.resize(MEDIUM);
    expect(shard.leases.endTask().leaks).toEqual([]);
    own.bytes.fill(1);
    own.release();
  });

  it('of a lease that nothing is recorded of goes over the largest tier, too, and frees that at its release', () => {
    const { shard } = makeShard({ safety: 'off' });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    lease.resize(2 * MiB);
    expect(shard.charged).toBe(4 + 2048);
    lease.release();
    expect([shard.charged, ...shard.idleCounts]).toEqual([4, 1, 0, 0]);
  });

  it('goes on also from and to memory that was reclaimed from a task before', () => {
    const { shard } = makeShard({ safety: 'off' });
    const reclaim = (size: number) => {
      shard.leases.beginTask(1);
      shard.acquire(size);
      expect(shard.leases.endTask().leaks).toHaveLength(1);
    };
    reclaim(SMALL);
    const from = shard.acquire(SMALL);
    from.resize(MEDIUM);
    from.release();
    expect(shard.idleCounts).toEqual([1, 1, 0]);
    reclaim(LARGE);
    const to = shard.acquire(MEDIUM);
    to.resize(LARGE);
    to.bytes.fill(1);
    to.release();
    expect([shard.lent, ...shard.idleCounts]).toEqual([0, 1, 1, 1]);
  });

  it('that the budget refuses changes nothing', () => {
    const { shard } = makeShard({ budgetBytes: MiB });
    const lease = shard.acquire(MEDIUM);
    lease.bytes.fill(9);
    expect(() => lease.resize(LARGE)).toThrow(coded('ERR_BUDGET_EXHAUSTED'));
    expect([lease.length, lease.bytes[MEDIUM - 1]]).toEqual([MEDIUM, 9]);
    expect(() => lease.resize(Number.NaN)).toThrow(coded('ERR_INVALID_ARGUMENT'));
    lease.release();
  });
});

describe('a message that comes in the middle of a release', () => {
  it.each(['off', 'full'] as const)('finds the lease ended, at safety %s', (safety) => {
    const { shard } = makeShard({ safety });
    const lease = shard.acquire(SMALL);
    let again: unknown;
    shard.supply.post(() => {
      try {
        lease.release();
      } catch (error) {
        again = error;
      }
    });
    lease.release();
    expect(again).toEqual(coded('ERR_LEASE_RELEASED'));
    const [one, other] = shard.acquireAll([SMALL, SMALL]);
    expect(one.bytes.buffer).not.toBe(other.bytes.buffer);
  });
});
