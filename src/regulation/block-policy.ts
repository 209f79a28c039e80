/**
 * How long a block should be, from memory pressure, CPU load, and what the work and its requests for memory
 * themselves show. Memory wins over all else.
 *
 * A larger block is wanted while the CPU is busy, or while requests take too large a part of the time: larger
 * blocks need fewer. Jobs that report their work are put on trial; where none does, the block grows step by
 * step. Either way growth that makes requests cost more is taken back.
 *
 * No block grows past what jobs would follow: those of one file last no longer than allowed. Pressure counts
 * from there too, so that its first step is felt.
 *
 * Three things keep it stable. A size that pressure began at is remembered as a ceiling one step below it,
 * which rises ever more slowly the more often pressure followed it. A size that did not help is left alone
 * for a time that doubles. And 0.75 x 1.5 is over 1, so the two never trigger each other: after pressure the
 * way back up is by the same steps as the way down, and pressure within a trial counts from the size before
 * it. Pure: state in, state out.
 */

import { type Bytes, formatBytes } from '../bytes.ts';
import { whole } from './block-sizes.ts';
import type { BlockInput, BlockPolicy, BlockState } from './block-state.ts';
import { efficiencyBetween, gainOf, nextTrial, startTrial, turnOf, type Work } from './block-trial.ts';
import { atLeast } from './pressure.ts';
import { acquireShare, costOf, judgeGrowth, seeRequests, stillUnknown } from './request-cost.ts';

/** Each calm period of so many doublings of the ceiling halves the doubling time. */
const CALM_DOUBLINGS = 8;

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

/**
 * One look. Whenever `state.bytes` changes there is a change that says so; the verdict of a trial may confirm
 * a size.
 */
