import { afterEach, describe, expect, it } from 'vitest';
import { KiB, type Lease, MiB, type Runtime } from '../../src/index.ts';
import { raise, raised, sharedWords, startRuntime } from './started.ts';

let runtime: Runtime | undefined;
afterEach(async () => {
  const report = await runtime?.close();
  if (report !== undefined) expect(report.endBytes).toBe(0);
  runtime = undefined;
});

/** Between two looks at what comes with time: other tests need the cores, too. */
const soon = () => new Promise((next) => setTimeout(next, 20));

async function start(job = 'pooling'): Promise<Runtime> {
  const started = await startRuntime(job, { threads: 1, safety: 'sampled', sampleEvery: 1 });
  runtime = started.runtime;
  return runtime;
}

describe('a snapshot', () => {
  it('says where every byte is: used and available by tier and shard, direct, on loan', async () => {
    const runtime = await start();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 3 });
    using _medium = runtime.pool.acquire(5000);
    using _direct = runtime.pool.acquire(2 * MiB + 1);
    const { memory, shards, budget, pool } = runtime.snapshot();
    expect(memory).toEqual({
      totalBytes: 5 * MiB + 65 * KiB,
      byTier: {
        small: { usedBytes: 0, availableBytes: 0 },
        medium: { usedBytes: 64 * KiB, availableBytes: 0 },
        large: { usedBytes: 0, availableBytes: 3 * MiB },
        direct: { usedBytes: 2 * MiB + KiB, availableBytes: 0 },
      },
      directBytes: 2 * MiB + KiB,
      inTransitBytes: 0,
      loanBytes: 0,
    });
    expect(budget.utilization).toBe(memory.totalBytes / budget.limitBytes);
    expect(shards.map(({ byTier }) => byTier.medium.usedBytes)).toEqual([64 * KiB, 0]);
    expect(shards.map(({ byTier }) => byTier.large)).toEqual([
      { usedBytes: 0, availableBytes: 0, utilization: 0 },
      { usedBytes: 0, availableBytes: 3 * MiB, utilization: 0 },
    ]);
    const inUse = 64 * KiB + 2 * MiB + KiB;
    expect(pool.utilization).toBe(inUse / (inUse + 3 * MiB));
    expect([pool.byTier.medium.utilization, pool.byTier.large.utilization]).toEqual([1, 0]);
  });

  it('shows what waits for its way back to a worker as available on the main thread', async () => {
    const runtime = await start();
    const words = new Int32Array(new SharedArrayBuffer(64));
    words[1] = 1;
    const lease = await runtime.run<Lease>({ do: 'return-late', bytes: 64 * KiB, words });
    lease.release();
    const { memory, flow, shards } = runtime.snapshot();
    expect([memory.inTransitBytes, memory.totalBytes, shards[0].idleBytes]).toEqual([0, 64 * KiB, 64 * KiB]);
    expect(memory.byTier.medium).toEqual({ usedBytes: 0, availableBytes: 64 * KiB });
    expect(flow).toEqual([{ acquiredBy: 1, releasedBy: 0, leases: 1 }]);
    await runtime.run({ do: 'hoard', bytes: 10, count: 0 });
    expect(runtime.snapshot().shards.map(({ idleBytes }) => idleBytes)).toEqual([0, 64 * KiB]);
  });

  it('shows what tasks brought with their inputs as on loan', async () => {
    const runtime = await start();
    const words = sharedWords();
    const lease = runtime.pool.acquire(64 * KiB);
    const held = runtime.run({ do: 'hold', bytes: 100, count: 1, words, lease });
    await raised(words, 0);
    const { memory } = runtime.snapshot();
    expect([memory.loanBytes, memory.inTransitBytes, memory.totalBytes]).toEqual([64 * KiB, 0, 68 * KiB]);
    expect(memory.byTier.small.usedBytes).toBe(4 * KiB);
    raise(words, 1);
    await held;
    expect(runtime.snapshot().memory.loanBytes).toBe(0);
  });

  it('counts allocations, reuse, sizes and what requests waste', async () => {
    const runtime = await start();
    for (let round = 0; round < 4; round++) {
      const leases = runtime.pool.acquireAll([1024, 32 * KiB, MiB]);
      for (const lease of leases) lease.release();
    }
    const { pool, usage, patterns, flow } = runtime.snapshot();
    expect([pool.acquires, pool.allocations, pool.allocatedBytes, pool.freedBytes]).toEqual([
      12,
      3,
      MiB + 68 * KiB,
      0,
    ]);
    expect(usage.reuseRate).toBe(0.75);
    expect(usage.efficiency).toBeCloseTo((MiB + 33 * KiB) / (MiB + 68 * KiB), 10);
    expect(patterns.sizes).toMatchObject({ unit: 'B', count: 12, max: MiB, mean: (MiB + 33 * KiB) / 3 });
    expect(patterns.sizesByTier.small).toMatchObject({ count: 4, p50: 1024, max: 1024 });
    expect(usage.lifetimes.count).toBeGreaterThan(0);
    expect(flow).toEqual([{ acquiredBy: 0, releasedBy: 0, leases: 12 }]);
  });

  it('keeps counting where a worker died, and its flow under one name for all that are gone', async () => {
    const runtime = await start();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 2 });
    const before = runtime.snapshot();
    await expect(runtime.run({ do: 'exit', bytes: 1 })).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await runtime.run({ do: 'hoard', bytes: 100, count: 1 });
    const after = runtime.snapshot();
    expect(after.pool.allocatedBytes).toBeGreaterThan(before.pool.allocatedBytes);
    expect(after.pool.acquires).toBeGreaterThan(before.pool.acquires);
    expect(after.flow).toContainEqual({ acquiredBy: -1, releasedBy: -1, leases: 2 });
    expect(after.memory.totalBytes).toBe(4 * KiB);
  });

  it('shows what an idle worker recorded in its last task, soon after', async () => {
    const runtime = await start();
    await runtime.run({ do: 'hoard', bytes: 100, count: 5 });
    // No further task: the worker tells of it by itself.
    while (runtime.snapshot().patterns.sizes.count < 5) await soon();
    expect(runtime.snapshot().usage.efficiency).toBeCloseTo(100 / 4096, 6);
  });

  it('refuses figures of a job that would spoil all others', async () => {
    const runtime = await start();
    for (const bytes of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
      await expect(runtime.run({ do: 'report', bytes: bytes as number })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      });
    }
    expect(await runtime.run({ do: 'report', bytes: 4096 })).toBe(4800);
    expect(runtime.snapshot().shards[1].processedBytes).toBe(4096);
  });

  it('ends intervals of histograms and rates, beside the totals', async () => {
    const runtime = await start();
    runtime.pool.acquire(100).release();
    let snapshot = runtime.snapshot();
    expect([snapshot.latency.byCause.fresh.count, snapshot.intervalLatency.byCause.fresh.count]).toEqual([
      1, 0,
    ]);
    expect([snapshot.patterns.sizes.count, snapshot.patterns.intervalSizes.count]).toEqual([1, 0]);
    expect(snapshot.patterns.intervalSizesByTier).toEqual({});
    while (snapshot.intervalLatency.byCause.fresh.count === 0) {
      await runtime.run({ do: 'hoard', bytes: 100, count: 1 });
      await soon();
      snapshot = runtime.snapshot();
    }
    const { requestsPerSecond, intervalSizes, intervalSizesByTier } = snapshot.patterns;
    expect(requestsPerSecond).toBeGreaterThan(0);
    expect(intervalSizes).toMatchObject({ unit: 'B', p50: 100, max: 100 });
    expect(intervalSizesByTier).toEqual({ small: intervalSizes });
    // What is over is in the total only.
    while (runtime.snapshot().intervalLatency.byCause.fresh.count > 0) {
      await runtime.run({ do: 'hoard', bytes: 100, count: 1 });
      await soon();
    }
    expect(runtime.snapshot().latency.byCause.fresh.count).toBeGreaterThanOrEqual(1);
  });

  it('ends intervals of pauses, beside the totals', async () => {
    const runtime = await start();
    const pauses = () => {
      const { gc, intervalGc } = runtime.snapshot().cleanup;
      return [gc, intervalGc].map((of) => of.find(({ shard }) => shard === 0)!.byKind.minor);
    };
    let [all, last] = pauses();
    // Until there were some in two intervals.
    while (last.count === 0 || all.count === last.count) {
      // What lives for long by habit is allocated where no minor collection comes: so it is asked for.
      globalThis.gc?.({ type: 'minor', execution: 'sync' });
      await runtime.run({ do: 'hoard', bytes: 100, count: 1 });
      await soon();
      [all, last] = pauses();
    }
    expect(all.count).toBeGreaterThan(last.count);
    expect(all.sum).toBeGreaterThan(last.sum);
  });

  it('is judged by thresholds that can be set', async () => {
    const { runtime: started } = await startRuntime('pooling', {
      threads: 1,
      health: { hitRatio: { warn: 1.5, fail: 1.2 } },
    });
    runtime = started;
    for (let at = 0; at < 200; at++) started.pool.acquire(100).release();
    const { verdict, checks } = started.health();
    expect([verdict, checks.hitRatio.state, checks.poolUtilization.state]).toEqual(['fail', 'fail', 'ok']);
    await expect(
      startRuntime('pooling', { threads: 1, health: { hits: {} } as never }),
    ).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});
