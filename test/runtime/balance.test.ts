import { describe, expect, it } from 'vitest';
import { KiB, type Lease, MiB } from '../../src/index.ts';
import { closedAfterEach } from './started.ts';

const start = closedAfterEach();

describe('balance', () => {
  it('moves quota to the worker that needs it, until it allocates no more', async () => {
    const { runtime } = await start('pooling', {
      threads: 1,
      tiers: [
        { capacity: 4 * KiB, maxIdle: 100 },
        { capacity: 64 * KiB, maxIdle: 100 },
        { capacity: MiB, maxIdle: 10 },
      ],
    });
    // One worker uses 90 medium buffers at a time, but starts with half of the quota of 100.
    const freshInARound = async () => {
      const before = runtime.snapshot().latency.byCause.fresh.count;
      await runtime.run({ do: 'churn', bytes: 64 * KiB, count: 90, rounds: 1 });
      return runtime.snapshot().latency.byCause.fresh.count - before;
    };
    expect(await freshInARound()).toBe(90);
    for (let round = 0; round < 200 && (await freshInARound()) > 0; round++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { shards } = runtime.snapshot();
    expect(shards[1].quota.medium).toBeGreaterThanOrEqual(90);
    expect(shards[0].quota.medium + shards[1].quota.medium).toBeLessThanOrEqual(100);
  });

  it.each([
    ['small', 4 * KiB],
    ['medium', 64 * KiB],
  ])('does not bleed a producer dry: the %s leases that its results bring to main go back in batches', async (_tier, bytes) => {
    const { runtime } = await start('basic', { threads: 1 });
    for (let round = 0; round < 50; round++) {
      const leases = await runtime.run<Lease[]>({ do: 'produce', bytes, count: 32 });
      for (const lease of leases) lease.release();
    }
    const { pool, budget } = runtime.snapshot();
    expect(pool.acquires).toBe(50 * 32);
    expect(pool.hitRate).toBeGreaterThan(0.9);
    expect(budget.peakBytes).toBeLessThan(10 * MiB);
  });

  it.each([
    ['keeps them to its end', (leases: Lease[]) => ({ do: 'echo', leases })],
    ['returns them', (leases: Lease[]) => ({ do: 'echo', value: leases })],
  ])('does not bleed a producer dry whose results are lent on to a job that %s', async (_how, order) => {
    const { runtime } = await start('basic', { threads: 1 });
    for (let round = 0; round < 50; round++) {
      const leases = await runtime.run<Lease[]>({ do: 'produce', bytes: 64 * KiB, count: 32 });
      const returned = await runtime.run<Lease[] | undefined>(order(leases));
      for (const lease of returned ?? []) lease.release();
    }
    const { pool, budget, loans, memory, shards } = runtime.snapshot();
    expect(pool.hitRate).toBeGreaterThan(0.9);
    expect(budget.peakBytes).toBeLessThan(10 * MiB);
    expect(loans.count).toBe(0);
    // What the last results brought waits here, for the next task or for whoever needs it before.
    expect([shards[0].idle.medium, memory.inTransitBytes]).toEqual([32, 0]);
  });

  it('keeps of what results bring no more than the tier allows, and shows it as available', async () => {
    const { runtime } = await start('basic', { threads: 1, budgetBytes: 64 * MiB });
    const leases = await runtime.run<Lease[]>({ do: 'produce', bytes: 64 * KiB, count: 600 });
    for (const lease of leases) lease.release();
    const { memory, budget, shards } = runtime.snapshot();
    // An even share of 500.
    const keptBytes = 250 * 64 * KiB;
    expect(memory.byTier.medium).toEqual({ usedBytes: 0, availableBytes: keptBytes });
    expect([shards[0].idle.medium, memory.inTransitBytes, budget.usedBytes]).toEqual([250, 0, keptBytes]);
  });

  it('gives room to the main thread when it frees what its workers allocate again', async () => {
    const { runtime } = await start('basic', {
      threads: 3,
      tiers: [
        { capacity: 4 * KiB, maxIdle: 100 },
        { capacity: 64 * KiB, maxIdle: 100 },
        { capacity: MiB, maxIdle: 10 },
      ],
    });
    // Together 36, where each shard starts with 25.
    const missesInARound = async () => {
      const { hitRate, acquires } = runtime.snapshot().pool;
      const order = { do: 'produce', bytes: 64 * KiB, count: 12 };
      const results = await Promise.all([1, 2, 3].map(() => runtime.run<Lease[]>(order)));
      for (const lease of results.flat()) lease.release();
      const now = runtime.snapshot().pool;
      return Math.round(now.acquires * (1 - now.hitRate) - acquires * (1 - hitRate));
    };
    let rounds = 0;
    while ((await missesInARound()) > 0 && rounds < 1000) rounds++;
    const { shards } = runtime.snapshot();
    expect(shards[0].quota.medium).toBeGreaterThanOrEqual(36);
    expect(shards.reduce((sum, { quota }) => sum + quota.medium, 0)).toBeLessThanOrEqual(100);
  });

  it('does not bleed a consumer full: loans go home with the result', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    for (let round = 0; round < 50; round++) {
      const leases = runtime.pool.acquireAll(Array.from({ length: 16 }, () => 64 * KiB));
      await runtime.run({ do: 'unpin', leases });
    }
    const { pool, shards } = runtime.snapshot();
    expect(pool.hitRate).toBeGreaterThan(0.9);
    expect(shards[0].idle.medium).toBe(16);
    expect(shards[1].chargedBytes).toBe(0);
  });
});
