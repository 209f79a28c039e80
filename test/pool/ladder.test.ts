import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { CAUSES } from '../../src/pool/causes.ts';
import { Store } from '../../src/pool/store.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import { LARGE, MEDIUM, makeShard, makeStand, SMALL, type TestShard } from '../stand.ts';

/** Requests of a tier that got memory, by whatever step. */
function servedOf(shard: TestShard, tier: number): number {
  const { counters } = shard.ledger.row(shard.row);
  return CAUSES.reduce((sum, _, cause) => sum + counters.served(cause, tier), 0);
}

function releasedOf(shard: TestShard, tier: number): number {
  return shard.ledger.row(shard.row).counters.releases(tier);
}

describe('the ladder serves a request by the cheapest step that can', () => {
  it('hit: idle memory of its own tier', () => {
    const { shard } = makeShard({ sampleEvery: 1 });
    shard.acquire(MEDIUM).release();
    shard.causes();
    const lease = shard.acquire(MEDIUM);
    expect(shard.causes()).toEqual(['hit']);
    expect(lease.capacity).toBe(MEDIUM);
    expect(shard.supply.allocations).toBe(1);
  });

  it('mailbox: what a neighbour sent meanwhile', () => {
    const { shard, stand } = makeShard({ budgetBytes: MEDIUM });
    // The coordinator charges the receiver before it posts.
    stand.ledger.reserve(0, 64);
    shard.supply.post(() => shard.idle.putAll([new Store(new ArrayBuffer(MEDIUM), 1)]));
    shard.acquire(MEDIUM);
    expect(shard.causes()).toEqual(['mailbox']);
    expect(stand.used()).toBe(64);
  });

  it('mailbox: of several, those that were not idle before', () => {
    const { shard, stand } = makeShard();
    shard.acquire(MEDIUM).release();
    shard.causes();
    stand.ledger.reserve(0, 64);
    shard.supply.post(() => shard.idle.putAll([new Store(new ArrayBuffer(MEDIUM), 1)]));
    shard.acquireAll([MEDIUM, MEDIUM, MEDIUM]);
    expect(shard.causes()).toEqual(['hit', 'mailbox', 'fresh']);
  });

  it('larger: idle memory of the next tier up, not of the one above that', () => {
    const { shard } = makeShard();
    shard.acquire(MEDIUM).release();
    shard.acquire(LARGE).release();
    shard.causes();
    const first = shard.acquire(100);
    const second = shard.acquire(100);
    expect(shard.causes()).toEqual(['larger', 'fresh']);
    expect([first.capacity, second.capacity]).toEqual([MEDIUM, SMALL]);
    first.release();
    expect(shard.idleCounts).toEqual([0, 1, 1]);
  });

  it('fresh: a new buffer, charged', () => {
    const { shard, stand } = makeShard();
    shard.acquire(5000);
    expect(shard.causes()).toEqual(['fresh']);
    expect(stand.used()).toBe(64);
  });

  it('direct: over the largest tier, in whole KiB, and freed at its release', () => {
    const { shard, stand } = makeShard();
    const lease = shard.acquire(MiB + 1);
    expect(shard.causes()).toEqual(['direct']);
    expect([lease.capacity, stand.used()]).toEqual([MiB + KiB, 1025]);
    const { buffer } = lease.bytes;
    lease.release();
    expect(buffer.detached).toBe(true);
    expect([stand.used(), ...shard.idleCounts]).toEqual([0, 0, 0, 0]);
  });

  it('trimmed: in place of idle memory of other tiers', () => {
    const { shard, stand } = makeShard({ budgetBytes: MiB });
    for (const lease of shard.acquireAll([MEDIUM, MEDIUM, MEDIUM])) lease.release();
    shard.causes();
    shard.acquire(LARGE);
    expect(shard.causes()).toEqual(['trimmed']);
    expect(stand.used()).toBe(1024);
  });

  it('trimmed: only what was not idle of a request for several', () => {
    const { shard, stand } = makeShard({ budgetBytes: MiB + 64 * KiB });
    for (const lease of shard.acquireAll([MEDIUM, MEDIUM, MEDIUM])) lease.release();
    shard.causes();
    shard.acquireAll([MEDIUM, LARGE]);
    expect(shard.causes()).toEqual(['hit', 'trimmed']);
    expect([stand.used(), ...shard.idleCounts]).toEqual([1024 + 64, 0, 0, 0]);
  });

  it('waited: another shard released what was missing, and the need was told while it lasted', () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2, quotas: [0, 0, 0] });
    const [holder, starved] = stand.shards;
    const held = holder.acquire(LARGE);
    starved.supply.during.push(() => held.release());
    starved.acquire(MEDIUM);
    expect(starved.causes()).toEqual(['waited']);
    expect(stand.used()).toBe(64);
  });

  it('refused: after its deadline, by the injected clock, and nothing is left behind', () => {
    const stand = makeStand({ budgetBytes: 2 * MiB }, { shards: 2 });
    const [holder, starved] = stand.shards;
    holder.acquire(LARGE);
    const own = starved.acquire(MEDIUM);
    const start = stand.clock;
    expect(() => starved.acquire(LARGE, { timeoutMs: 700 })).toThrow(
      expect.objectContaining({
        code: 'ERR_BUDGET_EXHAUSTED',
        message: expect.stringMatching(/1 MiB were asked while 1\.1 MiB of 2 MiB .* 700 ms.*budgetBytes/),
      }),
    );
    expect(stand.clock - start).toBe(700e6);
    expect(starved.recorded.at(-1)).toMatchObject({ nanoseconds: 700e6, weight: 1 });
    expect(starved.causes()).toEqual(['fresh', 'refused']);
    expect(stand.used()).toBe(1024 + 64);
    expect(own.bytes.length).toBe(MEDIUM);
  });

  it('refused: after its deadline, which counts from the call, also where its first try took long', () => {
    const stand = makeStand({ budgetBytes: 2 * MiB }, { shards: 2 });
    const [holder, starved] = stand.shards;
    holder.acquireAll([LARGE, LARGE]);
    starved.supply.post(() => {
      stand.clock += 500e6;
    });
    expect(() => starved.acquire(LARGE, { timeoutMs: 700 })).toThrow('700 ms');
    expect(stand.clock).toBe(700e6);
  });
});

