/**
 * The lines of a recording: the telemetry of a run, one JSON object a line, for `millpond report`.
 *
 * The first line is the header; then intervals and events in the order of their time; the last is the end,
 * which a run that crashed does not have. Fields may be added in one version; readers ignore kinds and fields
 * that they do not know. Times are seconds since the start of the runtime. Histograms are HdrHistogram's V2
 * compressed encoding in base64, as in its interval logs. Pure; docs/recording.md is the description for
 * people.
 */

import type { Bytes } from '../../bytes.ts';
import { CAUSES, type CauseName } from '../../pool/causes.ts';
import type { PoolOptions } from '../../pool/options.ts';
import { TIER_NAMES, type TierName } from '../../pool/tiers.ts';
import type { Decision, Score } from '../../regulation/decision.ts';
import type { PressureLevel } from '../../regulation/pressure.ts';
import type { RebalanceMessage } from '../channels.ts';
import type { Refusal } from '../queue-snapshot.ts';
import { GC_KINDS, type GcKind } from '../series.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TaskCounts } from '../task-end.ts';

export const RECORDING_FORMAT = 'millpond.recording';
export const RECORDING_VERSION = 1;

/** Nanoseconds, but for sizes, which are bytes. */
export type SeriesName =
  /** From the request to its lease or refusal, by what served it. Hits are sampled, slow paths never. */
  | `latency/${CauseName}/${TierName}`
  /** From acquire to release; sampled. */
  | `lifetime/${TierName}`
  /** Bytes asked for; sampled as the requests are. */
  | `size/${TierName}`
  /** Pauses of the thread's garbage collector. */
  | `gc/${GcKind}`
  /** From the start of an emergency to its end. */
  | 'recovery'
  /** From a task's acceptance to its start in a worker, and from there to its end. */
  | 'queue'
  | 'service';

export const SERIES_NAMES: readonly SeriesName[] = [
  ...CAUSES.flatMap((cause) => TIER_NAMES.map((tier): SeriesName => `latency/${cause}/${tier}`)),
  ...TIER_NAMES.map((tier): SeriesName => `lifetime/${tier}`),
  ...GC_KINDS.map((kind): SeriesName => `gc/${kind}`),
  'recovery',
  ...TIER_NAMES.map((tier): SeriesName => `size/${tier}`),
  'queue',
  'service',
];

export interface HeaderLine {
  readonly kind: 'header';
  readonly format: typeof RECORDING_FORMAT;
  readonly version: number;
  /** ISO 8601, of the runtime's start. */
  readonly startedAt: string;
  /** What ran, for people: `transcode`, or what a program calls itself. */
  readonly label: string;
  /** Names of the runtime's jobs, 500 characters at most; recordings of earlier versions lack it. */
  readonly jobs?: readonly string[];
  readonly versions: { readonly millpond: string; readonly node: string; readonly v8: string };
  readonly machine: {
    readonly cpu: string;
    /** That the process may use. */
    readonly cores: number;
    readonly memoryBytes: Bytes;
    /** As `linux x64 6.1.0`. */
    readonly system: string;
  };
  readonly options: Omit<PoolOptions, 'spoolFolder'> & { readonly threads: number };
  /** Measured at the start. */
  readonly clock: {
    /** The smallest difference between two reads of the clock. */
    readonly resolutionNanoseconds: number;
    /** What one read costs on average; it is part of every latency. */
    readonly readNanoseconds: number;
    /** What recording one value costs on average. */
    readonly recordNanoseconds: number;
  };
  readonly significantDigits: number;
}

/** One series of one thread in one interval. */
export type RecordedSeries = readonly [
  series: SeriesName,
  /** 0 is the main thread. */
  shard: number,
  /** V2 compressed, base64. Counts are sums of weights. */
  histogram: string,
  /** Exact, where the histogram knows two digits. */
  max: number,
  /** Of all values, each as often as its weight says; exact to 2^53. */
  sum: number,
];

export type RecordedShard = readonly [
  shard: number,
  chargedBytes: Bytes,
  idleBytes: Bytes,
  /** Bytes of audio that its jobs reported as processed, in this interval. */
  processedBytes: Bytes,
  /** CPU time of the thread, of the time that went by, in the mean, 0 to 1; null where it cannot be read. */
  cpu: number | null,
];

