/**
 * Does a larger block do more work for each second of CPU? Tried, not assumed: a batch keeps the CPU busy at
 * any block size.
 *
 * Work differs from moment to moment (short files, another codec, a noisy neighbour) by far more than a block
 * size is worth, so before and after say little. The two sizes take turns instead, A B B A A B B A ..., and
 * each is compared only with its neighbour in time; a steady drift of the work favours A in one pair and B in
 * the next and cancels out. The logarithms of the ratios of the pairs are then a small sample with a mean and
 * a standard error, and the trial goes on until these say yes or no. It ends early where the difference is
 * plain, which is also where a bad size costs most. Pure.
 */
import type { Bytes } from '../bytes.ts';
import { mean, standardError } from './sample.ts';

export interface TrialPolicy {
  /**
   * One size's turn lasts at least so long, in milliseconds; the first look after a switch is not counted.
   * Default 400.
   */
  readonly trialMs: number;
  /** Work for each second of CPU must rise by this share for the larger size to stay. Default 0.02. */
  readonly leastGain: number;
  /** Pairs after which a trial that is still unclear has failed. Default 8. */
  readonly mostPairs: number;
  /** A turn in which nothing was reported as processed for so long fails the trial. Default 10,000. */
  readonly mostTurnMs: number;
}

/** Totals that only rise. */
export interface Work {
  readonly nowMs: number;
  readonly processedBytes: Bytes;
  readonly cpuSeconds: number;
}

export interface Trial {
  readonly baseBytes: Bytes;
  readonly triedBytes: Bytes;
  /** Something else than the work speaks for the larger size: it stays unless it plainly does less. */
  readonly backed: boolean;
  /** Turns that ended. The turns 1, 2, 5, 6, 9, 10 and so on are of the tried size. */
  readonly turns: number;
  /** Where the turn's measurement began; null at the first look after a switch. */
  readonly from: Work | null;
  readonly switchedMs: number;
  /** Work for each CPU second in the turn before, while its pair is not whole. */
  readonly earlier: number | null;
  /** Natural logarithms of tried beside base, one of each whole pair. */
  readonly gains: readonly number[];
}

type TrialVerdict = 'better' | 'no better' | 'unclear' | 'no work';

export function startTrial(sizes: Pick<Trial, 'baseBytes' | 'triedBytes' | 'backed'>, work: Work): Trial {
  return {
    ...sizes,
    turns: 0,
    from: work,
    switchedMs: work.nowMs,
    earlier: null,
    gains: [],
  };
}

/** The size whose turn it is. */
export function turnOf(trial: Trial): Bytes {
  return isTried(trial.turns) ? trial.triedBytes : trial.baseBytes;
}

/** The mean gain so far, as a share: 0.05 is 5 % more work for each CPU second. */
export function gainOf(trial: Trial): number {
  return trial.gains.length === 0 ? 0 : Math.exp(mean(trial.gains)) - 1;
}

/** Takes one more look; ends the turn, and the trial, when it is time. */
export function nextTrial(
  trial: Trial,
  work: Work,
  policy: TrialPolicy,
): { trial: Trial; verdict: TrialVerdict | null } {
  // What was under way at the switch still had the other size, and its first blocks were allocated anew.
  if (trial.from === null) return { trial: { ...trial, from: work }, verdict: null };
  const efficiency = efficiencyBetween(trial.from, work);
  if (work.nowMs - trial.from.nowMs < policy.trialMs || efficiency === null) {
    const verdict = work.nowMs - trial.switchedMs >= policy.mostTurnMs ? 'no work' : null;
    return { trial, verdict };
  }
  const turns = trial.turns + 1;
  const switches = isTried(turns) !== isTried(trial.turns);
  const next: Trial = {
    ...trial,
    turns,
    from: switches ? null : work,
    switchedMs: work.nowMs,
    earlier: trial.earlier === null ? efficiency : null,
    gains: trial.earlier === null ? trial.gains : [...trial.gains, gain(trial, trial.earlier, efficiency)],
  };
  return { trial: next, verdict: next.gains.length > trial.gains.length ? judge(next, policy) : null };
}

/** Bytes for each CPU second; null where one of both did not move. */
export function efficiencyBetween(from: Work, to: Work): number | null {
  const bytes = to.processedBytes - from.processedBytes;
  const seconds = to.cpuSeconds - from.cpuSeconds;
  return bytes > 0 && seconds > 0 ? bytes / seconds : null;
}

function isTried(turns: number): boolean {
  return turns % 4 === 1 || turns % 4 === 2;
}

function gain(trial: Trial, earlier: number, later: number): number {
  return isTried(trial.turns) ? Math.log(later / earlier) : Math.log(earlier / later);
}

/**
 * Better: the mean gain is large enough, and two standard errors over nothing at all (about 1 in 11 of three
 * pairs of mere noise). No better: one standard error under what is wanted; it is tried again later anyway.
 */
function judge({ gains, backed }: Trial, policy: TrialPolicy): TrialVerdict | null {
  if (backed) return judgeBacked(gains);
  const wanted = Math.log1p(policy.leastGain);
  const average = mean(gains);
  const error = standardError(gains, average);
  if (gains.length >= 3 && average >= wanted && average >= 2 * error) return 'better';
  if (gains.length >= 2 && average + error < wanted) return 'no better';
  return gains.length >= policy.mostPairs ? 'unclear' : null;
}

/** After two pairs, unless both say that it does less, and the third one too. */
function judgeBacked(gains: Trial['gains']): TrialVerdict | null {
  if (gains.length < 2) return null;
  if (gains.some((gain) => gain >= 0)) return 'better';
  return gains.length > 2 ? 'no better' : null;
}
