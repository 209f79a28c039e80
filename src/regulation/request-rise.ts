/**
 * Whether requests came to take more of the busy time than they usually do at a block size that stays: fresh
 * allocations, since quotas fell below what a shard needs, or waits, since memory lies idle elsewhere. Pure:
 * state in, state out.
 */
import type { Bytes } from '../bytes.ts';

interface RisePolicy {
  /** Below this share of the busy time nothing has risen, 0 to 1. Default 0.01. */
  readonly leastShare: number;
  /** A share has risen that is over what is usual by more than this part of it. Default 0.1. */
  readonly rise: number;
}

export const DEFAULT_RISE: RisePolicy = { leastShare: 0.01, rise: 0.1 };

/** Totals of all worker threads that only rise, and the block size. */
interface RiseInput {
  readonly nowMs: number;
  readonly blockBytes: Bytes;
  readonly busySeconds: number;
  readonly seconds: number;
}

export interface RiseState {
  readonly from: RiseInput | null;
  /** Windows at this block size. */
  readonly windows: number;
  /** Their mean, the last half minute weighted most. */
  readonly usual: number;
  /** Of the last window, and how many in a row were over the mark. */
  readonly share: number;
  readonly over: number;
}

export const START_RISE: RiseState = { from: null, windows: 0, usual: 0, share: 0, over: 0 };

const WINDOW_MS = 1000;
const LEAST_BUSY = 0.05;
/** What is usual is known after so many windows, and follows what is new in so many. */
const KNOWN_WINDOWS = 5;
const USUAL_WINDOWS = 30;
/** One slow window is an accident. */
const OVER_WINDOWS = 3;

export function nextRise(state: RiseState, now: RiseInput, policy: RisePolicy): RiseState {
  const { from } = state;
  if (from === null || from.blockBytes !== now.blockBytes) return { ...START_RISE, from: now };
  const seconds = (now.nowMs - from.nowMs) / 1000;
  if (seconds * 1000 < WINDOW_MS) return state;
  const busy = now.busySeconds - from.busySeconds;
  // Threads that have nothing to do show nothing, and change nothing in what is usual.
  if (busy < LEAST_BUSY * seconds) return { ...state, from: now, share: 0, over: 0 };
  const share = Math.min(1, Math.max(0, now.seconds - from.seconds) / busy);
  const windows = state.windows + 1;
  const known = state.windows >= KNOWN_WINDOWS;
  const isOver = known && share >= policy.leastShare && share > state.usual * (1 + policy.rise);
  const usual = state.usual + (share - state.usual) / Math.min(windows, USUAL_WINDOWS);
  return { from: now, windows, usual, share, over: isOver ? state.over + 1 : 0 };
}

export function hasRisen({ over }: RiseState): boolean {
  return over >= OVER_WINDOWS;
}
