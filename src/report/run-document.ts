/**
 * A recorded run as one object of plain JSON, `millpond.report/1`: fields may be added, none will change.
 * Times are seconds since the start, durations nanoseconds, sizes bytes, shares 0 to 1. Pure.
 */

import type { Bytes } from '../bytes.ts';
import type { CauseName } from '../pool/causes.ts';
import type { Decision } from '../regulation/decision.ts';
import type { PressureLevel } from '../regulation/pressure.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import type { RefusedRuns } from '../telemetry/queue-snapshot.ts';
import type { HeaderLine, RecordedTask, RecoveryLine, WorkerLostLine } from '../telemetry/recording/lines.ts';
import type { Stats } from '../telemetry/stats.ts';
import type { Comparison } from './comparison.ts';
import { corrected } from './coordinated-omission.ts';
import {
  clippedIn,
  distributionOf,
  distributions,
  type EndedTasks,
  endedTasks,
  figuresByJob,
  hitRateOf,
  type JobFigures,
  lengthsOf,
  peakBytesOf,
  processedIn,
  refusedRuns,
  type Served,
  servedBy,
  slowestTasks,
  sumOf,
} from './figures.ts';
import type { GateResult } from './gate.ts';
import { byThread, cutOfSeries, type Merged } from './histograms.ts';
import type { RecordedRun } from './recorded-run.ts';
import { mergeGroups, threadName } from './series-groups.ts';
import { healthOf, secondsAtLevel } from './verdict.ts';

export interface ReportDocument {
  readonly schema: 'millpond.report/1';
  readonly runs: readonly RunDocument[];
  /** Of several runs: each beside the first. */
  readonly comparison: Comparison | null;
  readonly gates: readonly GateResult[];
}

export interface RunDocument {
  readonly recording: string;
  readonly fileBytes: Bytes;
  readonly label: string;
  readonly startedAt: string;
  readonly seconds: number;
  /** It has an end: the run neither crashed nor is still running. */
  readonly ended: boolean;
  readonly remarks: readonly string[];
  readonly versions: HeaderLine['versions'];
  readonly machine: HeaderLine['machine'];
  readonly options: HeaderLine['options'];
  readonly clock: HeaderLine['clock'];
  readonly significantDigits: number;
  /** A hit that was timed counts so many times. */
  readonly hitWeight: number;
  /**
   * What timing requests cost the run, by what {@link HeaderLine.clock} measured: two reads of the clock and
   * a record each.
   */
  readonly overhead: {
    readonly timedRequests: number;
    readonly nanoseconds: number;
    /** Of the time of all workers. */
    readonly share: number;
  };
  /** Values outside the range of their histogram, counted at its end. */
  readonly clipped: number;
  readonly intervals: {
    readonly count: number;
    readonly shortestSeconds: number;
    readonly longestSeconds: number;
  };
  readonly health: HealthReport;
  /** Exact; of the requests that got memory the share that came from pooled memory. */
  readonly requests: Served & { readonly hitRate: number | null };
  readonly latency: Latency;
  /** Corrected for coordinated omission; null where no expected interval was given. */
  readonly correctedLatency: {
    readonly expectedIntervalNanoseconds: number;
    readonly all: Stats | null;
    readonly byCause: Readonly<Partial<Record<CauseName, Stats>>>;
  } | null;
  /** By thread, where it was asked for. */
  readonly latencyByThread: Readonly<Record<string, Latency>> | null;
  readonly queue: Stats | null;
  readonly service: Stats | null;
  /** By group, such as `lifetime/large`, `gc/minor` or `size`; `lifetime` and so on are their sums. */
  readonly lifetimes: Groups;
  readonly sizes: Groups;
  readonly gc: Groups;
  readonly recovery: Stats | null;
  readonly memory: {
    readonly limitBytes: Bytes;
    readonly peakBytes: Bytes;
    readonly peakShare: number;
    /** 0 where it could not be read. */
    readonly mostRssBytes: Bytes;
    readonly secondsAtLevel: Readonly<Record<PressureLevel, number>>;
  };
  readonly processedBytes: Bytes;
  readonly tasks: EndedTasks;
  /** The same by job, with queue and service; empty where the runtime has one. */
  readonly jobs: readonly JobFigures[];
  /** Runs that never became tasks, by why. */
  readonly refusedRuns: RefusedRuns;
  /** Those with the longest service of the whole run, the longest first. */
  readonly slowestTasks: readonly SlowTask[];
  readonly decisions: readonly Decision[];
  readonly moves: { readonly quota: number; readonly buffers: number };
  readonly recoveries: readonly Omit<RecoveryLine, 'kind'>[];
  readonly workersLost: readonly Omit<WorkerLostLine, 'kind'>[];
}

export interface Latency {
  readonly all: Stats | null;
  readonly byCause: Readonly<Partial<Record<CauseName, Stats>>>;
  /** By `cause/tier`. */
  readonly byCauseAndTier: Readonly<Record<string, Stats>>;
}

type Groups = Readonly<Record<string, Stats>>;

interface SlowTask {
  readonly name: string;
  /** Null in recordings of earlier versions. */
  readonly job: string | null;
  readonly thread: string;
  readonly startSeconds: number;
  readonly queueNanoseconds: number;
  readonly serviceNanoseconds: number;
  readonly outcome: RecordedTask[5];
}

