import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KiB, type LogEvent, MiB, type Runtime, type RuntimeOptions } from '../../src/index.ts';
import { CAUSES } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import { merge, valueAt } from '../../src/report/histograms.ts';
import { readRun } from '../../src/report/read-run.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import type { SeriesName } from '../../src/telemetry/recording/lines.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import type { Stats } from '../../src/telemetry/stats.ts';
import { linesIn } from '../telemetry/recording/lines-in.ts';
import { raise, raised, sharedWords, startRuntime } from './started.ts';

const folder = mkdtempSync(join(tmpdir(), 'millpond-recorded-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** Records a run of a job of the tests, from its start to its end. */
async function recorded(
  options: Partial<RuntimeOptions>,
  use: (runtime: Runtime, path: string) => Promise<void>,
): Promise<{ run: RecordedRun; events: LogEvent[] }> {
  files++;
  const path = join(folder, `${files}.millpond`);
  const { runtime, events } = await startRuntime('pooling', { safety: 'sampled', record: path, ...options });
  try {
    await use(runtime, path);
  } finally {
    expect((await runtime.close()).endBytes).toBe(0);
  }
  return { run: await readRun(path), events };
}

function sum<T>(of: readonly T[], value: (one: T) => number): number {
  return of.reduce((total, one) => total + value(one), 0);
}

function servedBy({ intervals }: RecordedRun, cause: (typeof CAUSES)[number], tier: number): number {
  return sum(intervals, ({ served }) => served[cause]?.[tier] ?? 0);
}

/** The intervals together say of a series what the snapshot at the end says. */
function expectSame(
  { intervals }: RecordedRun,
  stats: Stats | undefined,
  pick: (series: SeriesName, shard: number) => boolean,
): void {
  const merged = merge(intervals, pick);
  if (merged === null) {
    expect(stats?.count ?? 0).toBe(0);
    return;
  }
  expect({
    count: merged.histogram.totalCount,
    max: merged.max,
    sum: merged.sum,
    p50: valueAt(merged, 50),
    p90: valueAt(merged, 90),
    p99: valueAt(merged, 99),
    p999: valueAt(merged, 99.9),
  }).toEqual({
    ...{ count: stats?.count, max: stats?.max, sum: stats?.sum },
    ...{ p50: stats?.p50, p90: stats?.p90, p99: stats?.p99, p999: stats?.p999 },
  });
}

describe.each([1, 64])('the intervals of a real run, one hit in %i recorded,', (sampleEvery) => {
  it('add up to the snapshot at its end, though a worker died, and tasks failed and were cancelled', async () => {
    let exact = 0;
    const { run } = await recorded({ sampleEvery, budgetBytes: 16 * MiB }, async (runtime, path) => {
      const sizes = [1000, 50_000, 500_000, 3 * MiB];
      const round = async (): Promise<void> => {
        const orders = sizes.map((bytes) => ({ do: 'churn', bytes, count: 2, rounds: 300 }));
        await Promise.all(orders.map((order) => runtime.run(order)));
        await runtime.run({ do: 'report', bytes: 12_345 });
        for (let at = 0; at < 500; at++) runtime.pool.acquire(1000).release();
        exact += 12_345;
      };
      await round();
      await linesIn(path, 'interval', 1);
      await expect(runtime.run({ do: 'exit', bytes: 100 })).rejects.toMatchObject({
        code: 'ERR_WORKER_LOST',
      });
      for (const order of [
        { do: 'function', bytes: 1 },
        { do: 'report', bytes: new WeakMap() },
      ]) {
        await expect(runtime.run(order)).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
      }
      const held = runtime.pool.acquire(1000);
      await expect(runtime.run({ do: 'want', bytes: 16 * MiB, timeoutMs: 0 })).rejects.toThrow();
      held.release();
      const words = sharedWords();
      const cancelling = new AbortController();
      const cancelled = runtime.run({ do: 'wait-aborted', words }, { signal: cancelling.signal });
      await raised(words, 0);
      cancelling.abort();
      await expect(cancelled).rejects.toThrow('abort');
      await round();
      await linesIn(path, 'interval', 3);
      await round();
    });
    const { intervals, end, workersLost } = run;
    const snapshot = end!.snapshot;
    expect(intervals.length).toBeGreaterThanOrEqual(4);
    expect(workersLost).toMatchObject([{ exitCode: expect.any(Number), task: 'task 6' }]);

    for (const [tier, name] of TIER_NAMES.entries()) {
      const got = CAUSES.filter((cause) => cause !== 'refused');
      expect(sum(got, (cause) => servedBy(run, cause, tier))).toBe(snapshot.pool.byTier[name].acquires);
      for (const cause of CAUSES) {
        const stats = snapshot.latency.byTier[name][cause];
        expectSame(run, stats, (series) => series === `latency/${cause}/${name}`);
      }
      expectSame(run, snapshot.patterns.sizesByTier[name], (series) => series === `size/${name}`);
    }
    for (const cause of CAUSES) {
      const exactCount = sum([0, 1, 2, 3], (tier) => servedBy(run, cause, tier));
      expect(exactCount).toBe(snapshot.latency.byCause[cause].count);
    }
    expect(servedBy(run, 'hit', 0)).toBeGreaterThan(1500);
    expect(servedBy(run, 'refused', 3)).toBe(1);
    expectSame(run, snapshot.usage.lifetimes, (series) => series.startsWith('lifetime/'));
    for (const { shard, byKind } of snapshot.cleanup.gc) {
      for (const kind of GC_KINDS) {
        expectSame(run, byKind[kind], (series, of) => series === `gc/${kind}` && of === shard);
      }
    }
    expectSame(run, snapshot.cleanup.recovery, (series) => series === 'recovery');
    expect(sum(intervals, ({ clipped }) => clipped)).toBe(
      sum(Object.values(snapshot.clipped), (count) => count),
    );

    const processed = intervals.flatMap(({ shards }) => shards.map(([, , , bytes]) => bytes));
    expect(sum(processed, (bytes) => bytes)).toBe(exact);

    for (const outcome of ['succeeded', 'failed', 'cancelled', 'lost'] as const) {
      expect(sum(intervals, ({ tasks }) => tasks[outcome])).toBe(snapshot.tasks[outcome]);
    }
    expect(snapshot.tasks).toMatchObject({
      succeeded: 15,
      failed: 3,
      cancelled: 1,
      lost: 1,
      queued: 0,
      running: 0,
    });
    expect(merge(intervals, (series) => series === 'queue')!.histogram.totalCount).toBe(20);
    // All ran but the one that could not be sent.
    expect(merge(intervals, (series) => series === 'service')!.histogram.totalCount).toBe(19);
  });
});

describe('a recording of a real run', () => {
  it('tells apart what each thread did, and shows memory as it was before the end', async () => {
    const { run } = await recorded({ sampleEvery: 1 }, async (runtime) => {
      runtime.pool.acquire(1000).release();
      await Promise.all([
        runtime.run({ do: 'hoard', bytes: 50_000, count: 3 }),
        runtime.run({ do: 'hoard', bytes: 500_000, count: 2 }),
      ]);
    });
    const { header, intervals, end } = run;
    expect(header).toMatchObject({
      label: 'pooling',
      options: { threads: 2, sampleEvery: 1 },
      significantDigits: 2,
    });
    const fresh = intervals.flatMap(({ series }) =>
      series.filter(([name]) => name.startsWith('latency/fresh/')),
    );
    expect(fresh.map(([name, shard]) => `${name}@${shard}`).sort()).toEqual([
      expect.stringMatching(/^latency\/fresh\/large@[12]$/),
      expect.stringMatching(/^latency\/fresh\/medium@[12]$/),
      'latency/fresh/small@0',
    ]);
    const last = intervals.at(-1)!;
    const held = 4 * KiB + 3 * 64 * KiB + 2 * MiB;
    expect([last.budget.usedBytes, sum(last.shards, ([, charged]) => charged)]).toEqual([held, held]);
    expect(last.tiers).toMatchObject({ small: [0, 4 * KiB], medium: [0, 3 * 64 * KiB], large: [0, 2 * MiB] });
    expect(end!.snapshot).toMatchObject({
      memory: { totalBytes: held },
      budget: { usedBytes: 0, peakBytes: held },
    });
    expect(end!.snapshot.shards).toHaveLength(3);
  });

  it('holds decisions with their scores, changes of pressure and recoveries', async () => {
    const spoolFolder = folder;
    const { run } = await recorded(
      { budgetBytes: 8 * MiB, reserveBytes: 0, spoolFolder },
      async (runtime, path) => {
        const leases = Array.from({ length: 8 }, () => runtime.pool.acquire(MiB));
        await linesIn(path, 'decision', 1);
        for (const lease of leases) lease.release();
        await linesIn(path, 'recovery', 1);
        // It may be passed on, and says nothing of the folders of its machine.
        expect(readFileSync(path, 'utf8')).not.toContain(folder);
      },
    );
    expect(run.pressures[0]).toMatchObject({ from: 'nominal', to: 'critical', ledgerShare: 1 });
    expect(run.recoveries).toHaveLength(run.end!.snapshot.cleanup.emergencies);
    expect(run.decisions[0]).toMatchObject({ number: 1, kind: 'emergency' });
    expect(run.decisions.map(({ number }) => number)).toEqual(run.decisions.map((_, at) => at + 1));
    expect(run.decisions).toEqual(run.end!.snapshot.decisions.recent);
  });

  it('has in its intervals what a thread recorded that is still in one long synchronous task', async () => {
    let running = 0;
    const { run } = await recorded({ threads: 1, sampleEvery: 1 }, async (runtime, path) => {
      const words = sharedWords();
      const task = runtime.run({ do: 'report-until', words });
      await raised(words, 0);
      // Only this task makes them. Two, as the first interval may have begun before it did.
      await linesIn(path, 'interval', 2, ({ series }) =>
        series.some(([name, shard]) => name === 'latency/hit/small' && shard === 1),
      );
      running = runtime.snapshot().tasks.running;
      raise(words, 1);
      await task;
    });
    expect(running).toBe(1);
    const told = run.intervals.filter((interval) =>
      merge([interval], (series, shard) => series === 'latency/hit/small' && shard === 1),
    );
    expect(told.length).toBeGreaterThanOrEqual(2);
  });

  it('is called what its program calls it', async () => {
    const path = join(folder, 'labelled.millpond');
    const { runtime } = await startRuntime('pooling', { record: { path, label: 'nightly' } });
    await runtime.close();
    expect((await readRun(path)).header.label).toBe('nightly');
  });
});

describe('record', () => {
  it.each([
    [''],
    [5],
    [null],
    [{}],
    [{ path: 5 }],
    [{ path: 'a', label: 5 }],
    ['a\0b'],
  ])('is a path, with or without a label, and not %j', async (record) => {
    await expect(startRuntime('pooling', { record: record as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  it('is a file that can be made, which is found out before anything starts', async () => {
    const events: LogEvent[] = [];
    const log = { write: (event: LogEvent) => events.push(event), close: () => {} };
    for (const record of [folder, join(folder, 'nowhere', 'a')]) {
      await expect(startRuntime('pooling', { record, log })).rejects.toMatchObject({
        code: 'ERR_OUTPUT_WRITE',
      });
    }
    expect(events).toEqual([]);
  });

  it('leaves an older recording alone when another option is wrong', async () => {
    const path = join(folder, 'older.millpond');
    const text = readFileSync(join(folder, '1.millpond'));
    writeFileSync(path, text);
    for (const wrong of [{ threads: 0 }, { shadow: { grow: 'x' } }, { health: { hits: 1 } }, { blocks: 1 }]) {
      await expect(startRuntime('pooling', { record: path, ...wrong } as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      });
    }
    expect(readFileSync(path).equals(text)).toBe(true);
  });

  it('may end early without a word to the run, and one to the log', async () => {
    const { runtime, events } = await startRuntime('pooling', { record: '/dev/full' });
    expect(await runtime.run({ do: 'report', bytes: 4096 })).toBeGreaterThan(0);
    expect(runtime.snapshot().tasks.succeeded).toBe(1);
    expect((await runtime.close()).endBytes).toBe(0);
    expect(events.filter(({ event }) => event === 'recording-ended')).toEqual([
      { event: 'recording-ended', path: '/dev/full', reason: expect.stringContaining('ENOSPC') },
    ]);
  });
});