export function nextBlock(before: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep {
  const state = observe(before, input, policy);
  if (atLeast(input.pressure, 'elevated')) return underPressure(state, input, policy);
  const calm = state.episode === null ? state : endEpisode(state, input.nowMs);
  const step =
    calm.trial !== null
      ? inTrial(calm, calm.trial, input, policy)
      : (takenBack(calm, input, policy) ?? atEase(calm, input, policy));
  return { ...step, state: { ...step.state, ceilingBytes: ceilingAt(step.state, input.nowMs, policy) } };
}

/** Notes load, work and requests, whatever is decided. */
function observe(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockState {
  const { nowMs, processedBytes, cpuSeconds, cpu, longestBytes } = input;
  const now: Work = { nowMs, processedBytes, cpuSeconds };
  const worked = state.last !== null && efficiencyBetween(state.last, now) !== null ? now : state.worked;
  const busy = cpu !== null && cpu >= (state.busy ? policy.idleBelowCpu : policy.growAtCpu);
  const seen = seeRequests(state.seen, state.bytes, input);
  const share = acquireShare(seen) ?? 0;
  const wanted = (cpu ?? 0) >= policy.growAtCpu || share >= policy.growAtShare;
  // One step down costs so much more of the time: it must not be wanted back at once.
  const idle = !busy && share / policy.shrinkFactor < policy.growAtShare;
  return {
    ...state,
    ...{ worked, last: now, seen, busy, longestBytes },
    idleSinceMs: idle ? (state.idleSinceMs ?? nowMs) : null,
    wantedSinceMs: wanted ? (state.wantedSinceMs ?? nowMs) : null,
  };
}

/** A step down at once, then one at each look until memory fell, then one for each cool-down. */
function underPressure(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep {
  const { nowMs, heldBytes, pressure } = input;
  // The size before a trial: 75 % of what was only being tried may be more than that.
  const settled = followed(state, state.trial?.baseBytes ?? state.bytes, policy);
  const started = state.episode ?? { heldBytes, fell: false };
  const fell = started.fell || heldBytes <= started.heldBytes * (1 - policy.leastFall);
  const episode = { heldBytes: started.heldBytes, fell };
  const ceiling = state.episode === null ? newCeiling(state, nowMs, policy) : state.ceiling;
  const next: BlockState = { ...state, bytes: settled, trial: null, grown: null, episode, ceiling };
  const bytes = Math.max(policy.leastBytes, whole(settled * policy.shrinkFactor));
  const waits = fell && nowMs - state.changedMs < policy.coolDownMs;
  const shown = { ...next, ceilingBytes: ceilingAt(next, nowMs, policy) };
  if (waits || bytes >= state.bytes) return { state: { ...shown, bytes: state.bytes }, change: null };
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
  const size = followed(state, trial?.triedBytes ?? state.bytes, policy);
  const bytes = Math.max(policy.leastBytes, whole(size * policy.shrinkFactor));
  let doublingMs = policy.ceilingDoublingMs;
  if (ceiling !== null) {
    const calm = Math.floor((nowMs - ceiling.sinceMs) / ceiling.doublingMs / CALM_DOUBLINGS);
    const factor = calm > 0 ? 0.5 ** calm : size > ceiling.bytes ? 2 : 1;
    doublingMs = Math.min(policy.mostCeilingDoublingMs, Math.max(doublingMs, ceiling.doublingMs * factor));
  }
  return { bytes, sinceMs: nowMs, doublingMs };
}

/** The largest that a job works in where so much is advised. */
function followed({ longestBytes }: BlockState, bytes: Bytes, policy: BlockPolicy): Bytes {
  return longestBytes === null ? bytes : Math.min(bytes, Math.max(policy.leastBytes, whole(longestBytes)));
}

function endEpisode(state: BlockState, nowMs: number): BlockState {
  const ceiling = state.ceiling === null ? null : { ...state.ceiling, sinceMs: nowMs };
  return { ...state, episode: null, ceiling };
}

function inTrial(
  state: BlockState,
  running: NonNullable<BlockState['trial']>,
  input: BlockInput,
  policy: BlockPolicy,
): BlockStep {
  const { before } = running;
  const { trial, verdict } = nextTrial(running, input, policy);
  const { baseBytes, triedBytes } = trial;
  if (verdict === null) {
    const next = { ...state, trial: { ...trial, before } };
    if (turnOf(trial) === state.bytes) return { state: next, change: null };
    if (turnOf(trial) === baseBytes) return change(next, input, 'return', baseBytes, 'Turn', true);
    if (trial.turns > 1) return change(next, input, 'grow', triedBytes, 'Turn', true);
    return change(next, input, 'grow', triedBytes, `${whyGrow(state, input)}, on trial`);
  }
  const over: BlockState = { ...state, trial: null };
  const gain = gainOf(trial);
  const found = `${percent(Math.abs(gain))} ${gain <= -0.0005 ? 'less' : 'more'} work for each second of CPU than ${size(baseBytes)} in ${trial.gains.length} pairs`;
  if (verdict === 'better') {
    const failed = state.failed && { ...state.failed, retryMs: state.failed.retryMs / 2 };
    const grown = { baseBytes, before };
    const kept: BlockState = { ...over, failed, grown, changedMs: input.nowMs };
    const reason = `It does ${found}`;
    return triedBytes === state.bytes
      ? { state: kept, change: null }
      : change(kept, input, 'grow', triedBytes, reason, true);
  }
  const reason =
    verdict === 'no work'
      ? `No work was reported in the trial of ${size(triedBytes)}`
      : `${size(triedBytes)} does ${found}, ${verdict}`;
  const firstMs = verdict === 'unclear' && gain > 0 ? policy.retryUnclearMs : policy.retryMs;
  return change(failedAt(over, triedBytes, input, policy, firstMs), input, 'return', baseBytes, reason);
}

function failedAt(
  state: BlockState,
  bytes: Bytes,
  { nowMs }: BlockInput,
  policy: BlockPolicy,
  firstMs = policy.retryMs,
): BlockState {
  const retryMs = Math.min(policy.mostRetryMs, Math.max(firstMs, 2 * (state.failed?.retryMs ?? 0)));
  return { ...state, failed: { bytes, untilMs: nowMs + retryMs, retryMs } };
}

/** Back to the size before growth that made requests cost more; null where there is none to judge. */
function takenBack(state: BlockState, input: BlockInput, policy: BlockPolicy): BlockStep | null {
  const { grown, seen, bytes } = state;
  if (grown === null) return null;
  const { baseBytes, before } = grown;
  const verdict = judgeGrowth(before, seen, input.nowMs, policy);
  // Until that is known nothing grows on.
  if (verdict === 'open') return { state, change: null };
  const judged: BlockState = { ...state, grown: null };
  if (verdict === 'no worse') return { state: judged, change: null };
  const after = costOf(seen);
  const reason =
    verdict === 'worse share'
      ? `Requests take ${percent(after.share?.mean ?? 0)} of the busy time, and took ${percent(before.share?.mean ?? 0)}`
      : `The 99th percentile of slow requests is ${microseconds(after.p99?.mean ?? 0)}, and was ${microseconds(before.p99?.mean ?? 0)}`;
  return change(failedAt(judged, bytes, input, policy), input, 'return', baseBytes, reason);
}

/** No pressure, no trial and nothing to judge: back towards the baseline, or on to a larger size. */
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
  const { worked, wantedSinceMs, busy } = state;
  const tried = Math.min(mostNow(state, policy), whole(bytes * policy.growFactor));
  if (!(busy || wantedSinceMs !== null) || tried <= bytes || tried > ceilingBytes) return stay;
  if (stillUnknown(state.seen, input, policy)) return stay;
  const before = costOf(state.seen);
  if (worked !== null && nowMs - worked.nowMs <= policy.trialMs) {
    const sizes = { baseBytes: bytes, triedBytes: tried, backed: backedByRequests(state, policy) };
    const trial = { ...startTrial(sizes, input), before };
    return { state: { ...state, trial }, change: null };
  }
  // A job that reports its work does so within its first seconds, and again when its longest block is done.
  const silent = worked === null || nowMs - worked.nowMs >= policy.mostTurnMs;
  if (!silent || wantedSinceMs === null || nowMs - wantedSinceMs < policy.coolDownMs) return stay;
  const grown = { baseBytes: bytes, before };
  const reason = `${whyGrow(state, input)}, and no work is reported`;
  return change({ ...state, grown }, input, 'grow', tried, reason);
}

/** They take so much of the time that what fewer of them save is evidence by itself. */
function backedByRequests({ seen }: BlockState, policy: BlockPolicy): boolean {
  return (acquireShare(seen) ?? 0) >= policy.growAtShare;
}

function whyGrow({ busy, seen }: BlockState, { cpu }: BlockInput): string {
  if (busy) return `CPU load is ${percent(cpu ?? 0)}`;
  const share = acquireShare(seen);
  return share === null ? 'CPU load was high' : `Requests take ${percent(share)} of the busy time`;
}

/** Of the clamp, and what any job would follow. */
function mostNow(state: BlockState, policy: BlockPolicy): Bytes {
  return Math.max(policy.baselineBytes, followed(state, policy.mostBytes, policy));
}

/** The least of what can be, what pressure left, and the size before one that did not help. */
function ceilingAt(state: BlockState, nowMs: number, policy: BlockPolicy): Bytes {
  const { ceiling, failed, episode } = state;
  const doublings = ceiling === null || episode !== null ? 0 : (nowMs - ceiling.sinceMs) / ceiling.doublingMs;
  const pressed = ceiling === null ? policy.mostBytes : ceiling.bytes * 2 ** Math.min(64, doublings);
  const barred =
    failed !== null && nowMs < failed.untilMs ? whole(failed.bytes / policy.growFactor) : policy.mostBytes;
  return Math.max(policy.leastBytes, Math.min(mostNow(state, policy), whole(pressed), barred));
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

function microseconds(logarithm: number): string {
  return `${(Math.exp(logarithm) / 1000).toFixed(0)} us`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
