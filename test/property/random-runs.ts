/**
 * Comparisons of runs that are made of random numbers: how often is found what is not there, and how often
 * what is?
 */
import { changeOf } from '../../src/report/change.ts';
import { PLAIN_QUANTITIES, type Quantity } from '../../src/report/quantities.ts';
import { compareByRank, holm } from '../../src/report/rank.ts';
import { type Random, randomFrom } from '../regulation/random.ts';

interface Simulated {
  readonly seed: number;
  readonly rounds: number;
  /** Of each run. */
  readonly spans: number;
  /** How much of a span's deviation is left in the next, 0 to 1. */
  readonly memory: number;
  readonly shape: Shape;
  /** Looked at together; 15 is about what a comparison has. */
  readonly figures: number;
  /** Of the other run beside the base; 1 for runs that do not differ. */
  readonly ratio: number;
}

/**
 * Spans differ by 20 %, normally distributed on the logarithm; by a factor of 7, now and then of a thousand;
 * or by 20 % where a histogram tells only 5 values apart; or by 20 % with the level moving for good in the
 * middle of each run.
 */
type Shape = 'even' | 'heavy' | 'ties' | 'moves';
export const SHAPES: readonly Shape[] = ['even', 'heavy', 'ties', 'moves'];

interface Outcome {
  /** Of comparisons, those that found a change in any of their figures. */
  readonly any: number;
  /** Of figures, those that were found worse. */
  readonly worse: number;
}

/** Of which less is better. */
const QUANTITY = PLAIN_QUANTITIES.get('peak-memory') as Quantity;

export function simulate({ seed, rounds, spans, memory, shape, figures, ratio }: Simulated): Outcome {
  const random = randomFrom(seed);
  let any = 0;
  let worse = 0;
  for (let round = 0; round < rounds; round++) {
    const looks = Array.from({ length: figures }, () => {
      const base = series(random, spans, memory, shape);
      const other = series(random, spans, memory, shape).map((value) => value * ratio);
      const ranked = compareByRank(base, other);
      return { quantity: QUANTITY, base: mean(base), other: mean(other), ranked, needSeconds: null };
    });
    const corrected = holm(looks.map(({ ranked }) => ranked.p));
    const changes = looks.map((look, at) => changeOf(look, corrected[at]));
    if (changes.some((change) => change === 'worse' || change === 'better')) any++;
    worse += changes.filter((change) => change === 'worse').length;
  }
  return { any: any / rounds, worse: worse / rounds / figures };
}

function series(random: Random, spans: number, memory: number, shape: Shape): number[] {
  const fresh = Math.sqrt(1 - memory ** 2);
  const moved = shape === 'moves' ? random.normal() : 0;
  let state = random.normal();
  return Array.from({ length: spans }, (_, at) => {
    state = memory * state + fresh * random.normal();
    const level = at < spans / 2 ? state : state + moved;
    if (shape === 'heavy') return Math.exp(2 * level);
    return Math.exp(0.2 * (shape === 'ties' ? Math.max(-2, Math.min(2, Math.round(level))) : level));
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
