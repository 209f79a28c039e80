/**
 * What a page shows: plain data. Times are seconds since the start of a run, durations nanoseconds, sizes
 * bytes, shares 0 to 1. Types only: Node fills them in, and the browser reads those that it draws.
 */

import type { Stats } from '../../telemetry/stats.ts';
import type { Comparison } from '../comparison.ts';
import type { EndedTasks, JobFigures } from '../figures.ts';

export interface PageData {
  readonly runs: readonly RunData[];
  readonly comparison: Comparison | null;
  /** Between two requests of one caller, where it was given. */
  readonly expectedIntervalNs: number | null;
}

/** What the page holds for its script: figures, and no names. */
export interface DrawnData {
  readonly runs: readonly DrawnRun[];
  /** Where percentile curves have their points: 1/(1-p). */
  readonly nines: readonly number[];
}

export type DrawnRun = Pick<
  RunData,
  'budget' | 'curves' | 'lifetimes' | 'time' | 'heat' | 'decisions' | 'recoveries'
> & {
  readonly gc: Pick<GcData, 'kinds'>;
};

export interface RunData {
  readonly origin: string;
  readonly label: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly threads: number;
  readonly fileBytes: number;
  /** It has an end. */
  readonly ended: boolean;
  /** Sentences: of the file, of workers that were lost. */
  readonly remarks: readonly string[];
  readonly machine: string;
  readonly versions: string;
  /** Name and value. */
  readonly options: readonly (readonly [string, string])[];
  readonly verdict: VerdictData;
  readonly budget: { readonly limitBytes: number; readonly peakBytes: number };
  readonly hits: { readonly served: number; readonly pooled: number; readonly refused: number };
  readonly causes: readonly CauseData[];
  readonly waits: Readonly<Record<'queue' | 'service' | 'allocation', Stats | null>>;
  readonly curves: readonly CurveData[];
  readonly lifetimes: readonly CurveData[];
  readonly gc: GcData;
  readonly time: TimeData;
  readonly heat: HeatData;
  /** Those with most work. */
  readonly workers: readonly WorkerData[];
  readonly hiddenWorkers: number;
  readonly decisions: DecisionsData;
  readonly recoveries: {
    readonly count: number;
    readonly recovered: number;
    readonly longestMs: number;
    /** The first ones, from when to when. */
    readonly spans: readonly (readonly [from: number, to: number])[];
  };
  readonly slowest: readonly TaskData[];
  readonly tasks: EndedTasks;
  /** A sentence; null where none was. */
  readonly refusals: string | null;
  /** Empty where there is one. */
  readonly jobs: readonly JobFigures[];
  readonly moves: readonly MoveData[];
  readonly trust: TrustData;
}

export interface VerdictData {
  readonly state: 'ok' | 'warn' | 'fail';
  readonly sentence: string;
  readonly checks: readonly {
    readonly name: string;
    readonly state: 'ok' | 'warn' | 'fail';
    readonly sentence: string;
  }[];
}

export interface CauseData {
  readonly cause: string;
  /** Exact. */
  readonly served: number;
  /** Null where nothing of it was timed. */
  readonly latency: Stats | null;
}

export interface CurveData {
  /** A cause, a kind of pause or `all`. */
  readonly name: string;
  /** A tier, `all`, or empty where tiers play no part. */
  readonly tier: string;
  readonly stats: Stats;
  /** At each of `nines`, as far as it goes. */
  readonly values: readonly number[];
  /** The same, corrected for coordinated omission; null where it is not. */
  readonly corrected: readonly number[] | null;
}

/** One value a bucket of time in each list. */
export interface TimeData {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** All at the moment of the bucket at which most was used. */
  readonly usedBytes: readonly number[];
  readonly tiers: readonly {
    readonly tier: string;
    readonly used: readonly number[];
    readonly available: readonly number[];
  }[];
  /** Index of the worst level. */
  readonly pressure: readonly number[];
  readonly rssBytes: readonly number[];
  readonly blockBytes: readonly number[];
  readonly cpuProcess: readonly (number | null)[];
  readonly cpuSystem: readonly (number | null)[];
  /** Bytes of audio a second: of each worker, or the least, median and most of many. */
  readonly throughput: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly throughputSum: readonly number[];
  /** The longest pause, by kind; null where there was none. */
  readonly pauses: readonly { readonly kind: string; readonly values: readonly (number | null)[] }[];
}

/**
 * Columns are the buckets of {@link TimeData}; row r holds what took 10^(r/8) to 10^((r+1)/8) nanoseconds.
 */
export interface HeatData {
  readonly rowsPerDecade: number;
  readonly layers: readonly {
    readonly name: string;
    /** Of each column the first row, then the count of it and of those above. */
    readonly columns: readonly (readonly number[])[];
  }[];
}

export interface GcData {
  readonly kinds: readonly CurveData[];
  readonly threads: readonly {
    readonly shard: number;
    readonly pauses: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    /** Of the run's time. */
    readonly share: number;
  }[];
  readonly hiddenThreads: number;
}

interface WorkerData {
  readonly shard: number;
  readonly processedBytes: number;
  readonly bytesPerSecond: number;
  /** In the mean. */
  readonly cpu: number | null;
  readonly mostChargedBytes: number;
}

export interface DecisionsData {
  /** All that there were, by kind. */
  readonly counts: readonly (readonly [kind: string, count: number])[];
  readonly shown: readonly DecisionData[];
}

interface DecisionData {
  readonly number: number;
  readonly at: number;
  readonly kind: string;
  readonly reason: string;
  readonly blockBytes: number | null;
  readonly bytes: number | null;
  /** Of the busy time of worker threads, what requests took when it was decided. */
  readonly requestShare: number | null;
  readonly verdict: string | null;
  readonly recoveredBytes: number | null;
  readonly p99Ratio: number | null;
  readonly throughputRatio: number | null;
  readonly regret: number | null;
}

interface TaskData {
  readonly name: string;
  readonly job: string | null;
  readonly shard: number;
  readonly start: number;
  readonly queue: number;
  readonly service: number;
  readonly outcome: string;
}

export interface MoveData {
  readonly kind: string;
  readonly tier: string;
  readonly from: number;
  readonly to: number;
  /** Moves, and buffers in all of them. */
  readonly times: number;
  readonly count: number;
}

export interface TrustData {
  readonly resolution: number;
  readonly read: number;
  readonly record: number;
  readonly sampleEvery: number;
  readonly digits: number;
  readonly clipped: number;
  readonly intervals: number;
  readonly shortest: number;
  readonly longest: number;
}
