/** Everything that a page shows of one run. Pure. */
import { CAUSES } from '../../pool/causes.ts';
import { TIER_NAMES } from '../../pool/tiers.ts';
import { GC_KINDS } from '../../telemetry/series.ts';
import { corrected } from '../coordinated-omission.ts';
import {
  clippedIn,
  distributionOf,
  endedTasks,
  figuresByJob,
  lengthsOf,
  peakBytesOf,
  refusalText,
  refusedRuns,
  type Served,
  servedBy,
  slowestTasks,
} from '../figures.ts';
import { cutOfSeries, type Merged } from '../histograms.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { curveOf } from './curves.ts';
import type { CauseData, CurveData, DecisionsData, GcData, MoveData, RunData, TrustData } from './data.ts';
import { bytes } from './format.ts';
import { type Gathered, gather, heatOf } from './gather.ts';
import { shownName } from './html.ts';
import { bucketsOf, MOST_BUCKETS, shardName, timeOf } from './time.ts';
import { verdictOf } from './verdict.ts';

const LATENCIES = cutOfSeries('latency/hit/small');
const MOST_DECISIONS = 300;
const MOST_THREADS = 32;
const MOST_TASKS = 10;
const MOST_MOVES = 20;

/** Over time in `steps` at most. */
export function runDataOf(
  run: RecordedRun,
  expectedIntervalNs: number | null,
  steps = MOST_BUCKETS,
): RunData {
  const { header, intervals, recoveries, seconds } = run;
  const gathered = gather(intervals);
  const buckets = bucketsOf(intervals, steps);
  const { requests, pooled, refused, byCause } = servedBy(intervals);
  const { millpond, node, v8 } = header.versions;
  const { cpu, cores, memoryBytes, system } = header.machine;
  return {
    ...{ origin: run.origin, label: header.label, startedAt: header.startedAt, seconds },
    ...{ threads: header.options.threads, fileBytes: run.fileBytes, ended: run.end !== null },
    remarks: [...run.remarks, ...run.workersLost.map(lostWorker)],
    machine: `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${bytes(memoryBytes)} of memory, ${system}`,
    versions: `millpond ${millpond}, Node ${node.replace(/^v/, '')}, V8 ${v8}`,
    options: Object.entries(header.options).map(([name, value]) => [name, JSON.stringify(value)] as const),
    verdict: verdictOf(run),
    budget: {
      limitBytes: header.options.budgetBytes,
      peakBytes: peakBytesOf(run),
    },
    hits: { served: requests - refused, pooled, refused },
    causes: causesOf(byCause, gathered),
    waits: {
      queue: distributionOrNull(gathered.groups.get('queue')),
      service: distributionOrNull(gathered.groups.get('service')),
      allocation: distributionOrNull(gathered.latency('all', 'all')),
    },
    curves: latencyCurves(gathered, expectedIntervalNs),
    lifetimes: TIER_NAMES.flatMap((tier) => {
      const merged = gathered.groups.get(`lifetime/${tier}`);
      return merged ? [curveOf(tier, '', merged)] : [];
    }),
    gc: gcOf(gathered, seconds),
    time: timeOf(buckets),
    heat: heatOf(buckets),
    ...workersOf(run),
    decisions: decisionsOf(run),
    recoveries: {
      count: recoveries.length,
      recovered: recoveries.filter(({ recovered }) => recovered).length,
      longestMs: recoveries.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0),
      spans: recoveries
        .slice(0, MOST_DECISIONS)
        .map(({ at, milliseconds }) => [at - milliseconds / 1000, at]),
    },
    slowest: slowestOf(run),
    tasks: endedTasks(run),
    refusals: refusalText(refusedRuns(run)),
    jobs: figuresByJob(run),
    moves: movesOf(run),
    trust: trustOf(run),
  };
}

function causesOf(served: Served['byCause'], { latency }: Gathered): CauseData[] {
  return CAUSES.map((cause) => ({
    cause,
    served: served[cause],
    latency: distributionOrNull(latency(cause, 'all')),
  })).filter((cause) => cause.served > 0 || cause.latency !== null);
}

/** Callers are not known by cause: only what all requests took together can be corrected. */
function latencyCurves({ latency }: Gathered, expectedIntervalNs: number | null): CurveData[] {
  return (['all', ...TIER_NAMES] as const).flatMap((tier) =>
    (['all', ...CAUSES] as const).flatMap((cause) => {
      const merged = latency(cause, tier);
      if (merged === undefined) return [];
      const corrects = cause === 'all' && tier === 'all' && expectedIntervalNs !== null;
      return [
        curveOf(cause, tier, merged, corrects ? corrected(merged, LATENCIES, expectedIntervalNs) : null),
      ];
    }),
  );
}

