/**
 * What can be asked of a run by name: `p99(fresh)`, `hit-rate`, `peak-memory`. One catalogue for comparisons
 * and gates, with the unit, which way is better, and how it is read from a whole run or a stretch of one.
 * Pure, but for a cache of sums.
 */
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import { REFUSALS } from '../telemetry/queue-snapshot.ts';
import type { IntervalLine } from '../telemetry/recording/lines.ts';
import type { Unit } from './figure-text.ts';
import { POOLED, processedIn, sumOf } from './figures.ts';
import { type Merged, merge, valueAt } from './histograms.ts';
import { jobNames, partOf, shownJob, writtenJob } from './jobs.ts';
import type { RecordedRun } from './recorded-run.ts';
import type { Selection } from './selections.ts';
import { type Span, wholeOf } from './spans.ts';

export interface Quantity {
  /** As gates write it. */
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly unit: Unit;
  readonly better: 'less' | 'more';
  /** Null: nothing was recorded. */
  readonly of: (span: Span) => number | null;
  /** Where that of the whole run is not found as that of a stretch is. */
  readonly ofRun?: (run: RecordedRun) => number | null;
  /** Of which values; not there where it is no statistic of a distribution. */
  readonly selection?: Selection;
  /** Of the tasks of this job alone. */
  readonly job?: string;
  /** How many records it takes to be known, and how many there are; without it any stretch will do. */
  readonly records?: { readonly least: number; readonly of: (span: Span) => number };
}

export type Statistic = `p${number}` | 'max' | 'mean';

/**
 * So many records lie beyond a percentile that is known: with fewer it depends on how many requests there
 * were.
 */
const BEYOND = 5;
const LEAST_FOR_MEAN = 10;
/** Of hits one in so many is timed until its release, or one of the recorded where fewer are. */
const LIFETIME_SAMPLE = 64;

export function figureOf(quantity: Quantity, run: RecordedRun): number | null {
  return quantity.ofRun ? quantity.ofRun(run) : quantity.of(wholeOf(run));
}

/** @param statistic percentiles over 0 and under 100 */
export function distributionQuantity(statistic: Statistic, selection: Selection): Quantity {
  const percentile = Number(statistic.slice(1));
  const least =
    statistic === 'max'
      ? 1
      : statistic === 'mean'
        ? LEAST_FOR_MEAN
        : BEYOND / Math.min(0.5, 1 - percentile / 100);
  return {
    name: `${statistic}(${selection.name})`,
    label: `${statistic} of ${selection.label}`,
    unit: selection.unit,
    better: 'less',
    selection,
    ...(selection.job !== null && { job: selection.job }),
    of: (span) => {
      const merged = mergedOf(span, selection);
      if (merged === null) return null;
      if (statistic === 'max') return merged.max;
      if (statistic === 'mean') return merged.sum / merged.histogram.totalCount;
      return valueAt(merged, percentile);
    },
    records: { least: Math.round(least), of: (span) => recordsOf(span, selection) },
  };
}

/** Figures of tasks that there are of all jobs together, and of each. */
export const TASK_FIGURES = ['task-rate', 'failed', 'cancelled', 'lost'] as const;
type TaskFigure = (typeof TASK_FIGURES)[number];

const TASK_LABELS: Readonly<Record<TaskFigure, string>> = {
  'task-rate': 'tasks that succeeded',
  failed: 'failed tasks',
  cancelled: 'cancelled tasks',
  lost: 'tasks lost with their worker',
};

const SERVED = CAUSES.filter((cause) => cause !== 'refused');

function hitRate(tier: TierName | null): Quantity {
  return {
    name: tier === null ? 'hit-rate' : `hit-rate(${tier})`,
    label: tier === null ? 'hit rate' : `hit rate (${tier})`,
    ...{ unit: 'share', better: 'more' },
    of: ({ intervals }) => {
      const all = requestsOf(intervals, SERVED, tier);
      return all === 0 ? null : requestsOf(intervals, POOLED, tier) / all;
    },
  };
}