describe('a request', () => {
  const ways = {
    acquire: async (shard: TestShard, length: number) => shard.acquire(length),
    acquireAll: async (shard: TestShard, length: number) => shard.acquireAll([length])[0],
    acquireAsync: (shard: TestShard, length: number) => shard.acquireAsync(length),
  };
  const boundaries = [
    { length: SMALL - 1, tier: 0, capacity: SMALL },
    { length: SMALL, tier: 0, capacity: SMALL },
    { length: SMALL + 1, tier: 1, capacity: MEDIUM },
    { length: MEDIUM, tier: 1, capacity: MEDIUM },
    { length: MEDIUM + 1, tier: 2, capacity: LARGE },
    { length: LARGE, tier: 2, capacity: LARGE },
    { length: LARGE + 1, tier: 3, capacity: LARGE + KiB },
    { length: LARGE + KiB, tier: 3, capacity: LARGE + KiB },
    { length: LARGE + KiB + 1, tier: 3, capacity: LARGE + 2 * KiB },
  ];
  describe.each(['acquire', 'acquireAll', 'acquireAsync'] as const)('by %s', (way) => {
    it.each(
      boundaries,
    )('of $length bytes gets $capacity, new or idle, and is counted so', async (boundary) => {
      const { length, tier, capacity } = boundary;
      const { shard, stand } = makeShard({ safety: 'off' });
      const counted = () => TIER_NAMES.map((_, tier) => servedOf(shard, tier));
      const once = TIER_NAMES.map((_, of) => Number(of === tier));
      const fresh = await ways[way](shard, length);
      expect([fresh.capacity, stand.used() * KiB, shard.capacityFor(length)]).toEqual([
        capacity,
        capacity,
        capacity,
      ]);
      expect(counted()).toEqual(once);
      fresh.release();
      // Idle memory of every tier is at hand now, and the right one is taken.
      for (const lease of shard.acquireAll([SMALL, MEDIUM, LARGE], { exact: true })) lease.release();
      const before = counted();
      const { allocations } = shard.supply;
      shard.causes();
      const idle = await ways[way](shard, length);
      expect(idle.capacity).toBe(capacity);
      expect(shard.idleCounts).toEqual([1, 1, 1].map((count, of) => count - Number(of === tier)));
      expect(shard.supply.allocations - allocations).toBe(tier === 3 ? 1 : 0);
      expect(counted()).toEqual(before.map((count, of) => count + once[of]));
      // One lease at once is too quick to be recorded each time.
      const unrecorded = way === 'acquire' && tier < 3;
      expect(shard.causes()).toEqual(unrecorded ? [] : [tier === 3 ? 'direct' : 'hit']);
      idle.release();
      expect([0, 1, 2, 3].map((of) => releasedOf(shard, of))).toEqual(counted());
    });
  });

  it.each([
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    '64' as unknown as number,
  ])('of %s bytes is refused as an argument', (length) => {
    const { shard, stand } = makeShard();
    // Idle memory would serve it at once.
    for (const lease of shard.acquireAll([SMALL, MEDIUM, LARGE])) lease.release();
    const before = stand.used();
    const invalid = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
    expect(() => shard.acquire(length)).toThrow(invalid);
    expect(() => shard.acquireAll([10, length])).toThrow(invalid);
    expect([stand.used(), ...shard.idleCounts]).toEqual([before, 1, 1, 1]);
  });

  it('of nothing is a small lease', () => {
    const { shard } = makeShard();
    expect(shard.acquire(0).capacity).toBe(SMALL);
  });

  it('over the whole budget is refused at once, however long it may wait', () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB });
    const tooLarge = expect.objectContaining({ code: 'ERR_REQUEST_TOO_LARGE' });
    expect(() => shard.acquire(2 * MiB + 1, { timeoutMs: 1e6 })).toThrow(tooLarge);
    expect(() => shard.acquireAll([MiB, MiB, 1], { timeoutMs: 1e6 })).toThrow(tooLarge);
    expect([stand.clock, stand.used()]).toEqual([0, 0]);
  });

  it('is exactly met when it takes all that is left', () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB });
    expect(shard.acquire(2 * MiB).capacity).toBe(2 * MiB);
    expect(stand.ledger.peakKib).toBe(2048);
  });

  it('for several leases gets all or none', () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB });
    shard.acquire(LARGE);
    shard.acquire(SMALL).release();
    const before = stand.used();
    expect(() => shard.acquireAll([SMALL, LARGE, SMALL], { timeoutMs: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_BUDGET_EXHAUSTED' }),
    );
    // The idle small one may have been trimmed for it, nothing else changed.
    expect([before, before - 4]).toContain(stand.used());
    const leases = shard.acquireAll([SMALL, MEDIUM, 10]);
    expect(leases.map((lease) => lease.capacity)).toEqual([SMALL, MEDIUM, SMALL]);
  });

  it('that is refused leaves idle what it had found', () => {
    const { shard, stand } = makeShard({ budgetBytes: 2 * MiB });
    shard.acquire(LARGE);
    shard.acquire(SMALL).release();
    expect(() => shard.acquireAll([SMALL, LARGE], { timeoutMs: 0 })).toThrow();
    expect([stand.used(), ...shard.idleCounts]).toEqual([1024 + 4, 1, 0, 0]);
  });

  it('over the largest tier waits while memory is critical, and frees nothing idle for it; others do not', () => {
    const { shard, stand } = makeShard({ budgetBytes: 4 * MiB });
    for (const lease of shard.acquireAll([LARGE, MEDIUM])) lease.release();
    stand.ledger.header.critical = true;
    expect(() => shard.acquireAll([LARGE, 2 * MiB], { timeoutMs: 0 })).toThrow(/critical/);
    // Also where the budget would hold it only in place of what is idle.
    expect(() => shard.acquire(3 * MiB, { timeoutMs: 0 })).toThrow(/critical/);
    expect([stand.used(), ...shard.idleCounts]).toEqual([1024 + 64, 0, 1, 1]);
    const leases = shard.acquireAll([LARGE, LARGE, SMALL], { timeoutMs: 0 });
    expect(leases.map(({ capacity }) => capacity)).toEqual([LARGE, LARGE, MEDIUM]);
  });

  it('that the system refuses leaves nothing charged', () => {
    const { shard, stand } = makeShard();
    shard.acquire(MEDIUM).release();
    shard.supply.failAfter = 2;
    const buffers: ArrayBuffer[] = [];
    const allocate = shard.supply.allocate.bind(shard.supply);
    shard.supply.allocate = (capacity) => {
      const buffer = allocate(capacity);
      buffers.push(buffer);
      return buffer;
    };
    expect(() => shard.acquireAll([MEDIUM, LARGE, LARGE])).toThrow(
      expect.objectContaining({ code: 'ERR_ALLOCATION_FAILED' }),
    );
    expect(stand.used()).toBe(64);
    expect(shard.idleCounts).toEqual([0, 1, 0]);
    expect(buffers.map(({ detached }) => detached)).toEqual([true]);
  });

  it('of a cancelled task waits no longer', () => {
    const stand = makeStand({ budgetBytes: MiB }, { shards: 2 });
    const [holder, starved] = stand.shards;
    holder.acquire(LARGE);
    starved.leases.beginTask(1);
    starved.supply.during.push(() => starved.supply.cancel(1));
    expect(() => starved.acquire(LARGE)).toThrow(expect.objectContaining({ code: 'ERR_TASK_WAITING' }));
  });
});
