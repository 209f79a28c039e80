/** What sizing a block goes by and remembers: parameters, inputs, state. The rules are in block-policy.ts. */
import type { Bytes } from '../bytes.ts';
import type { BlockSizes } from './block-sizes.ts';
import type { Trial, TrialPolicy, Work } from './block-trial.ts';
import type { PressureLevel } from './pressure.ts';
import {
  type CostPolicy,
  type RequestCost,
  type Requests,
  type SeenRequests,
  startSeen,
} from './request-cost.ts';

export interface BlockPolicy extends TrialPolicy, CostPolicy, BlockSizes {
  /** One step down. One step back up divides by it. */
  readonly shrinkFactor: number;
  /** One step up. */
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
   * A size that did not help is not tried again for so long, at first and at most; doubles with each failure.
   */
  readonly retryMs: number;
  readonly mostRetryMs: number;
  /** The first time for a size that seemed to help a little, which its trial could not tell from noise. */
  readonly retryUnclearMs: number;
}

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
  retryUnclearMs: 5000,
  trialMs: 400,
  leastGain: 0.02,
  mostPairs: 8,
  mostTurnMs: 10_000,
  growAtShare: 0.05,
  leastShare: 0.01,
  mostShareRise: 0.1,
  mostP99Rise: 1,
};

export interface BlockInput extends Work, Requests {
  /**
   * How busy the process keeps what it could get of the CPU, smoothed, 0 to 1; null where it cannot be read:
   * then it makes nothing grow.
   */
  readonly cpu: number | null;
  readonly pressure: PressureLevel;
  /** The ledger's sum. */
  readonly heldBytes: Bytes;
  /**
   * Of the longest block that any job would work in: one that lasts as long as blocks may; null where none
   * has said.
   */
  readonly longestBytes: Bytes | null;
}

export interface BlockState {
  /** What jobs should work in from their next block on. */
  readonly bytes: Bytes;
  /** Growth ends here now. */
  readonly ceilingBytes: Bytes;
  /** Of the longest block that any job would work in, as of the last look. */
  readonly longestBytes: Bytes | null;
  readonly changedMs: number;
  /** The CPU is: over the upper mark, and not yet under the lower one. */
  readonly busy: boolean;
  /** Since when neither CPU nor requests are reasons for a block over the baseline; null while they are. */
  readonly idleSinceMs: number | null;
  /** Since when they are reasons for a larger one, whatever the work shows; null while they are not. */
  readonly wantedSinceMs: number | null;
  /** The last look at which work had moved; null before any was reported. */
  readonly worked: Work | null;
  readonly last: Work | null;
  /** Requests at this size. */
  readonly seen: SeenRequests;
  /** Growth whose requests are still to be compared with what they cost before. */
  readonly grown: { readonly baseBytes: Bytes; readonly before: RequestCost } | null;
  /** The current pressure, with what was held before its first step. */
  readonly episode: { readonly heldBytes: Bytes; readonly fell: boolean } | null;
  /**
   * What the last pressure left: growth ends at `bytes`, which doubles every `doublingMs` from `sinceMs`, its
   * end, on.
   */
  readonly ceiling: { readonly bytes: Bytes; readonly sinceMs: number; readonly doublingMs: number } | null;
  /** With what requests cost before it. */
  readonly trial: (Trial & { readonly before: RequestCost }) | null;
  /** The last size that did not help: none from `bytes` up is tried before `untilMs`. */
  readonly failed: { readonly bytes: Bytes; readonly untilMs: number; readonly retryMs: number } | null;
}

export function startBlock(policy: BlockPolicy, nowMs: number): BlockState {
  return {
    bytes: policy.baselineBytes,
    ceilingBytes: policy.mostBytes,
    longestBytes: null,
    changedMs: nowMs - policy.coolDownMs,
    busy: false,
    idleSinceMs: nowMs,
    wantedSinceMs: null,
    worked: null,
    last: null,
    seen: startSeen(policy.baselineBytes, nowMs),
    grown: null,
    episode: null,
    ceiling: null,
    trial: null,
    failed: null,
  };
}