interface DocumentOptions {
  readonly byWorker: boolean;
  readonly expectedIntervalNs: number | null;
}

const SLOWEST = 5;

export function runDocument(run: RecordedRun, options: DocumentOptions): RunDocument {
  const { header, intervals } = run;
  const groups = mergeGroups(intervals);
  const found = distributions(groups);
  const requests = servedBy(intervals);
  const peakBytes = peakBytesOf(run);
  const { shortest, longest } = lengthsOf(run);
  const { budgetBytes } = header.options;
  return {
    recording: run.origin,
    fileBytes: run.fileBytes,
    label: header.label,
    startedAt: header.startedAt,
    seconds: run.seconds,
    ended: run.end !== null,
    remarks: run.remarks,
    versions: header.versions,
    machine: header.machine,
    options: header.options,
    clock: header.clock,
    significantDigits: header.significantDigits,
    hitWeight: header.options.sampleEvery,
    overhead: overheadOf(run, requests),
    clipped: clippedIn(run),
    intervals: { count: intervals.length, shortestSeconds: shortest, longestSeconds: longest },
    health: healthOf(run),
    requests: { ...requests, hitRate: hitRateOf(requests) },
    latency: latencyIn(found),
    correctedLatency:
      options.expectedIntervalNs === null ? null : correctedIn(groups, options.expectedIntervalNs),
    latencyByThread: options.byWorker ? latencyByThread(run) : null,
    queue: found.get('queue') ?? null,
    service: found.get('service') ?? null,
    lifetimes: under(found, 'lifetime'),
    sizes: under(found, 'size'),
    gc: under(found, 'gc'),
    recovery: found.get('recovery') ?? null,
    memory: {
      limitBytes: budgetBytes,
      peakBytes,
      peakShare: budgetBytes > 0 ? peakBytes / budgetBytes : 0,
      mostRssBytes: intervals.reduce((most, { rssBytes }) => Math.max(most, rssBytes), 0),
      secondsAtLevel: secondsAtLevel(run),
    },
    processedBytes: sumOf(intervals, processedIn),
    tasks: endedTasks(run),
    jobs: figuresByJob(run),
    refusedRuns: refusedRuns(run),
    slowestTasks: slowestIn(run),
    decisions: run.decisions,
    moves: {
      quota: sumOf(intervals, ({ moves }) => moves.filter(([kind]) => kind === 'quota').length),
      buffers: sumOf(intervals, ({ moves }) => moves.filter(([kind]) => kind === 'buffers').length),
    },
    recoveries: run.recoveries.map(({ kind: _, ...recovery }) => recovery),
    workersLost: run.workersLost.map(({ kind: _, ...lost }) => lost),
  };
}

function overheadOf(
  { header, seconds }: RecordedRun,
  { requests, byCause }: Served,
): RunDocument['overhead'] {
  const { clock, options } = header;
  const timedRequests = Math.round(byCause.hit / options.sampleEvery) + requests - byCause.hit;
  const nanoseconds = timedRequests * (2 * clock.readNanoseconds + clock.recordNanoseconds);
  const time = seconds * options.threads * 1e9;
  return { timedRequests, nanoseconds, share: time > 0 ? nanoseconds / time : 0 };
}

function latencyIn(found: ReadonlyMap<string, Stats>): Latency {
  const entries = [...found].map(([key, one]): [string[], Stats] => [key.split('/'), one]);
  const latencies = entries.filter(([[family]]) => family === 'latency');
  return {
    all: found.get('latency') ?? null,
    byCause: Object.fromEntries(
      latencies.filter(([path]) => path.length === 2).map(([[, cause], one]) => [cause, one]),
    ),
    byCauseAndTier: Object.fromEntries(
      latencies
        .filter(([path]) => path.length === 3)
        .map(([[, cause, tier], one]) => [`${cause}/${tier}`, one]),
    ),
  };
}

function correctedIn(
  groups: ReadonlyMap<string, Merged>,
  expectedIntervalNanoseconds: number,
): RunDocument['correctedLatency'] {
  const cut = cutOfSeries('latency/hit/small');
  const of = (key: string): Stats | null => {
    const merged = groups.get(key);
    return merged ? distributionOf(corrected(merged, cut, expectedIntervalNanoseconds)) : null;
  };
  const causes = [...groups.keys()].filter((key) => /^latency\/\w+$/.test(key));
  return {
    expectedIntervalNanoseconds,
    all: of('latency'),
    byCause: Object.fromEntries(causes.map((key) => [key.slice('latency/'.length), of(key)])),
  };
}

function latencyByThread({ intervals }: RecordedRun): Record<string, Latency> {
  return Object.fromEntries(
    byThread(intervals).map(([shard, series]) => [
      threadName(shard),
      latencyIn(distributions(mergeGroups(series))),
    ]),
  );
}

function under(found: ReadonlyMap<string, Stats>, family: string): Groups {
  return Object.fromEntries([...found].filter(([key]) => key.split('/')[0] === family));
}

function slowestIn(run: RecordedRun): SlowTask[] {
  return slowestTasks(run, SLOWEST).map(
    ([[name, shard, startSeconds, queueNanoseconds, serviceNanoseconds, outcome], job]) => ({
      name,
      job,
      thread: threadName(shard),
      startSeconds,
      queueNanoseconds,
      serviceNanoseconds,
      outcome,
    }),
  );
}
