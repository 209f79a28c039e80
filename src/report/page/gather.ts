/**
 * Distributions of a run, from one pass over its intervals: decoding them is most of what a page costs, so each is decoded
 * once, and wider sums are made of narrower ones. Pure.
 */
import { forEachCount } from '../../telemetry/hdr.ts';
import type { IntervalLine, RecordedSeries } from '../../telemetry/recording/lines.ts';
import { type Merged, merge } from '../histograms.ts';
import type { HeatData } from './data.ts';

export interface Gathered {
  /** By the name of their series, `latency/fresh/large`; with `all` in place of cause, tier or both their sums. */
  readonly latency: ReadonlyMap<string, Merged>;
  /** By the name of their series. */
  readonly others: ReadonlyMap<string, Merged>;
  /** By thread, all kinds; and by the names of their series. */
  readonly pausesByShard: ReadonlyMap<number, Merged>;
  readonly pausesByKind: ReadonlyMap<string, Merged>;
  readonly heat: HeatData;
}

const ROWS_PER_DECADE = 8;

/** `buckets` are intervals that go together in time. */
export function gather(buckets: readonly (readonly IntervalLine[])[]): Gathered {
  const latency = new Map<string, Merged>();
  const all: number[][] = [];
  const slow: number[][] = [];
  for (const bucket of buckets) {
    const inBucket = mergedBy(bucket, ([name]) => (name.startsWith('latency/') ? name : null));
    const column = new Column();
    const slowColumn = new Column();
    for (const [name, merged] of inBucket) {
      fold(latency, name, merged);
      column.add(merged);
      if (!name.startsWith('latency/hit/')) slowColumn.add(merged);
    }
    all.push(column.counts());
    slow.push(slowColumn.counts());
  }
  for (const [name, merged] of [...latency]) {
    const [, cause, tier] = name.split('/');
    fold(latency, `latency/${cause}/all`, merged);
    fold(latency, `latency/all/${tier}`, merged);
    fold(latency, 'latency/all/all', merged);
  }
  const intervals = buckets.flat();
  const pauses = mergedBy(intervals, ([name, shard]) => (name.startsWith('gc/') ? `${name}/${shard}` : null));
  const pausesByShard = new Map<number, Merged>();
  const pausesByKind = new Map<string, Merged>();
  for (const [key, merged] of pauses) {
    const [, kind, shard] = key.split('/');
    fold(pausesByShard, Number(shard), merged);
    fold(pausesByKind, kind, merged);
  }
  const others = mergedBy(intervals, ([name]) =>
    name.startsWith('lifetime/') || name === 'queue' || name === 'service' ? name : null,
  );
  const layers = [
    { name: 'all requests', columns: all },
    { name: 'without hits', columns: slow },
  ];
  return { latency, others, pausesByShard, pausesByKind, heat: { rowsPerDecade: ROWS_PER_DECADE, layers } };
}

function mergedBy(
  intervals: readonly IntervalLine[],
  keyOf: (series: RecordedSeries) => string | null,
): Map<string, Merged> {
  const grouped = new Map<string, IntervalLine[]>();
  for (const interval of intervals) {
    const bySeries = Map.groupBy(interval.series, keyOf);
    for (const [key, series] of bySeries) {
      if (key === null) continue;
      const lines = grouped.get(key);
      if (lines === undefined) grouped.set(key, [{ ...interval, series }]);
      else lines.push({ ...interval, series });
    }
  }
  const merged = new Map<string, Merged>();
  for (const [key, lines] of grouped) {
    const one = merge(lines, () => true);
    if (one !== null) merged.set(key, one);
  }
  return merged;
}

/** Adds to what the map has; a sum never shares its histogram with a part of it. */
function fold<Key>(sums: Map<Key, Merged>, key: Key, { histogram, max, sum }: Merged): void {
  const old = sums.get(key);
  const target = old?.histogram ?? emptyLike(histogram);
  target.add(histogram);
  sums.set(key, { histogram: target, max: Math.max(max, old?.max ?? 0), sum: sum + (old?.sum ?? 0) });
}

/** One column of the heat map, from its first row on. */
class Column {
  readonly #rows: number[] = [];

  add({ histogram }: Merged): void {
    forEachCount(histogram, (value, count) => {
      const row = Math.max(0, Math.floor(Math.log10(value) * ROWS_PER_DECADE));
      while (this.#rows.length <= row) this.#rows.push(0);
      this.#rows[row] += count;
    });
  }

  counts(): number[] {
    const first = this.#rows.findIndex((count) => count > 0);
    return first < 0 ? [] : [first, ...this.#rows.slice(first)];
  }
}
