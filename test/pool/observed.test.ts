import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { CAUSES, type CauseName } from '../../src/pool/causes.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { LARGE, MEDIUM, makeShard, SMALL, type TestShard } from '../stand.ts';

describe('what a shard tells of a request', () => {
  it.each([
    { case: 'that is allocated', length: 5000, capacity: MEDIUM, cause: 'fresh', tier: 1 },
    {
      case: 'over the largest tier, held in whole KiB',
      length: MiB + 1,
      capacity: MiB + 1024,
      cause: 'direct',
      tier: 3,
    },
    { case: 'of no bytes', length: 0, capacity: SMALL, cause: 'fresh', tier: 0 },
  ])('is the bytes asked and held: $case', ({ length, capacity, cause, tier }) => {
    const { shard } = makeShard();
    shard.acquire(length);
    expect(shard.recorded).toEqual([{ cause, tier, nanoseconds: 0, weight: 1, bytes: length, capacity }]);
  });

  it('is the bytes of the tier that served it, also when that is the next one up', () => {
    const { shard } = makeShard();
    shard.acquire(MEDIUM).release();
    shard.acquire(100);
    expect(shard.recorded.at(-1)).toMatchObject({ cause: 'larger', tier: 0, bytes: 100, capacity: MEDIUM });
  });

  it('is its weight, of a hit that was sampled', () => {
    const { shard } = makeShard({ sampleEvery: 4 });
    for (let turn = 0; turn < 9; turn++) shard.acquire(100).release();
    expect(shard.recorded.slice(1)).toEqual([
      { cause: 'hit', tier: 0, nanoseconds: 0, weight: 4, bytes: 100, capacity: SMALL },
      { cause: 'hit', tier: 0, nanoseconds: 0, weight: 4, bytes: 100, capacity: SMALL },
    ]);
  });

  it('is the largest of what was refused at once, and nothing held', () => {
    const { shard } = makeShard({ budgetBytes: 2 * MiB });
    using _all = shard.acquire(2 * MiB);
    expect(() => shard.acquireAll([SMALL, LARGE, 10], { timeoutMs: 0 })).toThrow();
    expect(shard.recorded.at(-1)).toMatchObject({ cause: 'refused', tier: 2, bytes: LARGE, capacity: 0 });
  });
});

describe('the time that a shard spends in requests', () => {
  /** With a clock that moves on by 10 ns at each reading. */
  function ticking(given: Parameters<typeof makeShard>[0] = {}) {
    const { shard, stand } = makeShard(given);
    let reads = 0;
    Object.defineProperty(stand, 'clock', { get: () => 10 * reads++ });
    const { counters } = shard.ledger.row(shard.row);
    return { shard, spent: (cause: CauseName) => counters.spentNanoseconds(CAUSES.indexOf(cause)) };
  }

  it('is what is recorded of each, of hits for as many as the one stands for', () => {
    const { shard, spent } = ticking({ sampleEvery: 4 });
    for (let turn = 0; turn < 9; turn++) shard.acquire(100).release();
    for (const cause of ['fresh', 'hit'] as const) {
      const of = shard.recorded.filter((record) => record.cause === cause);
      expect(of.length).toBeGreaterThan(0);
      expect(spent(cause)).toBe(of.reduce((sum, { nanoseconds, weight }) => sum + nanoseconds * weight, 0));
    }
  });

  it('is counted once where several leases are acquired together', () => {
    const { shard, spent } = ticking();
    shard.acquireAll([SMALL, SMALL, MEDIUM, LARGE]);
    const [{ nanoseconds }] = shard.recorded;
    expect(nanoseconds).toBeGreaterThan(0);
    expect(spent('fresh')).toBeCloseTo(nanoseconds, 6);
  });

  it('is that of requests that end without memory, too', () => {
    const { shard, spent } = ticking({ budgetBytes: 2 * MiB });
    using _all = shard.acquire(2 * MiB);
    expect(() => shard.acquire(LARGE, { timeoutMs: 0 })).toThrow();
    expect(spent('refused')).toBe(shard.recorded.at(-1)?.nanoseconds);
    expect(spent('refused')).toBeGreaterThan(0);
  });
});

