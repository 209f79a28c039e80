/**
 * Distributions of a recording, put together from its intervals. Of each recorded series the counts are kept
 * once they were unpacked, for as long as the series itself is: a report adds up the same ones by cause, by
 * tier and over time.
 */
import {
  SIGNIFICANT_DIGITS,
  valueAtPercentile,
  type WideHistogram,
  wideHistogramOf,
} from '../telemetry/hdr.ts';
import {
  type IntervalLine,
  type RecordedSeries,
  SERIES_NAMES,
  type SeriesName,
} from '../telemetry/recording/lines.ts';
import { BOUNDS, LIFETIMES } from '../telemetry/series.ts';
import { type Cut, cutOf, decodeSparse, type SparseCounts } from './encoded-histogram.ts';

/** Values of one or several series; percentiles are the histogram's, `max` and `sum` are exact. */
export interface Merged {
  readonly histogram: WideHistogram;
  readonly max: number;
  readonly sum: number;
}

/** Tasks wait and run for up to a day, as leases live. */
const CUTS: ReadonlyMap<SeriesName, Cut> = new Map(
  Array.from(
    Map.groupBy(SERIES_NAMES.entries(), ([index]) => BOUNDS[index] ?? BOUNDS[LIFETIMES]),
    ([bounds, entries]) => {
      const cut = cutOf(bounds, SIGNIFICANT_DIGITS);
      return entries.map(([, name]): [SeriesName, Cut] => [name, cut]);
    },
  ).flat(),
);

const unpacked = new WeakMap<RecordedSeries, SparseCounts>();

/** The resolution of the values of a series. */
export function cutOfSeries(name: SeriesName): Cut {
  return CUTS.get(name) as Cut;
}

/** @throws Error that says in a clause what is wrong with the histogram */
export function countsOf(series: RecordedSeries): SparseCounts {
  let counts = unpacked.get(series);
  if (counts === undefined) {
    counts = decodeSparse(series[2], cutOfSeries(series[0]));
    unpacked.set(series, counts);
  }
  return counts;
}

/** All that is needed of an interval here. */
export type SeriesHolder = Pick<IntervalLine, 'series'>;

/** The same by the threads that recorded it, in the order of their numbers. */
export function byThread(intervals: readonly SeriesHolder[]): [shard: number, series: SeriesHolder[]][] {
  const threads = new Map<number, RecordedSeries[]>();
  for (const { series } of intervals) {
    for (const one of series) {
      const own = threads.get(one[1]);
      if (own === undefined) threads.set(one[1], [one]);
      else own.push(one);
    }
  }
  return Array.from(threads, ([shard, series]): [number, SeriesHolder[]] => [shard, [{ series }]]).sort(
    ([a], [b]) => a - b,
  );
}

/**
 * Everything that these intervals hold of the series that are picked; null when that is nothing. All of them
 * must be of one unit: nanoseconds, or bytes.
 */
export function merge(
  intervals: readonly SeriesHolder[],
  pick: (series: SeriesName, shard: number) => boolean,
): Merged | null {
  return mergeBy(intervals, (name, shard) => (pick(name, shard) ? true : null)).get(true) ?? null;
}

/**
 * As {@link merge}, several at once: by key, in the order in which keys came up; null leaves a series out.
 */
export function mergeBy<Key>(
  intervals: readonly SeriesHolder[],
  keyOf: (series: SeriesName, shard: number) => Key | null,
): Map<Key, Merged> {
  const sums = new Map<Key, Sum>();
  for (const { series } of intervals) {
    for (const one of series) {
      const key = keyOf(one[0], one[1]);
      if (key === null) continue;
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = new Sum();
        sums.set(key, sum);
      }
      sum.add(one);
    }
  }
  return new Map(Array.from(sums, ([key, sum]) => [key, sum.merged()]));
}

/** At `percentile`, 0 to 100. */
export function valueAt({ histogram, max }: Merged, percentile: number): number {
  return valueAtPercentile(histogram, max, percentile);
}

class Sum {
  readonly #counts = new Map<Cut, Float64Array>();
  #max = 0;
  #sum = 0;

  add(series: RecordedSeries): void {
    const cut = cutOfSeries(series[0]);
    let counts = this.#counts.get(cut);
    if (counts === undefined) {
      counts = new Float64Array(cut.length);
      this.#counts.set(cut, counts);
    }
    const sparse = countsOf(series);
    for (let at = 0; at < sparse.length; at += 2) counts[sparse[at]] += sparse[at + 1];
    this.#max = Math.max(this.#max, series[3]);
    this.#sum += series[4];
  }

  merged(): Merged {
    const [histogram, ...others] = Array.from(this.#counts)
      .sort(([a], [b]) => b.highest - a.highest)
      .map(([cut, counts]) => wideHistogramOf(cut, counts));
    for (const other of others) histogram.add(other);
    return { histogram, max: this.#max, sum: this.#sum };
  }
}
