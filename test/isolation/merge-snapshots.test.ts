import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { createRuntime, type Snapshot } from '../../src/index.ts';
import { mergeSnapshots } from '../../src/isolation/merge-snapshots.ts';
import { readRun } from '../../src/report/read-run.ts';
import { evaluateHealth } from '../../src/telemetry/health.ts';
import { prometheusText } from '../../src/telemetry/prometheus.ts';
import { readExposition } from '../telemetry/exposition.ts';
import { startIsolated } from './isolated.ts';

const job = new URL('../jobs/deadly.ts', import.meta.url);

/** Of a runtime that did some tasks, each with a lease. */
async function snapshotAfter(tasks: number): Promise<Snapshot> {
  await using runtime = await createRuntime({ job, threads: 1, sampleEvery: 1 });
  for (let task = 0; task < tasks; task++) {
    const lease = runtime.pool.acquire(100 * KiB);
    const { out } = await runtime.run<{ out: typeof lease }>({ do: 'lease', lease, add: 1 });
    out.release();
  }
  return runtime.snapshot();
}

it('the snapshots of several runtimes become one', async () => {
  const all = [await snapshotAfter(1), await snapshotAfter(4), await snapshotAfter(0)];
  const merged = mergeSnapshots(all);
  const sum = (of: (one: Snapshot) => number): number => all.reduce((total, one) => total + of(one), 0);
  const most = (of: (one: Snapshot) => number): number => Math.max(...all.map(of));
  const sums: ((one: Snapshot) => number)[] = [
    ({ threads }) => threads,
    ({ tasks }) => tasks.succeeded,
    ({ tasks }) => tasks.serviceTime.count,
    ({ pool }) => pool.acquires,
    ({ pool }) => pool.allocatedBytes,
    ({ memory }) => memory.totalBytes,
    ({ budget }) => budget.limitBytes,
    ({ pool }) => pool.byTier.medium.hits,
    ({ usage }) => usage.lifetimes.count,
  ];
  for (const of of sums) expect(of(merged), `${of}`).toBe(sum(of));
  expect(merged.tasks.succeeded).toBe(5);
  expect(merged.tasks.serviceTime.max).toBe(most(({ tasks }) => tasks.serviceTime.max));
  expect(merged.uptimeSeconds).toBe(most(({ uptimeSeconds }) => uptimeSeconds));
  const { count, mean } = merged.tasks.serviceTime;
  expect(mean * count).toBeCloseTo(
    sum(({ tasks: { serviceTime } }) => serviceTime.mean * serviceTime.count),
    0,
  );
  const numbers = merged.shards.map(({ shard }) => shard);
  expect(new Set(numbers).size).toBe(sum(({ shards }) => shards.length));
  for (const { acquiredBy, releasedBy } of merged.flow) {
    expect([numbers.includes(acquiredBy), numbers.includes(releasedBy)]).toEqual([true, true]);
  }
  // One that was not measured yet has none.
  const loads = new Set(merged.cpu.byShard.map(({ shard }) => shard));
  expect(loads.size).toBe(sum(({ cpu }) => cpu.byShard.length));
  expect([...loads].filter((shard) => !numbers.includes(shard))).toEqual([]);
  // A busy machine may make it warn.
  expect(Object.keys(evaluateHealth(merged).checks)).toEqual(Object.keys(all[0].health.checks));
  const samples = readExposition(await prometheusText(merged)).flatMap(({ samples }) => samples);
  expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  expect(samples.length).toBeGreaterThan(100);
});

it('each process has a recording that can be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-merged-'));
  try {
    const record = { path: join(folder, 'run.millpond'), label: 'two' };
    const { runner } = await startIsolated('deadly', { processes: 2, threads: 2, record });
    await Promise.all(Array.from({ length: 8 }, () => runner.run({ do: 'echo', value: 1 })));
    await runner.close();
    const names = readdirSync(folder).toSorted();
    expect(names).toEqual(['run-2.millpond', 'run.millpond']);
    const runs = await Promise.all(names.map((name) => readRun(join(folder, name))));
    expect(runs.map(({ header, end }) => [header.label, end !== null])).toEqual([
      ['two', true],
      ['two', true],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
