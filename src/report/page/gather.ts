/** Distributions of a run: each recorded histogram is unpacked once and added up by series, by cause, by tier and over time. Pure. */
import type { IntervalLine } from '../../telemetry/recording/lines.ts';
import { type Cut, lowestAt } from '../encoded-histogram.ts';
import { countsOf, cutOfSeries, type Merged, mergeBy } from '../histograms.ts';
import type { HeatData } from './data.ts';

const ROWS_PER_DECADE = 8;

export interface Gathered {
  /** By the name of their series, `latency/fresh/large`; with `all` in place of cause, tier or both their sums. */
  readonly latency: ReadonlyMap<string, Merged>;
  /** By the name of their series: lifetimes, queue, service. */
  readonly others: ReadonlyMap<string, Merged>;
  /** By thread, all kinds; and by the names of their series. */
  readonly pausesByShard: ReadonlyMap<number, Merged>;
  readonly pausesByKind: ReadonlyMap<string, Merged>;
}

export function gather(intervals: readonly IntervalLine[]): Gathered {
  const latencies = (keyOf: (cause: string, tier: string) => string) =>
    mergeBy(intervals, (name) => {
      const [family, cause, tier] = name.split('/');
      return family === 'latency' ? keyOf(cause, tier) : null;
    });
  return {
    latency: new Map([
      ...latencies(() => 'latency/all/all'),
      ...latencies((_, tier) => `latency/all/${tier}`),
      ...latencies((cause) => `latency/${cause}/all`),
      ...latencies((cause, tier) => `latency/${cause}/${tier}`),
    ]),
    others: mergeBy(intervals, (name) => (/^(lifetime\/|queue$|service$)/.test(name) ? name : null)),
    pausesByShard: mergeBy(intervals, (name, shard) => (name.startsWith('gc/') ? shard : null)),
    pausesByKind: mergeBy(intervals, (name) => (name.startsWith('gc/') ? name : null)),
  };
}

/** One column for each of `buckets`, which are intervals that go together in time. */
export function heatOf(buckets: readonly (readonly IntervalLine[])[]): HeatData {
  const all: number[][] = [];
  const slow: number[][] = [];
  for (const bucket of buckets) {
    const column: number[] = [];
    const slowColumn: number[] = [];
    for (const { series } of bucket) {
      for (const one of series) {
        const name = one[0];
        if (!name.startsWith('latency/')) continue;
        const rows = rowsOf(cutOfSeries(name));
        const counts = countsOf(one);
        const isHit = name.startsWith('latency/hit/');
        for (let at = 0; at < counts.length; at += 2) {
          const row = rows[counts[at]];
          column[row] = (column[row] ?? 0) + counts[at + 1];
          if (!isHit) slowColumn[row] = (slowColumn[row] ?? 0) + counts[at + 1];
        }
      }
    }
    all.push(fromFirst(column));
    slow.push(fromFirst(slowColumn));
  }
  const layers = [
    { name: 'all requests', columns: all },
    { name: 'without hits', columns: slow },
  ];
  return { rowsPerDecade: ROWS_PER_DECADE, layers };
}

const rowsByCut = new Map<Cut, Uint16Array>();

/** In which row of the heat map the middle of an index's values lies. */
function rowsOf(cut: Cut): Uint16Array {
  let rows = rowsByCut.get(cut);
  if (rows === undefined) {
    rows = Uint16Array.from({ length: cut.length }, (_, index) => {
      const middle = (lowestAt(index, cut) + lowestAt(index + 1, cut) - 1) / 2;
      return Math.max(0, Math.floor(Math.log10(Math.max(1, middle)) * ROWS_PER_DECADE));
    });
    rowsByCut.set(cut, rows);
  }
  return rows;
}

function fromFirst(rows: readonly number[]): number[] {
  const first = rows.findIndex((count) => count > 0);
  return first < 0 ? [] : [first, ...Array.from(rows.slice(first), (count) => count ?? 0)];
}
