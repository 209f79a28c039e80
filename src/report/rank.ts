/**
 * Two samples compared by rank: the test of Mann and Whitney with ties, and the interval of the ratio that it
 * does not rule out, which is the one of Hodges and Lehmann (their median of all ratios between the samples
 * is its centre). Pure.
 *
 * The values of one run follow each other in time and depend on each other, so they say less than as many
 * independent ones. Their number is divided by the time that their ranks stay alike, 1 + 2 (r1 + r2 + ...)
 * (Bayley and Hammersley 1946), and the variance of the test grows by as much, which is what Dedecker and
 * Sauliere (2017) found it to do for two dependent series. From short series the sum comes out too small. So
 * the larger of two estimates is taken: Geyer's (1992), who adds up pairs of correlations while they fall and
 * are over 0, and that of a process that remembers only its last value, with the bias of its correlation
 * taken out (Kendall 1954). Few independent values have Student's tails; the degrees of freedom are those of
 * the run that has fewer, which is the cautious choice: with those of Welch and Satterthwaite coarse values
 * that depend on each other were found to differ in 9 of 100 comparisons of the same (docs/decisions/053).
 */
import { quantile95, studentTails } from './tails.ts';
import { ranksOf, timeAlike, varianceOfWins, wins } from './wins.ts';

export interface Ranked {
  /** Two-sided: how often chance alone makes a difference as large. */
  readonly p: number;
  /** Median of other beside base over all pairs; null where it has no bound, as beside nothing but zeros. */
  readonly centre: number | null;
  /** 95 % interval of the same. */
  readonly spread: readonly [least: number, most: number] | null;
  /** By rank other is over base (1), under it (-1), or neither. */
  readonly side: -1 | 0 | 1;
  /** As how many independent values those of a run are worth; of the run that has fewer. */
  readonly independent: number;
}

/** Ratios are looked for between its inverse and this. */
const MOST_RATIO = 1e12;
/** Steps of bisection on the logarithm; the answer is good to 1e-10. */
const STEPS = 60;

/** @param base, other 0 or more, in the order of time; 5 each at least */
export function compareByRank(base: readonly number[], other: readonly number[]): Ranked {
  const pairs = base.length * other.length;
  const ranks = ranksOf([...base, ...other]);
  const times = [ranks.slice(0, base.length), ranks.slice(base.length)].map(timeAlike);
  const shares = [times[0] / base.length, times[1] / other.length];
  const inflation = (shares[0] + shares[1]) / (1 / base.length + 1 / other.length);
  const deviation = Math.sqrt(varianceOfWins(base.length, other.length, ranks) * inflation);
  const independent = 1 / Math.max(...shares);
  const freedom = Math.max(1, independent - 1);

  const [low, high] = [base, other].map((values) => values.toSorted((a, b) => a - b));
  const over = wins(low, high, 1) - pairs / 2;
  // Half a pair for the steps that wins come in.
  const t = deviation === 0 ? 0 : Math.max(0, Math.abs(over) - 0.5) / deviation;
  const margin = quantile95(freedom) * deviation;
  const least = ratioWith(low, high, pairs / 2 + margin);
  const most = ratioWith(low, high, pairs / 2 - margin);
  return {
    p: studentTails(t, freedom),
    centre: ratioWith(low, high, pairs / 2),
    spread: least === null || most === null ? null : [least, most],
    side: over > 0 ? 1 : over < 0 ? -1 : 0,
    independent,
  };
}

/** Holm's correction: what each is worth when all of them were looked at. In the order in which they came. */
export function holm(ps: readonly number[]): number[] {
  const order = [...ps.keys()].sort((a, b) => ps[a] - ps[b]);
  const corrected = new Array<number>(ps.length);
  let least = 0;
  order.forEach((at, rank) => {
    least = Math.max(least, Math.min(1, ps[at] * (ps.length - rank)));
    corrected[at] = least;
  });
  return corrected;
}

/** The ratio at which wins fall through `wanted`; null where they do so nowhere. */
function ratioWith(base: readonly number[], other: readonly number[], wanted: number): number | null {
  if (wins(base, other, 1 / MOST_RATIO) <= wanted || wins(base, other, MOST_RATIO) >= wanted) return null;
  let [least, most] = [-Math.log(MOST_RATIO), Math.log(MOST_RATIO)];
  for (let step = 0; step < STEPS; step++) {
    const middle = (least + most) / 2;
    if (wins(base, other, Math.exp(middle)) > wanted) least = middle;
    else most = middle;
  }
  // The same to within the steps of bisection is the same.
  return Number(Math.exp((least + most) / 2).toPrecision(9));
}