function gcOf({ groups, pausesByShard }: Gathered, seconds: number): GcData {
  const threads = [...pausesByShard]
    .sort(([a], [b]) => a - b)
    .map(([shard, merged]) => {
      const { count, p50, p99, max } = distributionOf(merged);
      const share = seconds > 0 ? Number((merged.sum / 1e9 / seconds).toPrecision(4)) : 0;
      return { shard, pauses: count, p50, p99, max, share };
    });
  return {
    kinds: GC_KINDS.flatMap((kind) => {
      const merged = groups.get(`gc/${kind}`);
      return merged ? [curveOf(kind, '', merged)] : [];
    }),
    threads: threads.slice(0, MOST_THREADS),
    hiddenThreads: Math.max(0, threads.length - MOST_THREADS),
  };
}

function workersOf({ intervals, seconds }: RecordedRun): Pick<RunData, 'workers' | 'hiddenWorkers'> {
  const sums = new Map<number, { processed: number; most: number; cpuSeconds: number; known: number }>();
  for (const { shards, from, to } of intervals) {
    for (const [shard, charged, , processed, cpu] of shards) {
      const sum = sums.get(shard) ?? { processed: 0, most: 0, cpuSeconds: 0, known: 0 };
      sum.processed += processed;
      sum.most = Math.max(sum.most, charged);
      if (cpu !== null) {
        sum.cpuSeconds += cpu * (to - from);
        sum.known += to - from;
      }
      sums.set(shard, sum);
    }
  }
  const workers = [...sums]
    .sort(([, a], [, b]) => b.processed - a.processed)
    .slice(0, MOST_THREADS)
    .sort(([a], [b]) => a - b)
    .map(([shard, { processed, most, cpuSeconds, known }]) => ({
      shard,
      processedBytes: processed,
      bytesPerSecond: seconds > 0 ? Math.round(processed / seconds) : 0,
      cpu: known > 0 ? Number((cpuSeconds / known).toFixed(4)) : null,
      mostChargedBytes: most,
    }));
  return { workers, hiddenWorkers: sums.size - workers.length };
}

/** Where there are too many, emergencies and what was regretted most stay. */
function decisionsOf({ decisions }: RecordedRun): DecisionsData {
  const weight = (decision: (typeof decisions)[number]) =>
    (decision.kind === 'emergency' ? 2 : 0) + (decision.score?.regret ?? 0);
  const shown = decisions
    .toSorted((a, b) => weight(b) - weight(a))
    .slice(0, MOST_DECISIONS)
    .sort((a, b) => a.number - b.number);
  return {
    counts: Array.from(
      Map.groupBy(decisions, ({ kind }) => kind),
      ([kind, some]) => [kind, some.length] as const,
    ),
    shown: shown.map(({ number, atSeconds, kind, reason, blockBytes, bytes, inputs, score }) => ({
      ...{ number, at: atSeconds, kind, reason: shownName(reason) },
      ...{ blockBytes: blockBytes ?? null, bytes: bytes ?? null },
      requestShare: inputs.acquireShare === null ? null : inputs.acquireShare + (inputs.waitShare ?? 0),
      ...{ verdict: score?.verdict ?? null, recoveredBytes: score?.recoveredBytes ?? null },
      ...{ p99Ratio: score?.p99Ratio ?? null, throughputRatio: score?.throughputRatio ?? null },
      regret: score?.regret ?? null,
    })),
  };
}

function slowestOf(run: RecordedRun): RunData['slowest'] {
  return slowestTasks(run, MOST_TASKS).map(([[name, shard, start, queue, service, outcome], job]) => ({
    name,
    job,
    shard,
    start,
    queue,
    service,
    outcome,
  }));
}

function movesOf({ intervals }: RecordedRun): MoveData[] {
  const all = intervals.flatMap(({ moves }) => moves);
  const grouped = Map.groupBy(all, ([kind, tier, from, to]) => `${kind} ${tier} ${from} ${to}`);
  return Array.from(grouped.values(), (moves) => {
    const [kind, tier, from, to] = moves[0];
    return {
      kind,
      tier,
      from,
      to,
      times: moves.length,
      count: moves.reduce((sum, move) => sum + move[4], 0),
    };
  })
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_MOVES);
}

function trustOf(run: RecordedRun): TrustData {
  const { header, intervals } = run;
  const { resolutionNanoseconds, readNanoseconds, recordNanoseconds } = header.clock;
  return {
    ...{ resolution: resolutionNanoseconds, read: readNanoseconds, record: recordNanoseconds },
    ...{ sampleEvery: header.options.sampleEvery, digits: header.significantDigits },
    ...{ clipped: clippedIn(run), intervals: intervals.length, ...lengthsOf(run) },
  };
}

function lostWorker({ at, shard, exitCode, task, job }: RecordedRun['workersLost'][number]): string {
  const of = job === undefined ? '' : ` of ${job}`;
  const during = task === undefined ? '' : `, in the task ${task}${of}`;
  return `${shardName(shard)} was lost ${at.toFixed(1)} s after the start, with exit code ${exitCode}${during}.`;
}

function distributionOrNull(merged: Merged | undefined) {
  return merged === undefined ? null : distributionOf(merged);
}
