/**
 * How long a block should be, from memory pressure, CPU load and what the work itself shows. Memory wins over
 * CPU.
 *
 * Three things keep it stable. A size that pressure began at is remembered as a ceiling one step below it,
 * which rises ever more slowly the more often pressure followed it. Growth past the baseline is a trial, and
 * a size that did not help is left alone for a time that doubles. And 0.75 x 1.5 is over 1, so the two never
 * trigger each other: after pressure the way back up is by the same steps as the way down, and pressure
 * within a trial counts from the size before it. Pure: state in, state out.
 */

import { type Bytes, formatBytes } from '../bytes.ts';
import { type BlockSizes, whole } from './block-sizes.ts';
import {
  efficiencyBetween,
  gainOf,
  nextTrial,
  startTrial,
  type Trial,
  type TrialPolicy,
  turnOf,
  type Work,
} from './block-trial.ts';
import { atLeast, type PressureLevel } from './pressure.ts';

export interface BlockPolicy extends TrialPolicy, BlockSizes {
  /** One step down. One step back up divides by it. */
  readonly shrinkFactor: number;
  /** One trial's step up. */
  readonly growFactor: number;
  /** CPU load, 0 to 1, at which it counts as busy, and below which no longer. */
  readonly growAtCpu: number;
  readonly idleBelowCpu: number;
  /** From one change to the next; leaves pressure out until memory really fell. */
  readonly coolDownMs: number;
  /** Without load for so long, a block over the baseline goes back towards it. */
  readonly idleMs: number;
  /** Memory fell when the ledger's sum is down by this share. */
  readonly leastFall: number;
  /**
   * The ceiling that pressure left doubles in this time, at first and at most; the time itself doubles when
   * pressure follows.
   */
  readonly ceilingDoublingMs: number;
  readonly mostCeilingDoublingMs: number;
  /**
   * A size whose trial failed is not tried again for so long, at first and at most; doubles with each
   * failure.
   */
  readonly retryMs: number;
  readonly mostRetryMs: number;
}

/** Each calm period of so many doublings of the ceiling halves the doubling time. */
const CALM_DOUBLINGS = 8;
const HOUR_MS = 3_600_000;

export const DEFAULT_BLOCK_POLICY: Omit<BlockPolicy, keyof BlockSizes> = {
  shrinkFactor: 0.75,
  growFactor: 1.5,
  growAtCpu: 0.8,
  idleBelowCpu: 0.65,
  coolDownMs: 2000,
  idleMs: 5000,
  leastFall: 0.01,
  ceilingDoublingMs: 30_000,
  mostCeilingDoublingMs: 24 * HOUR_MS,
  retryMs: 30_000,
  mostRetryMs: 24 * HOUR_MS,
  trialMs: 400,
  leastGain: 0.02,
  mostPairs: 8,
  mostTurnMs: 10_000,
};

export interface BlockInput extends Work {
  /**
   * How busy the CPU is, smoothed, 0 to 1; null where it cannot be read: then nothing grows past the
   * baseline.
   */
  readonly cpu: number | null;
  readonly pressure: PressureLevel;
  /** The ledger's sum. */
  readonly heldBytes: Bytes;
}

export interface BlockState {
  /** What jobs should work in from their next block on. */
  readonly bytes: Bytes;
  /** Growth ends here now. */
  readonly ceilingBytes: Bytes;
  readonly changedMs: number;
  /** Since when the CPU was not busy; null while it is. Starts as not busy. */
  readonly idleSinceMs: number | null;
  /** The last look at which work had moved; null before any was reported. */
  readonly worked: Work | null;
  readonly last: Work | null;
  /** The current pressure, with what was held before its first step. */
  readonly episode: { readonly heldBytes: Bytes; readonly fell: boolean } | null;
  /**
   * What the last pressure left: growth ends at `bytes`, which doubles every `doublingMs` from `sinceMs`, its
   * end, on.
   */
  readonly ceiling: { readonly bytes: Bytes; readonly sinceMs: number; readonly doublingMs: number } | null;
  readonly trial: Trial | null;
  /** The last trial that failed: no size from `bytes` up is tried before `untilMs`. */
  readonly failed: { readonly bytes: Bytes; readonly untilMs: number; readonly retryMs: number } | null;
}

