/**
 * Runs beside each other: what got better or worse by more than chance and habit explain. Pure.
 *
 * A figure is compared twice. Of the whole runs, which gives its ratio; and between stretches of equal length of both, by rank,
 * which says whether the runs differ more than stretches of one run do. Nothing is dropped for warm-up: in the figures of the
 * whole run it is part of what was waited for, and ranks hardly notice one stretch of many. All figures of a run are judged
 * together (Holm), since of twenty looks one finds something where nothing is.
 */
import { MillpondError } from '../errors.ts';
import { CAUSES } from '../pool/causes.ts';
import { sentenceOn } from './comparison-sentence.ts';
import type { Unit } from './figure-text.ts';
import {
  distributionQuantity,
  figureOf,
  PLAIN_QUANTITIES,
  type Quantity,
  type Statistic,
} from './quantities.ts';
import { compareByRank, holm, type Ranked } from './rank.ts';
import type { RecordedRun } from './recorded-run.ts';
import { SELECTIONS, type Selection } from './selections.ts';
import { commonLength, spansOf, wholeOf } from './spans.ts';

/** `unknown`: too few intervals to say. */
export type Change = 'better' | 'worse' | 'noise' | 'unknown';

export interface ComparedFigure {
  /** For people: `p99 of fresh allocations`. */
  readonly name: string;
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

export interface ComparedRun {
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

/** By how chance is told from change. */
export const RULES = {
  /** Stretches of each run. With fewer, how they hang together in time cannot be told. */
  leastSpans: 10,
  /** As many independent ones at least must they be worth: 95 % intervals of fewer have no bounds. */
  leastIndependent: 6,
  /** Of a rank test, after Holm's correction. */
  significance: 0.05,
  /** Ratios nearer to 1 than this are noise however sure they are. */
  leastRatio: 1.03,
  /** For shares, the difference: 0.005 is half a percentage point. */
  leastShare: 0.005,
} as const;

/** Runs that left something undecided should last so many times as long. */
const LONGER = 2;

/** What one figure came to; `needSeconds` is how long runs would have to be for a rank test, where they were not. */
export interface Examined {
  readonly quantity: Quantity;
  readonly base: number | null;
  readonly other: number | null;
  readonly ranked: Ranked | null;
  readonly needSeconds: number | null;
}

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

/** One figure of two runs, and by rank where they are long enough. */
export function examine(quantity: Quantity, base: RecordedRun, other: RecordedRun): Examined {
  const figures = { base: figureOf(quantity, base), other: figureOf(quantity, other) };
  if (figures.base === null || figures.other === null)
    return { quantity, ...figures, ranked: null, needSeconds: null };
  const lengths = lengthsFor(quantity, [base, other]);
  const values = [valuesOf(quantity, base, lengths[0]), valuesOf(quantity, other, lengths[1])];
  const seconds = Math.max(...lengths);
  // Where records come in bursts, a run holds fewer stretches than fit into it.
  const perSpan = [base, other].map((run, at) => run.seconds / Math.max(values[at].length, 1));
  const short = values.flatMap(({ length }, at) => (length < RULES.leastSpans ? [perSpan[at]] : []));
  if (short.length > 0) {
    return {
      ...{ quantity, ...figures, ranked: null },
      needSeconds: Math.max(seconds, ...short) * RULES.leastSpans,
    };
  }
  const ranked = compareByRank(values[0], values[1]);
  const lacking = RULES.leastIndependent / ranked.independent;
  const spans = Math.max(...values.map(({ length }) => length));
  return { quantity, ...figures, ranked, needSeconds: lacking > 1 ? seconds * spans * lacking : null };
}

/** @param p after correction for other looks, where there were any */
export function changeOf({ quantity, base, other, ranked }: Examined, p: number | null): Change {
  if (ranked === null || p === null || base === null || other === null) return 'unknown';
  if (ranked.independent < RULES.leastIndependent) return 'unknown';
  // Where the whole runs say one thing and their stretches another, neither is taken for a change.
  if (Math.sign(other - base) !== ranked.side || !matters(quantity.unit, base, other, ranked)) return 'noise';
  // By itself it would be told from chance, among so many looks it is not.
  if (p >= RULES.significance) return ranked.p < RULES.significance ? 'unknown' : 'noise';
  return other > base === (quantity.better === 'more') ? 'better' : 'worse';
}

function matters(unit: Unit, base: number, other: number, { centre }: Ranked): boolean {
  if (unit === 'count') return true;
  if (unit === 'share') return Math.abs(other - base) >= RULES.leastShare;
  return far(other / base) && (centre === null || far(centre));
}

function far(ratio: number): boolean {
  return Math.max(ratio, 1 / ratio) >= RULES.leastRatio;
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
      ...{ name: quantity.label, unit: quantity.unit, base, other },
      ratio: base !== null && other !== null && base > 0 ? other / base : null,
      ...{ spread: ranked?.spread ?? null, p: ranked?.p ?? null, change },
    }),
  );
  const count = (change: Change) => figures.filter((figure) => figure.change === change).length;
  const undecided = count('unknown') > count('noise') ? 'unknown' : 'noise';
  const change = (['worse', 'better'] as const).find((one) => count(one) > 0) ?? undecided;
  return { origin: other.origin, sentence: sentenceOn(base, other, looks), change, figures };
}

/** Figures of which neither run has anything are left out; of causes the p99 where there is enough for it, else the median. */
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
    ...['emergencies', 'refused', 'failed'].map(plain),
  ].filter(({ base, other }) => (base ?? 0) !== 0 || (other ?? 0) !== 0);
}

/**
 * In seconds, of a stretch of each run. Of the same length, but where percentiles and maxima depend on how many records they are
 * of: then as long as it takes to hold as many, and enough.
 */
function lengthsFor({ records }: Quantity, runs: readonly RecordedRun[]): readonly number[] {
  const seconds = commonLength(runs);
  if (records === undefined) return runs.map(() => seconds);
  const rates = runs.map((run) => records.of(wholeOf(run)) / run.seconds);
  const wanted = Math.max(records.least, seconds * Math.max(...rates));
  return rates.map((rate) => (rate > 0 ? wanted / rate : seconds));
}

/** Of stretches in the order of time; those with too few records are passed over. */
function valuesOf(quantity: Quantity, run: RecordedRun, seconds: number): number[] {
  return spansOf(run, seconds)
    .filter((span) => (quantity.records?.of(span) ?? 1) >= (quantity.records?.least ?? 0) / 2)
    .map((span) => quantity.of(span))
    .filter((value) => value !== null);
}
