/**
 * OpenTelemetry metrics over a runtime's snapshot. Only types are taken from `@opentelemetry/api`, so a
 * program without it pays nothing; the caller brings a `Meter`.
 */
import type { Meter, Observable } from '@opentelemetry/api';
import { METRICS, type Metric, QUANTILES, type SnapshotSource } from './metrics.ts';

export interface ObserveOptions {
  /** The value of the attribute `runtime`, which tells several runtimes apart. Default: no attribute. */
  readonly runtime?: string;
}

/**
 * Makes the instruments and observes them together, from one snapshot for each collection. OpenTelemetry has
 * no instrument that takes quantiles as they are; a distribution is a gauge with the attribute `quantile`,
 * beside `.count` and `.sum`.
 * @returns `stop` ends the observing. The instruments stay with the meter, without values.
 */
export function observe(
  runtime: SnapshotSource,
  meter: Meter,
  options: ObserveOptions = {},
): { stop(): void } {
  const named = options.runtime === undefined ? {} : { runtime: options.runtime };
  const instruments = METRICS.map((metric) => instrumentsOf(metric, meter));
  const callback: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const snapshot = runtime.snapshot();
    for (const [at, metric] of METRICS.entries()) {
      const [main, count, sum] = instruments[at];
      const attributes = (values: readonly string[]) => ({
        ...named,
        ...Object.fromEntries(metric.labels.map((label, index) => [label, values[index]])),
      });
      if (metric.kind !== 'summary') {
        for (const [values, value] of metric.rows(snapshot)) result.observe(main, value, attributes(values));
        continue;
      }
      for (const [values, stats] of metric.rows(snapshot)) {
        const common = attributes(values);
        // What was counted but never timed has no quantiles.
        for (const [quantile, key] of stats.max > 0 ? QUANTILES : []) {
          result.observe(main, stats[key], { ...common, quantile });
        }
        result.observe(count, stats.count, common);
        result.observe(sum, stats.sum, common);
      }
    }
  };
  const all = instruments.flat();
  meter.addBatchObservableCallback(callback, all);
  return { stop: () => meter.removeBatchObservableCallback(callback, all) };
}

function instrumentsOf({ kind, name, unit, help }: Metric, meter: Meter): Observable[] {
  const options = { unit, description: help };
  if (kind === 'counter') return [meter.createObservableCounter(name, options)];
  const main = meter.createObservableGauge(name, options);
  if (kind === 'gauge') return [main];
  return [
    main,
    meter.createObservableCounter(`${name}.count`, { description: `${help} How many.` }),
    meter.createObservableCounter(`${name}.sum`, { ...options, description: `${help} Their sum.` }),
  ];
}
