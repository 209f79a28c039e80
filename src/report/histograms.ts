/** Distributions of a recording, put together from its intervals. Holds nothing. */
import { createWideHistogram, decodeCompressed, type WideHistogram } from '../telemetry/hdr.ts';
import { type IntervalLine, SERIES_NAMES, type SeriesName } from '../telemetry/recording/lines.ts';
import { BOUNDS, LIFETIMES } from '../telemetry/series.ts';

/** Values of one or several series; percentiles are the histogram's, `max` and `sum` are exact. */
export interface Merged {
  readonly histogram: WideHistogram;
  readonly max: number;
  readonly sum: number;
}

/**
 * Everything that these intervals hold of the series that are picked; null when that is nothing. All of them must be of one
 * unit: nanoseconds, or bytes.
 */
export function merge(
  intervals: readonly IntervalLine[],
  pick: (series: SeriesName, shard: number) => boolean,
): Merged | null {
  let histogram: WideHistogram | null = null;
  let max = 0;
  let sum = 0;
  for (const { series } of intervals) {
    for (const [name, shard, encoded, most, total] of series) {
      if (!pick(name, shard)) continue;
      histogram ??= createWideHistogram(rangeOf(name));
      histogram.add(decodeCompressed(encoded));
      max = Math.max(max, most);
      sum += total;
    }
  }
  return histogram && { histogram, max, sum };
}

/** At `percentile`, 0 to 100. A histogram gives the upper end of a bucket, which may lie above the largest value there was. */
export function valueAt({ histogram, max }: Merged, percentile: number): number {
  return Math.min(histogram.getValueAtPercentile(percentile), max);
}

/** Tasks wait and run for up to a day, as leases live. */
function rangeOf(name: SeriesName): (typeof BOUNDS)[number] {
  return BOUNDS[SERIES_NAMES.indexOf(name)] ?? BOUNDS[LIFETIMES];
}
