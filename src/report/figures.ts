/** The figures of a recorded run that a summary and a document of JSON have in common. Pure. */
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { type Merged, mergeBy, valueAt } from './histograms.ts';
import type { RecordedRun } from './recorded-run.ts';

/** In the unit of its values; `count` is the sum of their weights. Percentiles are to two digits, `sum` and `max` exact. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Exact, from counters. */
export interface Served {
  readonly requests: number;
  /** From memory already pooled: own list, mailbox, next tier up. */
  readonly pooled: number;
  readonly refused: number;
  readonly byCause: Readonly<Record<CauseName, number>>;
}

const POOLED: readonly CauseName[] = ['hit', 'mailbox', 'larger'];

export function servedBy({ intervals }: RecordedRun): Served {
  const byCause = Object.fromEntries(
    CAUSES.map((cause) => [
      cause,
      intervals.reduce((sum, { served }) => sum + (served[cause]?.reduce((a, b) => a + b) ?? 0), 0),
    ]),
  ) as Record<CauseName, number>;
  return {
    requests: CAUSES.reduce((sum, cause) => sum + byCause[cause], 0),
    pooled: POOLED.reduce((sum, cause) => sum + byCause[cause], 0),
    refused: byCause.refused,
    byCause,
  };
}

/** Only what was timed. */
export function latencyByCause({ intervals }: RecordedRun): Map<CauseName, Distribution> {
  return distributions(
    mergeBy(intervals, (name) => (name.startsWith('latency/') ? (name.split('/')[1] as CauseName) : null)),
  );
}

export function distributions<Key>(merged: ReadonlyMap<Key, Merged>): Map<Key, Distribution> {
  return new Map(Array.from(merged, ([key, one]) => [key, distributionOf(one)]));
}

export function distributionOf(merged: Merged): Distribution {
  const { totalCount } = merged.histogram;
  return {
    count: totalCount,
    sum: merged.sum,
    mean: totalCount > 0 ? merged.sum / totalCount : 0,
    p50: valueAt(merged, 50),
    p90: valueAt(merged, 90),
    p99: valueAt(merged, 99),
    p999: valueAt(merged, 99.9),
    max: merged.max,
  };
}
