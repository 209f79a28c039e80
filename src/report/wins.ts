/** The sums that a comparison by rank is made of. Pure. */

/** From 1; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) ranks[order[at]] = (from + 1 + to) / 2;
  }
  return ranks;
}

/**
 * Pairs in which the other is over `ratio` times the base, those that tie by half. Both rising, 0 or more.
 */
export function wins(base: readonly number[], other: readonly number[], ratio: number): number {
  let sum = 0;
  let under = 0;
  let upTo = 0;
  for (const value of other) {
    while (under < base.length && base[under] * ratio < value) under++;
    while (upTo < base.length && base[upTo] * ratio <= value) upTo++;
    sum += (under + upTo) / 2;
  }
  return sum;
}

/** Of the wins of independent samples that do not differ, with these ranks. */
export function varianceOfWins(base: number, other: number, ranks: readonly number[]): number {
  const all = base + other;
  const middle = (all + 1) / 2;
  const squares = ranks.reduce((sum, rank) => sum + (rank - middle) ** 2, 0);
  return (base * other * squares) / (all * (all - 1));
}

/**
 * How many neighbours say as much as one independent value, 1 or more.
 * @param values 5 at least
 */
export function timeAlike(values: readonly number[]): number {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (squares === 0) return 1;
  const correlation = (lag: number): number => {
    let sum = 0;
    for (let at = lag; at < count; at++) sum += (values[at] - mean) * (values[at - lag] - mean);
    return sum / squares;
  };
  const last = Math.min(0.99, Math.max(0, (count * correlation(1) + 1) / (count - 4)));
  let falling = Number.POSITIVE_INFINITY;
  let time = -1;
  for (let lag = 0; lag + 1 < count / 2; lag += 2) {
    falling = Math.min(falling, correlation(lag) + correlation(lag + 1));
    if (falling <= 0) break;
    time += 2 * falling;
  }
  return Math.max(1, time, (1 + last) / (1 - last));
}
