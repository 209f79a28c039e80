/**
 * What a row is held to, and whether this run kept it. A noisy machine may leave that open; then it says so.
 */
import { type Spread, significant } from './rounds.ts';

export interface Target {
  /** What is compared, with what. */
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly verdict: 'met' | 'missed' | 'too close to call';
}

export function atMost(what: string, value: number, limit: number, unit: string): Target {
  return judged(what, value, `at most ${limit} ${unit}`, unit, value <= limit);
}

export function atLeast(what: string, value: number, limit: number, unit: string): Target {
  return judged(what, value, `at least ${limit} ${unit}`, unit, value >= limit);
}

/**
 * That `ours` costs at most `times` what `theirs` costs. The medians decide where the ranges are apart; where
 * they overlap, a slower median alone proves nothing.
 */
export function noSlower(what: string, ours: Spread, theirs: Spread, times = 1): Target {
  const met = ours.median <= theirs.median * times;
  const apart = ours.least > theirs.most * times;
  return {
    what,
    wanted: times === 1 ? 'no slower' : `at most ${times} x the time`,
    measured: `${significant(ours.median / theirs.median)} x the time`,
    verdict: met ? 'met' : apart ? 'missed' : 'too close to call',
  };
}

export function formatTarget({ what, wanted, measured, verdict }: Target): string {
  return `Target ${verdict}: ${what}, ${wanted}; this run ${measured}.`;
}

function judged(what: string, value: number, wanted: string, unit: string, met: boolean): Target {
  return { what, wanted, measured: `${significant(value)} ${unit}`, verdict: met ? 'met' : 'missed' };
}
