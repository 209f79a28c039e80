/** One figure of two runs: its value in each, and whether the difference is a change or chance. Pure. */
import type { Unit } from './figure-text.ts';
import { figureOf, type Quantity } from './quantities.ts';
import { compareByRank, type Ranked } from './rank.ts';
import type { RecordedRun } from './recorded-run.ts';
import { commonLength, spansOf, wholeOf } from './spans.ts';

/** `unknown`: too few intervals to say. */
export type Change = 'better' | 'worse' | 'noise' | 'unknown';

/** The thresholds between chance and change. */
export const RULES = {
  /** Stretches of each run. With fewer, their dependence in time cannot be estimated. */
  leastSpans: 10,
  /** They must be worth at least as many independent ones: 95 % intervals of fewer have no bounds. */
  leastIndependent: 6,
  /** Of a rank test, after Holm's correction. */
  significance: 0.05,
  /** Ratios nearer to 1 than this are noise however sure they are. */
  leastRatio: 1.03,
  /** For shares, the difference: 0.005 is half a percentage point. */
  leastShare: 0.005,
} as const;

/**
 * The result for one figure; `needSeconds` is how long runs would have to be for a rank test, where they were
 * not.
 */
export interface Examined {
  readonly quantity: Quantity;
  readonly base: number | null;
  readonly other: number | null;
  readonly ranked: Ranked | null;
  readonly needSeconds: number | null;
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
  // Where the whole runs say one thing and their stretches another, it is no change.
  if (Math.sign(other - base) !== ranked.side || !matters(quantity.unit, base, other, ranked)) return 'noise';
  // Alone it would be significant; among so many looks it is not.
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

/**
 * In seconds, of a stretch of each run. Of the same length, but where percentiles and maxima depend on how
 * many records they are of: then as long as it takes to hold as many, and enough.
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
