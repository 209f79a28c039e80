import { type Bytes, KiB, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';

/** The three pooled tiers by index, and `direct` for requests over the largest of them. */
export const TIER_NAMES = ['small', 'medium', 'large', 'direct'] as const;
export type TierName = (typeof TIER_NAMES)[number];

/** How many tiers are pooled; also the index of `direct`. */
export const POOLED_TIERS = 3;
export const DIRECT = 3;

export interface TierPolicy {
  /** Bytes of every buffer of the tier; whole KiB, rising from tier to tier. */
  readonly capacity: Bytes;
  /** Idle buffers kept at most, over all shards together. */
  readonly maxIdle: number;
}

export type TierPolicies = readonly [small: TierPolicy, medium: TierPolicy, large: TierPolicy];

/** The three full together are 135 MiB: more than the default budget, which always wins. */
export const DEFAULT_TIERS: TierPolicies = [
  { capacity: 4 * KiB, maxIdle: 1000 },
  { capacity: 64 * KiB, maxIdle: 500 },
  { capacity: 1 * MiB, maxIdle: 100 },
];

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkTiers(tiers: TierPolicies): void {
  if (
    !Array.isArray(tiers) ||
    tiers.length !== POOLED_TIERS ||
    !tiers.every((tier) => typeof tier === 'object')
  ) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `tiers is a list of ${POOLED_TIERS} objects { capacity, maxIdle }, for ${TIER_NAMES.slice(0, POOLED_TIERS).join(', ')}; got ${JSON.stringify(tiers)}. Look at DEFAULT_TIERS.`,
    );
  }
  let below = 0;
  for (let tier = 0; tier < POOLED_TIERS; tier++) {
    const { capacity, maxIdle } = tiers[tier];
    if (!(Number.isInteger(capacity) && capacity % KiB === 0 && capacity > below && capacity <= 1024 * MiB)) {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `Tier capacities are whole KiB up to 1 GiB, each larger than the one before; '${TIER_NAMES[tier]}' has ${capacity} bytes. Give for example 4096, 65536 and 1048576.`,
      );
    }
    if (!(Number.isInteger(maxIdle) && maxIdle >= 0 && maxIdle <= 1_000_000)) {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `maxIdle is a whole number from 0 to 1,000,000; '${TIER_NAMES[tier]}' has ${maxIdle}.`,
      );
    }
    below = capacity;
  }
}

/** The tier that serves a request: the smallest whose capacity holds it, or `DIRECT`. */
export function tierFor(length: Bytes, tiers: TierPolicies): number {
  return length <= tiers[0].capacity
    ? 0
    : length <= tiers[1].capacity
      ? 1
      : length <= tiers[2].capacity
        ? 2
        : DIRECT;
}

/** What a request holds in memory: the capacity of its tier; over the largest, its length in whole KiB. */
export function capacityFor(length: Bytes, tiers: TierPolicies): Bytes {
  const tier = tierFor(length, tiers);
  return tier === DIRECT ? Math.ceil(length / KiB) * KiB : tiers[tier].capacity;
}
