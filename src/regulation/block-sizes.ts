/** Where the block size of a runtime starts and between what it stays. Pure. */
import { type Bytes, KiB, MiB } from '../bytes.ts';
import { capacityFor, DEFAULT_TIERS, type TierPolicies } from '../pool/tiers.ts';

/** All whole multiples of `BLOCK_STEP_BYTES`. */
export interface BlockSizes {
  /** What it starts with, and goes back to. */
  readonly baselineBytes: Bytes;
  /** Never less and never more. */
  readonly leastBytes: Bytes;
  readonly mostBytes: Bytes;
}

/** Blocks are whole multiples of this. */
const BLOCK_STEP_BYTES = 64;

interface BlockLimits {
  /** What the user asked for, 64 bytes and over. */
  readonly baselineBytes: Bytes;
  readonly budgetBytes: Bytes;
  readonly threads: number;
  readonly tiers?: TierPolicies;
  /** Default 4 KiB; never over the baseline. */
  readonly leastBytes?: Bytes;
  /** Default 1 MiB; never under the baseline. */
  readonly mostBytes?: Bytes;
  /**
   * What one block on each thread may take of the budget after growth, 0 to 1, buffers counted as a whole.
   * Default 0.25.
   */
  readonly growthShare?: number;
}

export function blockSizes(limits: BlockLimits): BlockSizes {
  const { tiers = DEFAULT_TIERS, leastBytes = 4 * KiB, mostBytes = MiB, growthShare = 0.25 } = limits;
  const baselineBytes = Math.max(BLOCK_STEP_BYTES, whole(limits.baselineBytes));
  const affordable = (bytes: Bytes): boolean =>
    limits.threads * capacityFor(bytes, tiers) <= growthShare * limits.budgetBytes;
  const growth = [mostBytes, ...tiers.map(({ capacity }) => Math.min(capacity, mostBytes))].filter(
    affordable,
  );
  return {
    baselineBytes,
    leastBytes: Math.min(baselineBytes, Math.max(BLOCK_STEP_BYTES, whole(leastBytes))),
    mostBytes: Math.max(baselineBytes, ...growth.map(whole)),
  };
}

/** The largest whole multiple that is not over it. */
export function whole(bytes: number): Bytes {
  return Math.floor(bytes / BLOCK_STEP_BYTES) * BLOCK_STEP_BYTES;
}
