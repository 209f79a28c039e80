/**
 * Prometheus metrics by prom-client, which nothing else loads. The values are the snapshot's own totals, set
 * anew for each scrape: nothing is counted here that could drift.
 */
import { Counter, Gauge, Registry, Summary } from 'prom-client';
import { queueMicrotask } from '../timers.ts';
import { METRICS, type Metric, QUANTILES, type SnapshotSource } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * All metrics of a snapshot in Prometheus' text format, version 0.0.4, to be sent as
 * `text/plain; version=0.0.4; charset=utf-8`.
 */
export function prometheusText(snapshot: Snapshot): Promise<string> {
  return register({ snapshot: () => snapshot }).metrics();
}

/**
 * Puts all metrics of a runtime into a registry, which asks the runtime for one snapshot each time it is
 * read.
 * @param registry default: a new one. One registry takes one runtime, since names are the same for each.
 * @throws Error (prom-client's own) when the registry has metrics of these names already.
 */
export function register(runtime: SnapshotSource, registry: Registry = new Registry()): Registry {
  let taken: Snapshot | null = null;
  function snapshot(): Snapshot {
    if (taken === null) {
      taken = runtime.snapshot();
      // A registry collects all its metrics in one go; whatever comes later is another reading.
      queueMicrotask(() => {
        taken = null;
      });
    }
    return taken;
  }
  for (const metric of METRICS) add(metric, snapshot, registry);
  return registry;
}

/**
 * As OpenTelemetry's rules make it of a name and its unit: `millpond.pool.allocated` in bytes is
 * `millpond_pool_allocated_bytes_total`.
 */
export function prometheusName({ name, unit, kind }: Metric): string {
  const words = name.replaceAll('.', '_');
  return `${words}${unitSuffix(unit, kind)}${kind === 'counter' ? '_total' : ''}`;
}

function unitSuffix(unit: Metric['unit'], kind: Metric['kind']): string {
  if (unit === 's') return '_seconds';
  if (unit === 'By') return '_bytes';
  if (unit.endsWith('/s')) return '_per_second';
  return unit === '1' && kind === 'gauge' ? '_ratio' : '';
}

function add(metric: Metric, snapshot: () => Snapshot, registry: Registry): void {
  const settings = {
    name: prometheusName(metric),
    help: metric.help,
    labelNames: metric.labels,
    registers: [registry],
  };
  if (metric.kind === 'summary') {
    new GivenSummary(settings, () => summaryValues(metric, settings.name, snapshot()));
    return;
  }
  const { rows } = metric;
  const collect = (
    instrument: Pick<Gauge, 'reset' | 'remove'>,
    set: (labels: Labels, value: number) => void,
  ) => {
    instrument.reset();
    // Without labels, a reset leaves a 0 where nothing may be known.
    if (metric.labels.length === 0) instrument.remove();
    for (const [values, value] of rows(snapshot())) set(labelled(metric, values), value);
  };
  if (metric.kind === 'counter') {
    new Counter({
      ...settings,
      collect() {
        collect(this, (labels, value) => this.inc(labels, value));
      },
    });
  } else {
    new Gauge({
      ...settings,
      collect() {
        collect(this, (labels, value) => this.set(labels, value));
      },
    });
  }
}

type Labels = Record<string, string>;
type SummaryValues = Awaited<ReturnType<Summary['get']>>['values'];

/** A summary whose quantiles were found elsewhere. */
class GivenSummary extends Summary {
  readonly #values: () => SummaryValues;

  constructor(settings: ConstructorParameters<typeof Summary>[0], values: () => SummaryValues) {
    super(settings);
    this.#values = values;
  }

  override async get(): ReturnType<Summary['get']> {
    const values = this.#values();
    return { ...(await super.get()), values };
  }
}

function summaryValues(
  metric: Metric & { kind: 'summary' },
  name: string,
  snapshot: Snapshot,
): SummaryValues {
  return metric.rows(snapshot).flatMap(([values, stats]) => {
    const labels = labelled(metric, values);
    // What was counted but never timed has no quantiles.
    const quantiles = stats.max > 0 ? QUANTILES : [];
    return [
      ...quantiles.map(([quantile, key]) => ({ labels: { ...labels, quantile }, value: stats[key] })),
      { metricName: `${name}_sum`, labels, value: stats.sum },
      { metricName: `${name}_count`, labels, value: stats.count },
    ];
  });
}

function labelled({ labels }: Metric, values: readonly string[]): Labels {
  return Object.fromEntries(labels.map((label, at) => [label, values[at]]));
}
