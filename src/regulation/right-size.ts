/**
 * Owns how many buffers of each tier each shard had in use lately. Runs on the main thread, in the runtime's
 * rounds, so that quotas fall even while all is idle. Invariant: what is lowered leaves at least the retained
 * minimum and what a high percentile of the window used, with headroom. Raising is left to others: a shard
 * that overflows gets spare quota at once.
 */

interface UseSample {
  readonly row: number;
  /** By tier, most buffers in use or drawn at once since the last look. */
  readonly use: readonly number[];
  readonly quota: readonly number[];
}

interface RightSizePolicy {
  /** By tier, what one shard keeps of its quota at least: a burst after a pause is not all misses. */
  readonly retained: readonly number[];
  /** Quota beside what is used, 1 and over. Default 1.25. */
  readonly headroom: number;
  /**
   * Share of the excess that goes in a second, 0 to 1; at least one buffer for each lowering. Default 0.05.
   */
  readonly decayShare: number;
  /** From one lowering of a row's tier to the next, in milliseconds. Default 1000. */
  readonly everyMs: number;
}

export const DEFAULT_RIGHT_SIZE: Omit<RightSizePolicy, 'retained'> = {
  headroom: 1.25,
  decayShare: 0.05,
  everyMs: 1000,
};

interface Lowering {
  readonly row: number;
  readonly tier: number;
  readonly count: number;
}

interface DemandOptions {
  /**
   * What is remembered, in milliseconds. Nothing is lowered before a shard was seen for so long. Default
   * 60,000.
   */
  readonly windowMs?: number;
  /** Of the window's use, 0 to 1: what is over it is too rare to keep memory for. Default 0.99. */
  readonly percentile?: number;
}

/**
 * The window in so many slots of the largest use each: the 99th percentile leaves one of them, 0.6 s of a
 * minute, out.
 */
const SLOTS = 100;

export class Demand {
  readonly #windowMs: number;
  readonly #percentile: number;
  readonly #rows = new Map<number, TierUse[]>();
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** From the last look but one to the last, in milliseconds. */
  #betweenMs = 0;

  constructor({ windowMs = 60_000, percentile = 0.99 }: DemandOptions = {}) {
    this.#windowMs = windowMs;
    this.#percentile = percentile;
  }

  /** Takes the use of each row since the last call. */
  observe(nowMs: number, samples: readonly UseSample[]): void {
    this.#betweenMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    for (const { row, use } of samples) {
      let tiers = this.#rows.get(row);
      if (tiers === undefined) {
        tiers = use.map(() => new TierUse(nowMs));
        this.#rows.set(row, tiers);
      }
      const slot = Math.floor((nowMs * SLOTS) / this.#windowMs);
      for (let tier = 0; tier < use.length; tier++) tiers[tier].add(slot, use[tier]);
    }
  }

  /** The row's thread is gone. */
  forget(row: number): void {
    this.#rows.delete(row);
  }

  /** What the window's percentile used; null before the row was seen for a whole window. */
  use(nowMs: number, row: number, tier: number): number | null {
    const seen = this.#rows.get(row)?.[tier];
    return seen === undefined || nowMs - seen.sinceMs < this.#windowMs
      ? null
      : seen.percentile(this.#percentile);
  }

  /** What to lower now; the caller does it, and shows the new quotas the next time. */
  lowerings(nowMs: number, samples: readonly UseSample[], policy: RightSizePolicy): Lowering[] {
    const found: Lowering[] = [];
    for (const { row, quota } of samples) {
      for (let tier = 0; tier < quota.length; tier++) {
        const least = policy.retained[tier];
        if (quota[tier] <= least) continue;
        const use = this.use(nowMs, row, tier);
        const seen = this.#rows.get(row)?.[tier];
        if (use === null || seen === undefined) continue;
        const excess = quota[tier] - Math.max(least, Math.ceil(use * policy.headroom));
        if (excess <= 0 || nowMs - seen.loweredMs < policy.everyMs) continue;
        // A look that comes late, as at rest, makes up for the time since the last.
        const overMs = Math.max(policy.everyMs, Math.min(this.#betweenMs, nowMs - seen.loweredMs));
        const share = 1 - (1 - policy.decayShare) ** (overMs / 1000);
        const count = Math.min(excess, Math.max(1, Math.floor(excess * share)));
        seen.loweredMs = nowMs;
        found.push({ row, tier, count });
      }
    }
    return found;
  }
}

/** The use of one tier by one row: a ring of the largest use in each slot. */
class TierUse {
  readonly sinceMs: number;
  loweredMs = Number.NEGATIVE_INFINITY;
  readonly #ring = new Uint32Array(SLOTS);
  #slot: number | null = null;
  /** What `percentile` found since the ring last changed. */
  #found: number | null = null;

  constructor(sinceMs: number) {
    this.sinceMs = sinceMs;
  }

  add(slot: number, use: number): void {
    if (slot === this.#slot) {
      if (use <= this.#ring[slot % SLOTS]) return;
      this.#ring[slot % SLOTS] = use;
    } else {
      // Slots that no look fell into belong to this one: it says what was used since the last.
      const first = Math.max(slot - SLOTS + 1, this.#slot === null ? slot : this.#slot + 1);
      for (let at = first; at <= slot; at++) this.#ring[at % SLOTS] = use;
      this.#slot = slot;
    }
    this.#found = null;
  }

  /** The use that this share of the slots stays within. */
  percentile(share: number): number {
    this.#found ??= this.#ring.toSorted()[Math.max(0, Math.round(share * SLOTS) - 1)];
    return this.#found;
  }
}
