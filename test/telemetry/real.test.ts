/** What a real runtime shows, through everything that shows it. */
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { render } from '../../src/cli/watch-view.ts';
import type { Runtime } from '../../src/index.ts';
import { METRICS } from '../../src/telemetry/metrics.ts';
import { observe } from '../../src/telemetry/opentelemetry.ts';
import { register } from '../../src/telemetry/prometheus.ts';
import type { Snapshot } from '../../src/telemetry/snapshot.ts';
import { HEADS, heads } from '../cli/view.ts';
import { startRuntime } from '../runtime/started.ts';
import { readExposition } from './exposition.ts';
import { snapshotWith } from './snapshot-fixture.ts';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

let runtime: Runtime;
let snapshot: Snapshot;
beforeAll(async () => {
  const named = { studio: { weight: 4 }, trial: { weight: 0.5 } };
  ({ runtime } = await startRuntime('pooling', { tenants: { named } }));
  // The system takes milliseconds for each direct allocation.
  const orders = [
    { bytes: 1000, rounds: 260 },
    { bytes: 50_000, rounds: 260 },
    { bytes: 500_000, rounds: 260 },
    { bytes: 3_000_000, rounds: 20 },
  ].map((order) => ({ do: 'churn', count: 3, ...order }));
  await Promise.all(orders.map((order) => runtime.run(order)));
  snapshot = runtime.snapshot();
});
afterAll(() => runtime.close());

/** The paths of all figures; what a list holds counts once. */
function shape(node: unknown, path = ''): string[] {
  if (Array.isArray(node)) return node.flatMap((entry) => shape(entry, `${path}[]`));
  if (typeof node !== 'object' || node === null) return [path];
  return Object.entries(node).flatMap(([key, value]) => shape(value, `${path}.${key}`));
}

describe('a real runtime', () => {
  it('has the figures that the fixture of the tests has, and no other', () => {
    // What happened differs: which decisions were made, and which tiers and causes served how many requests.
    const steady = (of: Snapshot) =>
      [...new Set(shape({ ...of, decisions: { ...of.decisions, recent: [], shadow: null } }))]
        .filter((path) => !/^\.(intervalL|l)atency\.byTier|^\.patterns\.(intervalS|s)izesByTier/.test(path))
        // Threads are there after the first interval.
        .filter((path) => snapshot.cpu.byShard.length > 0 || !path.startsWith('.cpu.byShard'))
        .map((path) => path.replace(/^(\.tasks\.byJob)\.\w+/, '$1'))
        .map((path) => path.replace(/^(\.cpu\.[\w.[\]]+)\.(raw|smoothed)$/, '$1'))
        .sort();
    expect([...new Set(steady(snapshot))]).toEqual([...new Set(steady(snapshotWith()))]);
  });

  it('is shown to Prometheus in the format, with its totals', async () => {
    const families = readExposition(await register(runtime).metrics());
    expect(families).toHaveLength(METRICS.length);
    const sum = (name: string): number =>
      families.find((family) => family.name === name)!.samples.reduce((all, { value }) => all + value, 0);
    expect(sum('millpond_pool_acquires_total')).toBe(snapshot.pool.acquires);
    expect(sum('millpond_pool_acquires_total')).toBe(2400);
    expect(sum('millpond_pool_allocated_bytes_total')).toBe(snapshot.pool.allocatedBytes);
    expect(sum('millpond_tasks_ended_total')).toBe(4);
    expect(sum('millpond_health_verdict')).toBe(1);
    for (const { samples } of families) {
      for (const sample of samples) expect(Number.isFinite(sample.value), sample.name).toBe(true);
    }
  });

  it('is shown to OpenTelemetry', async () => {
    const reader = new Reader();
    const provider = new MeterProvider({ readers: [reader] });
    observe(runtime, provider.getMeter('millpond'));
    const { resourceMetrics, errors } = await reader.collect();
    await provider.shutdown();
    expect(errors).toEqual([]);
    const releases = resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === 'millpond.pool.releases')!;
    expect(releases.dataPoints.reduce((sum, { value }) => sum + (value as number), 0)).toBe(2400);
  });

  it('is shown live', () => {
    const progress = {
      doneSeconds: 1,
      totalSeconds: 2,
      files: 1,
      failed: 0,
      totalFiles: 2,
      elapsedSeconds: 3,
    };
    const lines = render(snapshot, progress, { columns: 120, rows: 40, colour: false }).split('\n');
    expect(heads(lines).slice(0, HEADS.length)).toEqual(HEADS);
    expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });
});