export type RecordedMove = readonly [
  kind: RebalanceMessage['moves'][number]['kind'],
  tier: TierName,
  from: number,
  to: number,
  /** Buffers. */
  count: number,
];

export type RecordedTask = readonly [
  name: string,
  shard: number,
  /** When it began in its worker. */
  startSeconds: number,
  queueNanoseconds: number,
  serviceNanoseconds: number,
  outcome: 'succeeded' | 'failed' | 'cancelled' | 'lost',
];

/** Values of one series, of all threads together. */
export type RecordedTimes = readonly [histogram: string, max: number, sum: number];

/** Tasks of one job in one interval. */
export interface RecordedJob {
  /** Its place in the header's `jobs`. */
  readonly job: number;
  readonly tasks: TaskCounts;
  /** Of those that ended; not there where none did. */
  readonly queue?: RecordedTimes;
  /** Of those that ended and had begun. */
  readonly service?: RecordedTimes;
  /** As {@link IntervalLine.slowest}, of this job. */
  readonly slowest: readonly RecordedTask[];
}

export interface IntervalLine {
  readonly kind: 'interval';
  readonly from: number;
  readonly to: number;
  /** Only what had values. */
  readonly series: readonly RecordedSeries[];
  /**
   * Requests that each step served, in this interval, by tier (small, medium, large, direct): exact, not by
   * weight.
   */
  readonly served: Readonly<Partial<Record<CauseName, readonly [number, number, number, number]>>>;
  /** Values that were clamped to the range of their histogram, in this interval. */
  readonly clipped: number;
  readonly budget: {
    readonly usedBytes: Bytes;
    /** The largest sum since the start of the run. */
    readonly peakBytes: Bytes;
  };
  /**
   * As shards, pressure, rssBytes and blockBytes: at the interval's end; of the last one, before everything
   * was freed.
   */
  readonly tiers: Readonly<Record<TierName, readonly [usedBytes: Bytes, availableBytes: Bytes]>>;
  readonly shards: readonly RecordedShard[];
  /** In the mean of the interval, 0 to 1; null where it cannot be read. */
  readonly cpu: { readonly process: number | null; readonly system: number | null };
  readonly pressure: PressureLevel;
  readonly rssBytes: Bytes;
  readonly blockBytes: Bytes;
  /** Quota and idle buffers that went from shard to shard. */
  readonly moves: readonly RecordedMove[];
  /** Ended in this interval, and waiting and running at its end. */
  readonly tasks: TaskCounts;
  /** Of the tasks that ended, those with the longest service, 3 at most, the longest first. */
  readonly slowest: readonly RecordedTask[];
  /** Those that have tasks or had some in this interval; not there where the runtime has one job. */
  readonly jobs?: readonly RecordedJob[];
  /** Runs that were refused in this interval, by why; only what there were. */
  readonly refusedRuns?: Readonly<Partial<Record<Refusal, number>>>;
  /**
   * Lines of events in this interval that were left out, because there were too many; not there when none
   * were.
   */
  readonly omitted?: number;
}

export interface DecisionLine {
  readonly kind: 'decision';
  /** Not judged yet. */
  readonly decision: Decision;
}

export interface ScoreLine {
  readonly kind: 'score';
  /** Of the decision. */
  readonly number: number;
  readonly score: Score;
}

export interface PressureLine {
  readonly kind: 'pressure';
  readonly at: number;
  readonly from: PressureLevel;
  readonly to: PressureLevel;
  readonly ledgerShare: number;
  readonly processShare: number | null;
}

export interface RecoveryLine {
  readonly kind: 'recovery';
  readonly at: number;
  /** It ended because pressure fell. */
  readonly recovered: boolean;
  readonly milliseconds: number;
  readonly recoveredBytes: Bytes;
}

export interface WorkerLostLine {
  readonly kind: 'worker-lost';
  readonly at: number;
  readonly shard: number;
  readonly exitCode: number;
  readonly task?: string;
  /** Of that task; not there where the runtime has one job. */
  readonly job?: string;
}

export interface EndLine {
  readonly kind: 'end';
  readonly at: number;
  /** As it was when the runtime closed, with memory and shards as they were before. */
  readonly snapshot: Snapshot;
}

export type RecordingLine =
  | HeaderLine
  | IntervalLine
  | DecisionLine
  | ScoreLine
  | PressureLine
  | RecoveryLine
  | WorkerLostLine
  | EndLine;
