/** The figures of a recorded run that its summary, its JSON, its table and its page have in common. Pure. */
import { CAUSES, type CauseName, REUSING } from '../pool/causes.ts';
import { statsIn } from '../telemetry/distributions.ts';
import { REFUSALS, type Refusal, type RefusedRuns } from '../telemetry/queue-snapshot.ts';
import type { IntervalLine, RecordedTask } from '../telemetry/recording/lines.ts';
import type { Stats } from '../telemetry/stats.ts';
import { type Merged, mergeBy } from './histograms.ts';
import { jobNames, linesByJob, seriesHolder, severalJobs } from './jobs.ts';
import type { RecordedRun } from './recorded-run.ts';

/** Exact, from counters. */
export interface Served {
  readonly requests: number;
  /** From memory already pooled: own list, mailbox, next tier up. */
  readonly pooled: number;
  readonly refused: number;
  readonly byCause: Readonly<Record<CauseName, number>>;
}

export const POOLED: readonly CauseName[] = REUSING.map((cause) => CAUSES[cause]);

export function servedBy(intervals: readonly Pick<IntervalLine, 'served'>[]): Served {
  const byCause = Object.fromEntries(
    CAUSES.map((cause) => [
      cause,
      sumOf(intervals, ({ served }) => served[cause]?.reduce((a, b) => a + b) ?? 0),
    ]),
  ) as Record<CauseName, number>;
  return {
    requests: sumOf(CAUSES, (cause) => byCause[cause]),
    pooled: sumOf(POOLED, (cause) => byCause[cause]),
    refused: byCause.refused,
    byCause,
  };
}

/** Of the requests that got memory, the share that came from pooled memory; null when there were none. */
export function hitRateOf({ requests, refused, pooled }: Served): number | null {
  return requests > refused ? pooled / (requests - refused) : null;
}

/** Only what was timed. */
export function latencyByCause({ intervals }: RecordedRun): Map<CauseName, Stats> {
  return distributions(
    mergeBy(intervals, (name) => (name.startsWith('latency/') ? (name.split('/')[1] as CauseName) : null)),
  );
}

export function distributions<Key>(merged: ReadonlyMap<Key, Merged>): Map<Key, Stats> {
  return new Map(Array.from(merged, ([key, one]) => [key, distributionOf(one)]));
}

/** In the unit of its values; `count` is the sum of their weights. */
export function distributionOf({ histogram, max, sum }: Merged): Stats {
  return statsIn(histogram, max, sum);
}

/** As it was at the end of the last interval. */
export function peakBytesOf({ intervals }: RecordedRun): number {
  return intervals.at(-1)?.budget.peakBytes ?? 0;
}

/** Bytes of audio that jobs reported, over all threads. */
export function processedIn({ shards }: IntervalLine): number {
  return sumOf(shards, ([, , , processed]) => processed);
}

export type EndedTasks = Readonly<Record<RecordedTask[5], number>>;

export function endedTasks({ intervals }: RecordedRun): EndedTasks {
  return endedIn(intervals);
}

function endedIn(lines: readonly Pick<IntervalLine, 'tasks'>[]): EndedTasks {
  return {
    succeeded: sumOf(lines, ({ tasks }) => tasks.succeeded),
    failed: sumOf(lines, ({ tasks }) => tasks.failed),
    cancelled: sumOf(lines, ({ tasks }) => tasks.cancelled),
    lost: sumOf(lines, ({ tasks }) => tasks.lost),
  };
}

/** Those with the longest service, the longest first, each with its job; null where that is not known. */
export function slowestTasks(run: RecordedRun, most: number): [task: RecordedTask, job: string | null][] {
  const names = jobNames(run);
  const only = names.length === 1 ? names[0] : null;
  return run.intervals
    .flatMap(({ slowest, jobs }): [RecordedTask, string | null][] =>
      jobs === undefined
        ? slowest.map((task) => [task, only])
        : jobs.flatMap((one) => one.slowest.map((task): [RecordedTask, string] => [task, names[one.job]])),
    )
    .sort(([[, , , , a]], [[, , , , b]]) => b - a)
    .slice(0, most);
}

/** Tasks of one job. */
export interface JobFigures {
  readonly job: string;
  readonly tasks: EndedTasks;
  readonly queue: Stats | null;
  readonly service: Stats | null;
}

/** In the order of the runtime's; none where it has one, since that is all there is. */
export function figuresByJob(run: RecordedRun): JobFigures[] {
  const lines = linesByJob(run);
  return severalJobs(run).map((name, at) => {
    const own = lines.get(at) ?? [];
    const times = distributions(mergeBy(own.map(seriesHolder), (series) => series));
    const [queue, service] = [times.get('queue') ?? null, times.get('service') ?? null];
    return { job: name, tasks: endedIn(own), queue, service };
  });
}

const REFUSAL_WORDS: Readonly<Record<Refusal, string>> = {
  queueFull: 'the queue was full',
  tenantQueued: 'too many tasks of their tenant waited',
  tenantBytes: "inputs of their tenant's waiting tasks held too much",
  tooLarge: 'they could never have started',
};

/** `12 runs were refused: 10 because the queue was full, 2 because ...`; null where none was. */
export function refusalText(refused: RefusedRuns): string | null {
  const runs = sumOf(REFUSALS, (why) => refused[why]);
  if (runs === 0) return null;
  const reasons = REFUSALS.filter((why) => refused[why] > 0).map(
    (why) => `${refused[why]} because ${REFUSAL_WORDS[why]}`,
  );
  return `${runs === 1 ? '1 run was' : `${runs} runs were`} refused: ${reasons.join(', ')}`;
}

/** Runs that never became tasks, by why. */
export function refusedRuns({ intervals }: RecordedRun): RefusedRuns {
  return Object.fromEntries(
    REFUSALS.map((why) => [why, sumOf(intervals, (interval) => interval.refusedRuns?.[why] ?? 0)]),
  ) as unknown as RefusedRuns;
}

export function clippedIn({ intervals }: RecordedRun): number {
  return sumOf(intervals, ({ clipped }) => clipped);
}

/** In seconds; 0 where there are no intervals. */
export function lengthsOf({ intervals }: RecordedRun): {
  readonly shortest: number;
  readonly longest: number;
} {
  const lengths = intervals.map(({ from, to }) => to - from);
  return {
    shortest: lengths.reduce((least, one) => Math.min(least, one), lengths[0] ?? 0),
    longest: lengths.reduce((most, one) => Math.max(most, one), 0),
  };
}

export function sumOf<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0);
}
