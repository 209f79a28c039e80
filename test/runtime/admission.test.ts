import { afterEach, describe, expect, it } from 'vitest';
import { KiB, type Lease, MiB, type Runtime } from '../../src/index.ts';
import { PATIENCE_MS, raise, raised, sharedWords, startRuntime } from './started.ts';

describe('a runtime', () => {
  let runtime: Runtime | undefined;
  afterEach(async () => {
    const report = await runtime?.close();
    if (report !== undefined) expect(report.endBytes).toBe(0);
    runtime = undefined;
  });

  it('never lets jobs that declared their need wait for memory while they hold some', async () => {
    const started = await startRuntime('pooling', { budgetBytes: 10 * MiB, blockBytes: 4 * KiB });
    runtime = started.runtime;
    // Two of them together want more than there is: each takes 3 MiB, then 3 MiB more.
    const jobs = Array.from({ length: 8 }, () =>
      started.runtime.run({ do: 'twice', bytes: MiB, count: 3 }, { needBytes: 6 * MiB }),
    );
    await Promise.all(jobs);
    const { latency, pool } = runtime.snapshot();
    expect([latency.byCause.refused.count, pool.refused]).toEqual([0, 0]);
  });

  it('keeps that promise in an emergency that they cause themselves, for direct allocations too', async () => {
    const words = sharedWords();
    const started = await startRuntime('pooling', {
      threads: 4,
      budgetBytes: 64 * MiB,
      acquireTimeoutMs: PATIENCE_MS,
      safety: 'off',
      log: { write: ({ event }) => void (event === 'emergency' && raise(words, 1)), close: () => {} },
    });
    runtime = started.runtime;
    const [outer, inner] = [14 * MiB, 1.5 * MiB];
    // All go on until there is an emergency, and those that start in it work as well.
    const order = { do: 'nested', outer, inner, rounds: 1000, words };
    const jobs = Array.from({ length: 8 }, () => started.runtime.run(order, { needBytes: [outer, inner] }));
    await Promise.all(jobs);
    const { cleanup, latency, pool, tasks } = runtime.snapshot();
    expect([tasks.succeeded, latency.byCause.waited.count, pool.refused]).toEqual([8, 0, 0]);
    expect(cleanup.emergencies).toBeGreaterThan(0);
  });

  it('has idle memory of a busy shard cleared for a task that needs it', async () => {
    const started = await startRuntime('pooling', { budgetBytes: 8 * MiB, blockBytes: 4 * KiB });
    runtime = started.runtime;
    const words = sharedWords();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 4 });
    await runtime.run({ do: 'hoard', bytes: MiB, count: 4 });
    const busy = runtime.run({ do: 'touch-until', words });
    await raised(words, 0);
    await runtime.run({ do: 'hoard', bytes: MiB, count: 7 }, { needBytes: 7 * MiB });
    raise(words, 1);
    await busy;
    expect(runtime.snapshot().pool.refused).toBe(0);
  });

  it('has what results brought for a task that needs it, and for requests of the main thread', async () => {
    const started = await startRuntime('pooling', { budgetBytes: 8 * MiB, blockBytes: 4 * KiB });
    runtime = started.runtime;
    const words = sharedWords();
    const leases = await runtime.run<Lease[]>({ do: 'produce', bytes: MiB, count: 7 });
    const busy = runtime.run({ do: 'touch-until', words });
    await raised(words, 0);
    for (const lease of leases) lease.release();
    for (const lease of runtime.pool.acquireAll([MiB, MiB, MiB, MiB])) lease.release();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 7 }, { needBytes: 7 * MiB });
    raise(words, 1);
    await busy;
    expect(runtime.snapshot().pool.refused).toBe(0);
  });

  it('starts tasks in the order of their calls, so that a large one is not overtaken for ever', async () => {
    const { runtime: started } = await startRuntime('pooling', { budgetBytes: 4 * MiB, blockBytes: 4 * KiB });
    runtime = started;
    const words = sharedWords();
    const order: string[] = [];
    const holding = started.run({ do: 'hold', bytes: MiB, count: 1, words }, { needBytes: MiB });
    await raised(words, 0);
    const large = started
      .run({ do: 'hoard', bytes: MiB, count: 4 }, { needBytes: 4 * MiB })
      .then(() => order.push('large'));
    const small = Array.from({ length: 4 }, () =>
      started.run({ do: 'hoard', bytes: 100, count: 1 }, { needBytes: 4096 }).then(() => order.push('small')),
    );
    expect(started.snapshot().tasks).toMatchObject({ running: 1, queued: 5 });
    raise(words, 1);
    await Promise.all([holding, large, ...small]);
    expect(order).toEqual(['large', 'small', 'small', 'small', 'small']);
  });

  it('refuses a task for whose need nobody makes room, and runs the next', async () => {
    const { runtime: started } = await startRuntime('pooling', {
      budgetBytes: 4 * MiB,
      blockBytes: 4 * KiB,
      acquireTimeoutMs: 50,
    });
    runtime = started;
    using _lease = started.pool.acquire(MiB);
    const refused = started.run({ do: 'hoard', bytes: MiB, count: 4 }, { needBytes: 4 * MiB, name: 'large' });
    const next = started.run({ do: 'hoard', bytes: 100, count: 1 }, { needBytes: 4096 });
    const others = Array.from({ length: 20 }, () =>
      started.run({ do: 'hoard', bytes: MiB, count: 4 }, { needBytes: 4 * MiB }),
    );
    const codes = (await Promise.allSettled([refused, ...others])).map(
      (ended) => ended.status === 'rejected' && ended.reason.code,
    );
    // All of them together, and not one after the other.
    expect([...new Set(codes)]).toEqual(['ERR_BUDGET_EXHAUSTED']);
    await next;
    expect(started.snapshot().tasks).toMatchObject({ failed: 21, succeeded: 1, queued: 0 });
  });
});
