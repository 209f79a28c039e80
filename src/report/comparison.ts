/**
 * Runs compared: what got better or worse by more than chance explains. Pure.
 *
 * A figure is compared twice. Of the whole runs, which gives its ratio; and between stretches of equal length
 * of both, by rank, which says whether the runs differ more than stretches of one run do. Nothing is dropped
 * for warm-up: in the figures of the whole run it is part of what was waited for, and one stretch of many
 * hardly changes the ranks. All figures of a run are judged together (Holm), since one look in twenty finds
 * something where there is nothing.
 */
import { MillpondError } from '../errors.ts';
import { CAUSES } from '../pool/causes.ts';
import { type Change, changeOf, type Examined, examine } from './change.ts';
import { sentenceOn } from './comparison-sentence.ts';
import type { Unit } from './figure-text.ts';
import { endedTasks, figuresByJob, sumOf } from './figures.ts';
import { jobNames, severalJobs } from './jobs.ts';
import {
  distributionQuantity,
  PLAIN_QUANTITIES,
  type Quantity,
  type Statistic,
  taskQuantity,
} from './quantities.ts';
import { holm } from './rank.ts';
import type { RecordedRun } from './recorded-run.ts';
import { jobSelection, SELECTIONS, type Selection } from './selections.ts';

export interface ComparedFigure {
  /** For people: `p99 of fresh allocations`. */
  readonly name: string;
  /** Of whose tasks; not there where it is of all jobs. */
  readonly job?: string;
  readonly unit: Unit;
  /** Null: nothing recorded. */
  readonly base: number | null;
  readonly other: number | null;
  /** Other beside base, of the whole runs. */
  readonly ratio: number | null;
  /** 95 % interval of the ratio between the runs' intervals, from ranks. */
  readonly spread: readonly [number, number] | null;
  /** Two-sided, of the rank test; of this figure alone, while `change` looks at all of them. */
  readonly p: number | null;
  readonly change: Change;
}

interface ComparedRun {
  readonly origin: string;
  /** What got better, worse or is noise, the biggest first. */
  readonly sentence: string;
  /** Worse where anything is. */
  readonly change: Change;
  readonly figures: readonly ComparedFigure[];
}

export interface Comparison {
  readonly base: string;
  readonly others: readonly ComparedRun[];
}

/** Each has figures of its own, and the more there are, the larger a change must be to be none of chance. */
const MOST_JOBS = 20;
/** Runs that left something undecided should last so many times as long. */
const LONGER = 2;

/**
 * The first run is the base of all others.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` when there are fewer than two
 */
export function compareRuns(runs: readonly RecordedRun[]): Comparison {
  const [base, ...others] = runs;
  if (others.length === 0) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A comparison takes two recordings or more, got ${runs.length}. Name the base first, then what to hold against it.`,
    );
  }
  return { base: base.origin, others: others.map((other) => compared(base, other)) };
}

function compared(base: RecordedRun, other: RecordedRun): ComparedRun {
  const all = quantitiesFor(base, other);
  const corrected = holm(all.map(({ ranked }) => ranked?.p ?? 1));
  const longer = LONGER * Math.max(base.seconds, other.seconds);
  const looks = all.map((examined, at) => {
    const change = changeOf(examined, examined.ranked && corrected[at]);
    const undecided = change === 'unknown' && examined.ranked !== null;
    const needSeconds = undecided ? Math.max(examined.needSeconds ?? 0, longer) : examined.needSeconds;
    return { examined: { ...examined, needSeconds }, change };
  });
  const figures = looks.map(
    ({ examined: { quantity, base, other, ranked }, change }): ComparedFigure => ({
      name: quantity.label,
      ...(quantity.job !== undefined && { job: quantity.job }),
      ...{ unit: quantity.unit, base, other },
      ratio: base !== null && other !== null && base > 0 ? other / base : null,
      ...{ spread: ranked?.spread ?? null, p: ranked?.p ?? null, change },
    }),
  );
  const count = (change: Change) => figures.filter((figure) => figure.change === change).length;
  const undecided = count('unknown') > count('noise') ? 'unknown' : 'noise';
  const change = (['worse', 'better'] as const).find((one) => count(one) > 0) ?? undecided;
  return { origin: other.origin, sentence: sentenceOn(base, other, looks), change, figures };
}

/** By name, those with the most tasks in both; none where each run has one, since that is all there is. */
function comparedJobs(runs: readonly RecordedRun[]): string[] {
  if (runs.every((run) => severalJobs(run).length === 0)) return [];
  const ended = new Map(runs.flatMap(jobNames).map((name) => [name, 0]));
  for (const run of runs) {
    const figures = severalJobs(run).length > 0 ? figuresByJob(run) : [];
    const [only] = jobNames(run);
    const own = figures.length > 0 || only === undefined ? figures : [{ job: only, tasks: endedTasks(run) }];
    for (const { job, tasks } of own) {
      ended.set(job, (ended.get(job) ?? 0) + sumOf(Object.values(tasks), (count) => count));
    }
  }
  const busiest = new Set(
    [...ended.keys()].sort((a, b) => ended.get(b)! - ended.get(a)!).slice(0, MOST_JOBS),
  );
  return [...ended.keys()].filter((name) => busiest.has(name));
}

/**
 * Figures of which neither run has anything are left out; of causes the p99 where there is enough for it,
 * else the median.
 */
function quantitiesFor(base: RecordedRun, other: RecordedRun): Examined[] {
  const examined = (quantity: Quantity) => examine(quantity, base, other);
  const of = (statistic: Statistic, selection: Selection) =>
    examined(distributionQuantity(statistic, selection));
  const tail = (selection: Selection): Examined => {
    const p99 = of('p99', selection);
    if (p99.needSeconds === null) return p99;
    const p50 = of('p50', selection);
    return p50.needSeconds === null ? p50 : p99;
  };
  const plain = (name: string) => examined(PLAIN_QUANTITIES.get(name) as Quantity);
  const selection = (name: string) => SELECTIONS.get(name) as Selection;
  const statistics = ['p50', 'p99', 'p99.9', 'max', 'mean'] as const;
  return [
    ...statistics.map((statistic) => of(statistic, selection('all'))),
    ...CAUSES.map(selection).map(tail),
    ...['hit-rate', 'throughput', 'peak-memory', 'gc-time'].map(plain),
    ...['queue', 'service'].map(selection).map(tail),
    ...['emergencies', 'refused', 'failed', 'refused-runs'].map(plain),
    ...comparedJobs([base, other]).flatMap((job) => [
      ...(['queue', 'service'] as const).map((of) => tail(jobSelection(of, job))),
      ...(['task-rate', 'failed'] as const).map((figure) => examined(taskQuantity(figure, job))),
    ]),
  ].filter(({ base, other }) => (base ?? 0) !== 0 || (other ?? 0) !== 0);
}
