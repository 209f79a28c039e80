import { type DataPoint, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it } from 'vitest';
import { METRICS } from '../../src/telemetry/metrics.ts';
import { observe } from '../../src/telemetry/opentelemetry.ts';
import { snapshotWith } from './snapshot-fixture.ts';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

let provider: MeterProvider;
afterEach(() => provider.shutdown());

function started(snapshot = () => snapshotWith(), options = {}) {
  const reader = new Reader();
  provider = new MeterProvider({ readers: [reader] });
  const observing = observe({ snapshot }, provider.getMeter('test'), options);
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  return { observing, collect };
}

type Collected = Awaited<ReturnType<ReturnType<typeof started>['collect']>>;

function value(metrics: Collected, name: string, attributes: Record<string, string> = {}): unknown {
  const points = metrics.find(({ descriptor }) => descriptor.name === name)
    ?.dataPoints as DataPoint<number>[];
  const wanted = JSON.stringify(Object.entries(attributes).sort());
  return points.find((point) => JSON.stringify(Object.entries(point.attributes).sort()) === wanted)?.value;
}

describe('a meter', () => {
  it('tells runtimes apart by an attribute', async () => {
    const metrics = await started(undefined, { runtime: 'uploads' }).collect();
    const points = metrics.flatMap(({ dataPoints }) => dataPoints as DataPoint<number>[]);
    expect(points.length).toBeGreaterThan(50);
    expect(points.filter(({ attributes }) => attributes.runtime !== 'uploads')).toEqual([]);
  });

  it('gets every metric, with its unit and sentence', async () => {
    const metrics = await started().collect();
    const described = new Map(metrics.map(({ descriptor }) => [descriptor.name, descriptor]));
    for (const { name, unit, help } of METRICS) {
      expect(described.get(name), name).toMatchObject({ unit, description: help });
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ['millpond.budget.used', {}, 39_845_888],
    ['millpond.pool.acquires', { tier: 'large' }, 340],
    ['millpond.gc.pause', { shard: '1', kind: 'minor', quantile: '0.5' }, 4e-4],
    ['millpond.gc.pause.count', { shard: '1', kind: 'minor' }, 41],
    ['millpond.gc.pause.sum', { shard: '1', kind: 'minor' }, 41 * 6e-4],
    ['millpond.health.verdict', { verdict: 'ok' }, 1],
  ])('has %s %j as %d', async (name, attributes, expected) => {
    expect(value(await started().collect(), name, attributes)).toBeCloseTo(expected, 12);
  });

  it('gets counters as monotonic sums of totals, not of differences', async () => {
    let leaks = 3;
    const { collect } = started(() => snapshotWith({ leaks }));
    await collect();
    leaks = 5;
    const metrics = await collect();
    expect(value(metrics, 'millpond.leaked.leases')).toBe(5);
    expect(metrics.find(({ descriptor }) => descriptor.name === 'millpond.leaked.leases')).toMatchObject({
      isMonotonic: true,
    });
  });

  it('gets counts and sums of distributions as monotonic', async () => {
    const metrics = await started().collect();
    const summaries = METRICS.filter(({ kind }) => kind === 'summary');
    expect(summaries.length).toBeGreaterThan(0);
    for (const { name } of summaries) {
      for (const part of ['count', 'sum']) {
        const instrument = metrics.find(({ descriptor }) => descriptor.name === `${name}.${part}`);
        expect(instrument, `${name}.${part}`).toMatchObject({ isMonotonic: true });
      }
    }
  });

  it('costs one snapshot for each collection', async () => {
    let taken = 0;
    const { collect } = started(() => {
      taken++;
      return snapshotWith();
    });
    await collect();
    await collect();
    expect(taken).toBe(2);
  });

  it('hears nothing more after stop', async () => {
    let taken = 0;
    const { observing, collect } = started(() => {
      taken++;
      return snapshotWith();
    });
    observing.stop();
    await collect();
    expect(taken).toBe(0);
  });
});
