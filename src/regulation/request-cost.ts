/**
 * What requests for memory cost at one block size: the share of the busy time of worker threads that goes
 * into them, and the 99th percentile of those that did not hit. And whether a larger size made that worse.
 *
 * Windows of a fraction of a second make a small sample with a mean and a standard error, as do the intervals
 * that a percentile is of. What is compared must differ by more than a mark and by two standard errors; and
 * it must matter: where requests take less than a hundredth of the time, nothing is lost by one that is
 * slower. Pure: state in, state out.
 */
import type { Bytes } from '../bytes.ts';
import { mean, standardError } from './sample.ts';

export interface CostPolicy {
  /**
   * Share of the busy time in requests that did not wait, 0 to 1, at which larger blocks are wanted, for they
   * need fewer. Default 0.05.
   */
  readonly growAtShare: number;
  /** Below this share nothing that requests do is a reason against a size. Default 0.01. */
  readonly leastShare: number;
  /** Growth is taken back that raises the share by more than this part of it. Default 0.1. */
  readonly mostShareRise: number;
  /** The same for the 99th percentile. Default 1. */
  readonly mostP99Rise: number;
}

/** Totals of all worker threads that only rise, and a percentile. */
export interface Requests {
  readonly nowMs: number;
  readonly busySeconds: number;
  /** In requests that did not wait for memory, and in those that did. */
  readonly acquireSeconds: number;
  readonly waitSeconds: number;
  /** Of requests that did not hit, in the last interval; null when there were none. */
  readonly p99Nanoseconds: number | null;
}

/** What was seen at one size, newest last. */
export interface SeenRequests {
  readonly bytes: Bytes;
  readonly sinceMs: number;
  /** Where the window began; null at the first look at a size, whose first buffers are still to come. */
  readonly from: Requests | null;
  /** Of the busy time of each window, and what requests that waited took besides. */
  readonly acquireShares: readonly number[];
  readonly waitShares: readonly number[];
  readonly p99Ms: number;
  /** Natural logarithms. */
  readonly p99s: readonly number[];
}

/** A mean, and its standard error. */
interface Estimate {
  readonly mean: number;
  readonly error: number;
}

/** Null where too little is known. */
export interface RequestCost {
  readonly share: Estimate | null;
  /** Of logarithms. */
  readonly p99: Estimate | null;
}

/** `open`: it is too early to tell. */
type CostVerdict = 'worse share' | 'worse p99' | 'no worse' | 'open';

const WINDOW_MS = 400;
const WINDOWS = 5;
/** So many are needed for an estimate that something hangs on. */
const LEAST_WINDOWS = 3;
/** Threads that were busy for less than this part of a window, all together, tell nothing. */
const LEAST_BUSY = 0.05;
/** Intervals of a percentile are of a second, and come up to a second late. */
const P99_EVERY_MS = 1000;
const P99_FROM_MS = 2000;
/** So many windows, where threads are busy, with the look that comes first. */
const SHARE_WITHIN_MS = 2000;
/** What cannot be told until then will not be told. */
const PATIENCE_MS = 6000;

export function startSeen(bytes: Bytes, nowMs: number): SeenRequests {
  return { bytes, sinceMs: nowMs, from: null, acquireShares: [], waitShares: [], p99Ms: nowMs, p99s: [] };
}

/** One look, at a size that may be another than at the last one. */
export function seeRequests(before: SeenRequests, bytes: Bytes, now: Requests): SeenRequests {
  const seen = before.bytes === bytes ? before : startSeen(bytes, now.nowMs);
  return seeP99(seeShare(seen, now), now);
}

function seeShare(seen: SeenRequests, now: Requests): SeenRequests {
  const { from } = seen;
  if (from === null) return { ...seen, from: now };
  const seconds = (now.nowMs - from.nowMs) / 1000;
  if (seconds * 1000 < WINDOW_MS) return seen;
  const busy = now.busySeconds - from.busySeconds;
  if (busy < LEAST_BUSY * seconds) return { ...seen, from: now, acquireShares: [], waitShares: [] };
  const share = (spent: number): number => Math.min(1, Math.max(0, spent) / busy);
  return {
    ...seen,
    from: now,
    acquireShares: kept(seen.acquireShares, share(now.acquireSeconds - from.acquireSeconds)),
    waitShares: kept(seen.waitShares, share(now.waitSeconds - from.waitSeconds)),
  };
}

function seeP99(seen: SeenRequests, { nowMs, p99Nanoseconds }: Requests): SeenRequests {
  if (nowMs - seen.sinceMs < P99_FROM_MS || nowMs - seen.p99Ms < P99_EVERY_MS) return seen;
  const p99s = p99Nanoseconds === null ? seen.p99s : kept(seen.p99s, Math.log(Math.max(1, p99Nanoseconds)));
  return { ...seen, p99Ms: nowMs, p99s };
}

function kept(values: readonly number[], value: number): number[] {
  return [...values.slice(1 - WINDOWS), value];
}

/**
 * Of the busy time at this size, the share of requests that did not wait, over the last second or two; null
 * where threads are not busy, or were not seen for so long yet.
 */
export function acquireShare({ acquireShares }: SeenRequests): number | null {
  return acquireShares.length < LEAST_WINDOWS ? null : mean(acquireShares);
}

/** As `acquireShare`, of those that waited. */
export function waitShare({ waitShares }: SeenRequests): number | null {
  return waitShares.length < LEAST_WINDOWS ? null : mean(waitShares);
}

export function costOf({ acquireShares, waitShares, p99s }: SeenRequests): RequestCost {
  return { share: estimate(acquireShares.map((share, at) => share + waitShares[at])), p99: estimate(p99s) };
}

function estimate(values: readonly number[]): Estimate | null {
  if (values.length < LEAST_WINDOWS) return null;
  return { mean: mean(values), error: standardError(values) };
}

/**
 * What requests cost at this size is not known yet, or, where they matter, the percentile of slow ones:
 * growth could not be judged.
 */
export function stillUnknown(seen: SeenRequests, now: Requests, policy: CostPolicy): boolean {
  const { share, p99 } = costOf(seen);
  const seenMs = now.nowMs - seen.sinceMs;
  if (share === null) return seenMs < SHARE_WITHIN_MS;
  const matters = share.mean >= policy.leastShare && now.p99Nanoseconds !== null;
  return matters && p99 === null && seenMs < PATIENCE_MS;
}

/** Whether what is seen at a size since it grew is worse than what requests cost before. */
export function judgeGrowth(
  before: RequestCost,
  seen: SeenRequests,
  nowMs: number,
  policy: CostPolicy,
): CostVerdict {
  const after = costOf(seen);
  const late = nowMs - seen.sinceMs >= PATIENCE_MS;
  if (before.share === null || late) return 'no worse';
  if (after.share === null) return 'open';
  if (after.share.mean < policy.leastShare) return 'no worse';
  const { mean: was } = before.share;
  if (exceeds(after.share, before.share, policy.mostShareRise * was)) return 'worse share';
  if (before.p99 === null) return 'no worse';
  if (after.p99 === null) return 'open';
  return exceeds(after.p99, before.p99, Math.log1p(policy.mostP99Rise)) ? 'worse p99' : 'no worse';
}

function exceeds(after: Estimate, before: Estimate, mark: number): boolean {
  const rise = after.mean - before.mean;
  return rise > mark && rise > 2 * Math.hypot(after.error, before.error);
}