const PLAIN: readonly Quantity[] = [
  hitRate(null),
  ...TIER_NAMES.map(hitRate),
  {
    ...{ name: 'throughput', label: 'throughput', unit: 'B/s', better: 'more' },
    of: ({ intervals, from, to }) => (to > from ? sumOf(intervals, processedIn) / (to - from) : null),
    // Jobs that report nothing as processed have none, rather than one of 0.
    ofRun: ({ intervals, seconds }) => sumOf(intervals, processedIn) / seconds || null,
  },
  {
    ...{ name: 'peak-memory', label: 'peak memory', unit: 'B', better: 'less' },
    of: ({ intervals }) => mostOf(intervals, ({ budget }) => budget.usedBytes),
    ofRun: ({ intervals }) => mostOf(intervals, ({ budget }) => budget.peakBytes),
  },
  {
    ...{ name: 'peak-rss', label: 'peak memory of the process', unit: 'B', better: 'less' },
    of: ({ intervals }) => mostOf(intervals, ({ rssBytes }) => rssBytes),
  },
  {
    ...{ name: 'gc-time', label: 'time in GC', unit: 'share', better: 'less' },
    of: ({ intervals }) => {
      const available = sumOf(intervals, ({ from, to, shards }) => (to - from) * shards.length);
      return available > 0 ? sumOf(intervals, pausesOf) / 1e9 / available : null;
    },
  },
  {
    ...{ name: 'emergencies', label: 'emergencies', unit: 'count', better: 'less' },
    of: ({ run, from, to }) => run.recoveries.filter(({ at }) => at >= from && at < to).length,
    ofRun: ({ recoveries, end }) => Math.max(recoveries.length, end?.snapshot.cleanup.emergencies ?? 0),
  },
  {
    ...{ name: 'refused', label: 'refused requests', unit: 'count', better: 'less' },
    of: ({ intervals }) => requestsOf(intervals, ['refused'], null),
  },
  {
    ...{ name: 'refused-runs', label: 'refused runs', unit: 'count', better: 'less' },
    of: ({ intervals }) =>
      sumOf(intervals, ({ refusedRuns = {} }) => sumOf(REFUSALS, (why) => refusedRuns[why] ?? 0)),
  },
  ...TASK_FIGURES.map((figure) => taskQuantity(figure, null)),
  {
    ...{ name: 'clipped', label: 'values out of range', unit: 'count', better: 'less' },
    of: ({ intervals }) => sumOf(intervals, ({ clipped }) => clipped),
  },
];

/** By name, in the order in which a table shows them. */
export const PLAIN_QUANTITIES: ReadonlyMap<string, Quantity> = new Map(
  PLAIN.map((quantity) => [quantity.name, quantity]),
);

/** Of the tasks of one job, or null of all. */
export function taskQuantity(figure: TaskFigure, job: string | null): Quantity {
  const label = TASK_LABELS[figure];
  const isRate = figure === 'task-rate';
  const outcome = isRate ? 'succeeded' : figure;
  return {
    ...{ unit: isRate ? '/s' : 'count', better: isRate ? 'more' : 'less' },
    ...(job === null
      ? { name: figure, label }
      : { name: `${figure}/${writtenJob(job)}`, label: `${label} (${shownJob(job)})`, job }),
    of: ({ run, intervals, from, to }) => {
      if (job !== null && !jobNames(run).includes(job)) return null;
      const ended = sumOf(intervals, (interval) => {
        const part = job === null ? interval : partOf(run, interval, job);
        return part?.tasks[outcome] ?? 0;
      });
      if (!isRate) return ended;
      return to > from ? ended / (to - from) : null;
    },
  };
}

/** By exact count. */
export function requestsOf(
  intervals: readonly IntervalLine[],
  causes: readonly CauseName[],
  tier: TierName | null,
): number {
  const wanted = TIER_NAMES.map((name) => tier === null || name === tier);
  return sumOf(intervals, ({ served }) =>
    causes.reduce(
      (sum, cause) => (served[cause] ?? []).reduce((all, count, at) => (wanted[at] ? all + count : all), sum),
      0,
    ),
  );
}

/** Nanoseconds, over all threads. */
function pausesOf({ series }: IntervalLine): number {
  return series.reduce((total, [name, , , , sum]) => (name.startsWith('gc/') ? total + sum : total), 0);
}

function mostOf(intervals: readonly IntervalLine[], of: (interval: IntervalLine) => number): number | null {
  return intervals.length === 0
    ? null
    : intervals.reduce((most, interval) => Math.max(most, of(interval)), 0);
}

/** Values that were written down, where each stands for several: the fewest that there can be. */
function recordsOf(span: Span, selection: Selection): number {
  const { sampleEvery } = span.run.header.options;
  const weight =
    selection.sampled === null
      ? 1
      : selection.sampled === 'hits'
        ? sampleEvery
        : Math.max(sampleEvery, LIFETIME_SAMPLE);
  return (mergedOf(span, selection)?.histogram.totalCount ?? 0) / weight;
}

const NOTHING = { series: [] };

/** Several figures are read from one sum, and each sum costs a walk over all series. */
const sums = new WeakMap<readonly IntervalLine[], Map<Selection, Merged | null>>();

function mergedOf({ run, intervals }: Span, selection: Selection): Merged | null {
  let known = sums.get(intervals);
  if (known === undefined) {
    known = new Map();
    sums.set(intervals, known);
  }
  let merged = known.get(selection);
  if (merged === undefined) {
    const { job, series } = selection;
    const holders =
      job === null ? intervals : intervals.map((interval) => partOf(run, interval, job) ?? NOTHING);
    merged = merge(holders, (name) => series.has(name));
    known.set(selection, merged);
  }
  return merged;
}
