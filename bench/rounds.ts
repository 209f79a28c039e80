/** Timing that a noisy machine can't bias: contenders take turns, and the median of their rounds counts. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Runs every contender once per round, each round in another order, so that a slow minute hits all alike.
 * @returns what each measured, in the order of `contenders`
 */
export async function interleave<C>(
  contenders: readonly C[],
  rounds: number,
  measure: (contender: C, round: number) => Promise<number>,
): Promise<Spread[]> {
  const measured: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length;
      measured[index].push(await measure(contenders[index], round));
    }
  }
  return measured.map(spread);
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/** Three significant digits: the rest is noise. */
export function significant(value: number): number {
  return Number(value.toPrecision(3));
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank: each is a value that was measured. */
export function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
