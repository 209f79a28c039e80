/** What the runtime decided by itself, on which figures, and how it turned out. Plain JSON. */

import type { Bytes } from '../bytes.ts';
import type { PressureLevel } from './pressure.ts';

/**
 * `shrink`, `grow`, `return`: the block size went down for memory, up for CPU load, or back towards the
 * baseline. `trim`: idle memory that went unused was freed, or quota was taken from shards that do not use
 * it. `rebalance`: quota or idle buffers moved between shards, or quota stayed where it would have fallen.
 * `emergency`: everything idle was freed and new work held back.
 */
export const DECISION_KINDS = ['shrink', 'grow', 'return', 'trim', 'rebalance', 'emergency'] as const;
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** What was known when it was decided. */
export interface DecisionInputs {
  /**
   * How busy the process keeps what it could get of the CPU, smoothed, 0 to 1: waiting for a core counts, or,
   * where the system does not tell that, the machine's load if it is higher; null where neither can be read.
   */
  readonly cpu: number | null;
  readonly pressure: PressureLevel;
  /** The ledger's sum. */
  readonly usedBytes: Bytes;
  readonly idleBytes: Bytes;
  readonly blockBytes: Bytes;
  /**
   * Bytes of audio that jobs reported as processed, for each second of CPU time of the process; null before
   * any report.
   */
  readonly bytesPerCpuSecond: number | null;
  /** Of allocations that did not hit, in the last interval; null when there were none. */
  readonly p99Nanoseconds: number | null;
  /**
   * Of the busy time of worker threads over the last second or two, what went into requests for memory, 0 to
   * 1: into those that were served at once (by idle memory, the mailbox or the system), and into those that
   * waited for memory. Null while threads are not busy, and just after the block size changed.
   */
  readonly acquireShare: number | null;
  readonly waitShare: number | null;
}

export const VERDICTS = ['good', 'neutral', 'regretted'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How a decision turned out, some seconds later. */
export interface Score {
  readonly verdict: Verdict;
  /** How far the ledger's sum fell since, at its lowest. */
  readonly recoveredBytes: Bytes;
  /** Of what the decision freed, bytes that were allocated again since: demand had returned. */
  readonly returnedBytes: Bytes;
  /** After beside before: over 1 is slower. Null where either is not known. */
  readonly p99Ratio: number | null;
  /**
   * After beside before, of bytes for each second of CPU: over 1 is quicker. Null where either is not known.
   */
  readonly throughputRatio: number | null;
  /** 0 to 1: the share of what the decision did that turned out wrong. */
  readonly regret: number;
}

export interface Decision {
  /** 1, 2, 3 and so on. */
  readonly number: number;
  /** Seconds since the runtime started. */
  readonly atSeconds: number;
  readonly kind: DecisionKind;
  /** A sentence with the figures that decided. */
  readonly reason: string;
  readonly inputs: DecisionInputs;
  /** The block size from now on; of `shrink`, `grow` and `return`. */
  readonly blockBytes?: Bytes;
  /** Bytes to be freed or moved; of `trim`, `rebalance` and `emergency`. */
  readonly bytes?: Bytes;
  /** Null until it was judged. */
  readonly score: Score | null;
}
