/**
 * Prometheus metrics by prom-client, which nothing else loads. The values are the snapshot's own totals, set
 * anew for each scrape: nothing is counted here that could drift.
 */
import { Counter, Gauge, Registry, Summary } from 'prom-client';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import { queueMicrotask } from '../timers.ts';
import { METRICS, type Metric, QUANTILES, type SnapshotSource } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';

const RUNTIME = 'runtime';

/**
 * All metrics of a snapshot in Prometheus' text format, version 0.0.4, to be sent as
 * `text/plain; version=0.0.4; charset=utf-8`.
 */
export function prometheusText(snapshot: Snapshot): Promise<string> {
  return register({ snapshot: () => snapshot }).metrics();
}

export interface RegisterOptions {
  /** The value of the label `runtime`, which tells the runtimes of one registry apart. Default: no label. */
  readonly runtime?: string;
}

/**
 * Puts all metrics of a runtime into a registry, which asks the runtime for one snapshot each time it is
 * read. A registry takes any number of runtimes: they share its metrics, and each has a label of its own.
 * @param registry default: a new one
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when the registry has a runtime of this label;
 * Error (prom-client's own) when it has other metrics of these names
 */
export function register(
  runtime: SnapshotSource,
  registry: Registry = new Registry(),
  options: RegisterOptions = {},
): Registry {
  const sources = sourcesOf(registry);
  const label = options.runtime ?? '';
  if (sources.has(label)) throw taken(label);
  sources.set(label, new Source(runtime));
  return registry;
}

/** Takes a runtime out of a registry again, for example when it has closed. */
export function unregister(runtime: SnapshotSource, registry: Registry): void {
  const sources = sourcesOf(registry);
  for (const [label, source] of sources) if (source.runtime === runtime) sources.delete(label);
}

/** A runtime, with its snapshot for one reading of its registry. */
class Source {
  readonly runtime: SnapshotSource;
  #taken: Snapshot | null = null;

  constructor(runtime: SnapshotSource) {
    this.runtime = runtime;
  }

  snapshot(): Snapshot {
    if (this.#taken === null) {
      this.#taken = this.runtime.snapshot();
      // A registry collects all its metrics in one go; whatever comes later is another reading.
      queueMicrotask(() => {
        this.#taken = null;
      });
    }
    return this.#taken;
  }
}

/** The runtimes of a registry, by their labels; '' for the one without. */
type Sources = Map<string, Source>;

const known = new WeakMap<Registry, Sources>();

/** Of a registry that is new to this, or was cleared, the metrics are made. */
function sourcesOf(registry: Registry): Sources {
  const before = known.get(registry);
  if (before !== undefined && registry.getSingleMetric(prometheusName(METRICS[0])) !== undefined)
    return before;
  const sources: Sources = new Map();
  for (const metric of METRICS) add(metric, sources, registry);
  known.set(registry, sources);
  return sources;
}

function taken(label: string): MillpondError {
  const [which, remedy] =
    label === ''
      ? ['it has one without a label', "Write register(runtime, registry, { runtime: 'uploads' })."]
      : [`'${escaped(label)}' is taken`, 'Give this one another, or take the other out by unregister().'];
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `The runtimes of one registry have a label each; ${which}. ${remedy}`,
  );
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

function add(metric: Metric, sources: Sources, registry: Registry): void {
  const settings = {
    name: prometheusName(metric),
    help: metric.help,
    labelNames: [...metric.labels, RUNTIME],
    registers: [registry],
  };
  if (metric.kind === 'summary') {
    new GivenSummary(settings, () => summaryValues(metric, settings.name, sources));
    return;
  }
  const { rows } = metric;
  const collect = (instrument: Pick<Gauge, 'reset'>, set: (labels: Labels, value: number) => void) => {
    instrument.reset();
    for (const [label, source] of sources) {
      for (const [values, value] of rows(source.snapshot())) set(labelled(metric, values, label), value);
    }
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

function summaryValues(metric: Metric & { kind: 'summary' }, name: string, sources: Sources): SummaryValues {
  const found: SummaryValues = [];
  for (const [label, source] of sources) {
    for (const [values, stats] of metric.rows(source.snapshot())) {
      const labels = labelled(metric, values, label);
      // What was counted but never timed has no quantiles.
      for (const [quantile, key] of stats.max > 0 ? QUANTILES : []) {
        found.push({ labels: { ...labels, quantile }, value: stats[key] });
      }
      found.push({ metricName: `${name}_sum`, labels, value: stats.sum });
      found.push({ metricName: `${name}_count`, labels, value: stats.count });
    }
  }
  return found;
}

function labelled({ labels }: Metric, values: readonly string[], runtime: string): Labels {
  const named = Object.fromEntries(labels.map((label, at) => [label, values[at]]));
  return runtime === '' ? named : { ...named, [RUNTIME]: runtime };
}