describe('the lifetime of a lease', () => {
  /**
   * A lease that is timed, as every slow path's is: on memory of its own tier, 100 ns after it was asked for.
   */
  function timed(shard: TestShard, clock: { clock: number }, length = SMALL): Lease {
    clock.clock += 100;
    const lease = shard.acquire(length);
    clock.clock += 900;
    return lease;
  }

  it.each([
    { safety: 'off', scrub: false },
    { safety: 'off', scrub: true },
    { safety: 'sampled', scrub: false },
    { safety: 'full', scrub: false },
  ] as const)('is from acquire to release: safety $safety, scrub $scrub', ({ safety, scrub }) => {
    const { shard, stand } = makeShard({ safety, scrub });
    const lease = timed(shard, stand);
    expect(shard.lifetimes).toEqual([]);
    lease.release();
    expect(shard.lifetimes).toEqual([{ tier: 0, nanoseconds: 900, weight: 1 }]);
    expect(shard.idleCounts).toEqual([1, 0, 0]);
  });

  it('is of the tier that was asked', () => {
    const { shard, stand } = makeShard();
    shard.acquire(MEDIUM).release();
    timed(shard, stand).release();
    timed(shard, stand, 2 * MiB).release();
    expect(shard.lifetimes.map(({ tier }) => tier)).toEqual([1, 0, 3]);
  });

  it.each([
    { sampleEvery: 1, timedEvery: 64 },
    { sampleEvery: 10, timedEvery: 70 },
    { sampleEvery: 64, timedEvery: 64 },
    { sampleEvery: 100, timedEvery: 100 },
  ])('is known of one hit in $timedEvery, with that weight, where one in $sampleEvery is recorded', (sampling) => {
    const { sampleEvery, timedEvery } = sampling;
    const { shard, stand } = makeShard({ safety: 'off', sampleEvery });
    timed(shard, stand).release();
    shard.lifetimes.length = 0;
    for (let turn = 0; turn < 3 * timedEvery; turn++) timed(shard, stand).release();
    expect(shard.lifetimes).toEqual(
      Array.from({ length: 3 }, () => ({ tier: 0, nanoseconds: 900, weight: timedEvery })),
    );
  });

  it('ends with the task that forgot the lease', () => {
    const { shard, stand } = makeShard();
    shard.leases.beginTask(1);
    timed(shard, stand);
    shard.leases.endTask();
    expect(shard.lifetimes).toEqual([{ tier: 0, nanoseconds: 900, weight: 1 }]);
    stand.clock += 5000;
    shard.acquire(SMALL).release();
    expect(shard.lifetimes).toHaveLength(1);
  });

  it('ends with a move, and is not known of the lease on the other side', () => {
    const { shard, stand } = makeShard();
    const store = shard.leases.detach(timed(shard, stand));
    expect(shard.lifetimes).toEqual([{ tier: 0, nanoseconds: 900, weight: 1 }]);
    const lease = shard.attach(store, SMALL, 0);
    stand.clock += 5000;
    lease.release();
    expect(shard.lifetimes).toHaveLength(1);
  });

  it.each([
    { served: 'new memory', idle: 0 },
    { served: 'idle memory', idle: 1 },
  ])('goes on through a resize into $served: what was acquired for that has none of its own', ({ idle }) => {
    const { shard, stand } = makeShard({ safety: 'off' });
    const lease = shard.acquire(SMALL);
    for (let buffer = 0; buffer < idle; buffer++) shard.acquire(MEDIUM).release();
    shard.lifetimes.length = 0;
    stand.clock += 900;
    lease.resize(MEDIUM);
    expect(shard.lifetimes).toEqual([]);
    stand.clock += 100;
    lease.release();
    expect(shard.lifetimes).toEqual([{ tier: 1, nanoseconds: 1000, weight: 1 }]);
    expect(shard.lent).toBe(0);
  });

  it('is not known of a lease that is not timed, however it is resized', () => {
    const { shard, stand } = makeShard({ safety: 'off' });
    shard.acquire(SMALL).release();
    shard.lifetimes.length = 0;
    const lease = timed(shard, stand);
    lease.resize(MEDIUM);
    lease.release();
    expect(shard.lifetimes).toEqual([]);
  });

  it('ends where the pool is closed', () => {
    const { shard, stand } = makeShard();
    timed(shard, stand);
    shard.close();
    expect(shard.lifetimes).toEqual([{ tier: 0, nanoseconds: 900, weight: 1 }]);
  });
});
