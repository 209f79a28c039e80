/** Distributions of a run: by group of series, by tier, by thread and over time. Pure. */
import type { CauseName } from '../../pool/causes.ts';
import type { TierName } from '../../pool/tiers.ts';
import type { IntervalLine } from '../../telemetry/recording/lines.ts';
import { type Cut, lowestAt } from '../encoded-histogram.ts';
import { countsOf, cutOfSeries, type Merged, mergeBy } from '../histograms.ts';
import { type GroupName, mergeGroups } from '../series-groups.ts';
import type { HeatData } from './data.ts';

const ROWS_PER_DECADE = 8;

export interface Gathered {
  /** `all` in place of cause, tier or both: their sums. */
  latency(cause: CauseName | 'all', tier: TierName | 'all'): Merged | undefined;
  readonly groups: ReadonlyMap<GroupName, Merged>;
  /** By thread, all kinds. */
  readonly pausesByShard: ReadonlyMap<number, Merged>;
}

export function gather(intervals: readonly IntervalLine[]): Gathered {
  const groups = mergeGroups(intervals);
  const byTier = mergeBy(intervals, (name) => {
    const [family, , tier] = name.split('/');
    return family === 'latency' ? tier : null;
  });
  return {
    groups,
    latency: (cause, tier) =>
      cause === 'all' && tier !== 'all'
        ? byTier.get(tier)
        : groups.get(['latency', cause, tier].filter((part) => part !== 'all').join('/')),
    pausesByShard: mergeBy(intervals, (name, shard) => (name.startsWith('gc/') ? shard : null)),
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