export interface BlockChange {
  readonly kind: 'shrink' | 'grow' | 'return';
  readonly bytes: Bytes;
  readonly reason: string;
  /** Sizes only take turns inside a trial: to be applied, but no decision of its own. */
  readonly turn: boolean;
}

interface BlockStep {
  readonly state: BlockState;
  readonly change: BlockChange | null;
}

export function startBlock(policy: BlockPolicy, nowMs: number): BlockState {
  return {
    bytes: policy.baselineBytes,
    ceilingBytes: policy.mostBytes,
    changedMs: nowMs - policy.coolDownMs,
    idleSinceMs: nowMs,
    worked: null,
    last: null,
    episode: null,
    ceiling: null,
    trial: null,
    failed: null,
  };
}

/**
 * One look. Whenever `state.bytes` changes there is a change that says so; the verdict of a trial may confirm
 * a size.
 */
export function nextBlock(before: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep {
  const state = observe(before, input, policy);
  if (atLeast(input.pressure, 'elevated')) return underPressure(state, input, policy);
  const calm = state.episode === null ? state : endEpisode(state, input.nowMs);
  const step = calm.trial !== null ? inTrial(calm, calm.trial, input, policy) : atEase(calm, input, policy);
  return { ...step, state: { ...step.state, ceilingBytes: ceilingAt(step.state, input.nowMs, policy) } };
}

/** Notes load and work, whatever is decided. */
function observe(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockState {
  const { nowMs, processedBytes, cpuSeconds, cpu } = input;
  const now: Work = { nowMs, processedBytes, cpuSeconds };
  const worked = state.last !== null && efficiencyBetween(state.last, now) !== null ? now : state.worked;
  const busy = cpu !== null && cpu >= (state.idleSinceMs === null ? policy.idleBelowCpu : policy.growAtCpu);
  return { ...state, worked, last: now, idleSinceMs: busy ? null : (state.idleSinceMs ?? nowMs) };
}

/** A step down at once, then one at each look until memory fell, then one for each cool-down. */
function underPressure(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep {
  const { nowMs, heldBytes, pressure } = input;
  // The size before a trial: 75 % of what was only being tried may be more than that.
  const settled = state.trial?.baseBytes ?? state.bytes;
  const started = state.episode ?? { heldBytes, fell: false };
  const fell = started.fell || heldBytes <= started.heldBytes * (1 - policy.leastFall);
  const episode = { heldBytes: started.heldBytes, fell };
  const ceiling = state.episode === null ? newCeiling(state, nowMs, policy) : state.ceiling;
  const next: BlockState = { ...state, bytes: settled, trial: null, episode, ceiling };
  const bytes = Math.max(policy.leastBytes, whole(settled * policy.shrinkFactor));
  const waits = fell && nowMs - state.changedMs < policy.coolDownMs;
  const shown = { ...next, ceilingBytes: ceilingAt(next, nowMs, policy) };
  if (waits || bytes >= state.bytes) return { state: shown, change: null };
  const why = state.episode !== null && !fell ? ' and nothing was freed yet' : '';
  return change(shown, input, 'shrink', bytes, `Pressure is ${pressure}${why}`);
}

/**
 * One step below the size that pressure began at. When that was over the last ceiling, the block may well be
 * its cause, and the next rise takes twice as long; pressure that comes at smaller sizes too has other
 * causes, which may go away.
 */
function newCeiling(state: BlockState, nowMs: number, policy: BlockPolicy): BlockState['ceiling'] {
  const { ceiling, trial } = state;
  const size = trial?.triedBytes ?? state.bytes;
  const bytes = Math.max(policy.leastBytes, whole(size * policy.shrinkFactor));
  let doublingMs = policy.ceilingDoublingMs;
  if (ceiling !== null) {
    const calm = Math.floor((nowMs - ceiling.sinceMs) / ceiling.doublingMs / CALM_DOUBLINGS);
    const factor = calm > 0 ? 0.5 ** calm : size > ceiling.bytes ? 2 : 1;
    doublingMs = Math.min(policy.mostCeilingDoublingMs, Math.max(doublingMs, ceiling.doublingMs * factor));
  }
  return { bytes, sinceMs: nowMs, doublingMs };
}

function endEpisode(state: BlockState, nowMs: number): BlockState {
  const ceiling = state.ceiling === null ? null : { ...state.ceiling, sinceMs: nowMs };
  return { ...state, episode: null, ceiling };
}

function inTrial(state: BlockState, running: Trial, input: BlockInput, policy: BlockPolicy): BlockStep {
  const { trial, verdict } = nextTrial(running, input, policy);
  const { baseBytes, triedBytes } = trial;
  if (verdict === null) {
    const next = { ...state, trial };
    if (turnOf(trial) === state.bytes) return { state: next, change: null };
    if (turnOf(trial) === baseBytes) return change(next, input, 'return', baseBytes, 'Turn', true);
    if (trial.turns > 1) return change(next, input, 'grow', triedBytes, 'Turn', true);
    const load = input.cpu === null ? 'was' : `is ${percent(input.cpu)}`;
    return change(next, input, 'grow', triedBytes, `CPU load ${load}, on trial`);
  }
  const over: BlockState = { ...state, trial: null };
  const gain = gainOf(trial);
  const found = `${percent(Math.abs(gain))} ${gain < 0 ? 'less' : 'more'} work for each second of CPU than ${size(baseBytes)} in ${trial.gains.length} pairs`;
  if (verdict === 'better') {
    const failed = state.failed && { ...state.failed, retryMs: state.failed.retryMs / 2 };
    const kept: BlockState = { ...over, failed, changedMs: input.nowMs };
    const reason = `It does ${found}`;
    return triedBytes === state.bytes
      ? { state: kept, change: null }
      : change(kept, input, 'grow', triedBytes, reason, true);
  }
  const retryMs = Math.min(policy.mostRetryMs, Math.max(policy.retryMs, 2 * (state.failed?.retryMs ?? 0)));
  const failed = { bytes: triedBytes, untilMs: input.nowMs + retryMs, retryMs };
  const reason =
    verdict === 'no work'
      ? `No work was reported in the trial of ${size(triedBytes)}`
      : `${size(triedBytes)} does ${found}, ${verdict}`;
  return change({ ...over, failed }, input, 'return', baseBytes, reason);
}

/** No pressure and no trial: back towards the baseline, or on to the next trial. */
function atEase(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep {
  const { bytes } = state;
  const { nowMs } = input;
  const stay = { state, change: null };
  if (nowMs - state.changedMs < policy.coolDownMs) return stay;
  const ceilingBytes = ceilingAt(state, nowMs, policy);
  if (bytes < policy.baselineBytes) {
    const up = Math.min(policy.baselineBytes, whole(bytes / policy.shrinkFactor));
    return up > bytes && up <= ceilingBytes ? change(state, input, 'return', up, 'Pressure is over') : stay;
  }
  if (state.idleSinceMs !== null) {
    const down = Math.max(policy.baselineBytes, whole(bytes * policy.shrinkFactor));
    const idle = nowMs - state.idleSinceMs >= policy.idleMs;
    return idle && down < bytes ? change(state, input, 'return', down, 'The CPU is not busy any more') : stay;
  }
  const tried = Math.min(policy.mostBytes, whole(bytes * policy.growFactor));
  const works = state.worked !== null && nowMs - state.worked.nowMs <= policy.trialMs;
  if (!works || tried <= bytes || tried > ceilingBytes) return stay;
  return { state: { ...state, trial: startTrial(bytes, tried, input) }, change: null };
}

/** The least of the clamp, what pressure left, and the size before one that did not help. */
function ceilingAt(state: BlockState, nowMs: number, policy: BlockPolicy): Bytes {
  const { ceiling, failed, episode } = state;
  const doublings = ceiling === null || episode !== null ? 0 : (nowMs - ceiling.sinceMs) / ceiling.doublingMs;
  const pressed = ceiling === null ? policy.mostBytes : ceiling.bytes * 2 ** Math.min(64, doublings);
  const barred =
    failed !== null && nowMs < failed.untilMs ? whole(failed.bytes / policy.growFactor) : policy.mostBytes;
  return Math.max(policy.leastBytes, Math.min(policy.mostBytes, whole(pressed), barred));
}

function change(
  state: BlockState,
  { nowMs }: BlockInput,
  kind: BlockChange['kind'],
  bytes: Bytes,
  reason: string,
  turn = false,
): BlockStep {
  const arrow = bytes === state.bytes ? '' : `: ${size(state.bytes)} to ${size(bytes)}`;
  const text = turn ? reason : `${reason}${arrow}`;
  return { state: { ...state, bytes, changedMs: nowMs }, change: { kind, bytes, reason: text, turn } };
}

const size = formatBytes;

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
