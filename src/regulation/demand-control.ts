/**
 * How idle memory follows what shards use: what lay unused is freed while memory is scarce, else quotas
 * follow demand. Owned by the regulator, on the main thread. Invariant: what a round shows of each shard's
 * use is taken once.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { ShardUse } from '../coordinator/usage.ts';
import type { PoolOptions } from '../pool/options.ts';
import type { RegulatedMemory } from './ports.ts';
import { DEFAULT_RISE, hasRisen, nextRise, type RiseState, START_RISE } from './request-rise.ts';
import { retainedQuota } from './retained.ts';
import { DEFAULT_RIGHT_SIZE, Demand } from './right-size.ts';

/**
 * What was freed, or will be at the next safepoint of its shard, or (`rebalance`) kept, and why: worth a
 * decision.
 */
interface DemandChange {
  readonly kind: 'trim' | 'rebalance';
  readonly reason: string;
  readonly bytes: Bytes;
  readonly byTier: readonly Bytes[];
}

/** Of one look. */
interface DemandInput {
  readonly nowMs: number;
  /** Milliseconds since the last look. */
  readonly sinceMs: number;
  readonly scarce: boolean;
  readonly blockBytes: Bytes;
  /** Totals of worker threads: busy, in fresh allocations, and waiting for memory. */
  readonly busySeconds: number;
  readonly freshSeconds: number;
  readonly waitSeconds: number;
}

/** While requests wait more than usual, quota that is not used falls so many times as fast. */
const HASTE = 10;
/** Quotas stay for so long where fresh allocations rose, at first and at most; doubles each time. */
const HOLD_MS = 60_000;
const MOST_HOLD_MS = 3_600_000;
/** Quota follows demand in many small steps, recorded as one decision in so many milliseconds. */
const RIGHT_SIZE_MS = 60_000;

export class DemandControl {
  readonly #coordinator: RegulatedMemory;
  readonly #demand = new Demand();
  /** By tier, what a shard keeps of its quota at least. */
  readonly #retained: readonly number[];
  /** By tier, what quotas that followed demand freed since that was last recorded. */
  #rightSized = [0, 0, 0];
  #rightSizedMs: number;
  #fresh = START_RISE;
  #waits = START_RISE;
  /** Nothing is lowered until then. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #holdMs = HOLD_MS / 2;

  constructor(coordinator: RegulatedMemory, options: PoolOptions, threads: number, nowMs: number) {
    this.#coordinator = coordinator;
    this.#retained = retainedQuota(options, threads);
    this.#rightSizedMs = nowMs;
  }

  forget(row: number): void {
    this.#demand.forget(row);
  }

  /** A shard has more idle memory than it keeps when nobody uses it. */
  get spare(): boolean {
    const { rows } = this.#coordinator;
    return rows.live().some((row) => this.#retained.some((least, tier) => rows.idle(row, tier) > least));
  }

  /** One look; null where nothing is worth recording. */
  look(input: DemandInput): DemandChange | null {
    const { nowMs, sinceMs, scarce } = input;
    const shards = this.#coordinator.cleanup.takeUse();
    this.#demand.observe(nowMs, shards);
    const waited = hasRisen(this.#waits);
    this.#followRequests(input);
    if (scarce) return this.#clearUnused(sinceMs, shards);
    const waits = hasRisen(this.#waits);
    const held = waits ? null : this.#hold(nowMs);
    if (held !== null) return held;
    const hurry = waits && !waited ? `Requests wait for ${riseOf(this.#waits)}: quotas fall faster.` : null;
    return this.#rightSize(nowMs, shards, waits, hurry);
  }

  #followRequests({ nowMs, blockBytes, busySeconds, freshSeconds, waitSeconds }: DemandInput): void {
    const now = { nowMs, blockBytes, busySeconds };
    this.#fresh = nextRise(this.#fresh, { ...now, seconds: freshSeconds }, DEFAULT_RISE);
    this.#waits = nextRise(this.#waits, { ...now, seconds: waitSeconds }, DEFAULT_RISE);
  }

  /**
   * Shards allocate more than they did: what is lowered now would be allocated again. Longer each time, for
   * demand that comes again and again but more seldom than is remembered; half as long after twice that time
   * without.
   */
  #hold(nowMs: number): DemandChange | null {
    if (!hasRisen(this.#fresh) || nowMs < this.#heldUntilMs) return null;
    const calm = nowMs - this.#heldUntilMs > 2 * this.#holdMs;
    this.#holdMs = Math.min(MOST_HOLD_MS, Math.max(HOLD_MS, this.#holdMs * (calm ? 0.5 : 2)));
    this.#heldUntilMs = nowMs + this.#holdMs;
    const seconds = this.#holdMs / 1000;
    const reason = `Allocating takes ${riseOf(this.#fresh)}: no quota falls for ${seconds} s.`;
    return { kind: 'rebalance', reason, bytes: 0, byTier: [0, 0, 0] };
  }

  #clearUnused(sinceMs: number, shards: readonly ShardUse[]): DemandChange | null {
    const { cleanup, rows } = this.#coordinator;
    const byTier = [0, 0, 0];
    for (const { row, unused } of shards) {
      const idle = unused.map((count, tier) => Math.min(count, rows.idle(row, tier)));
      if (cleanup.clear(row, unused) === 0) continue;
      for (const [tier, count] of idle.entries()) byTier[tier] += count * rows.tierKib(tier) * KiB;
    }
    const bytes = total(byTier);
    if (bytes === 0) return null;
    return {
      kind: 'trim',
      reason: `Memory is scarce: what went unused for ${sinceMs} ms is freed.`,
      bytes,
      byTier,
    };
  }

  /** `hurry` is why it is recorded at once. */
  #rightSize(
    nowMs: number,
    shards: readonly (ShardUse & { readonly quota: readonly number[] })[],
    waits: boolean,
    hurry: string | null,
  ): DemandChange | null {
    const { cleanup, rows } = this.#coordinator;
    if (nowMs < this.#heldUntilMs && !waits) return null;
    const decayShare = DEFAULT_RIGHT_SIZE.decayShare * (waits ? HASTE : 1);
    const policy = { ...DEFAULT_RIGHT_SIZE, decayShare, retained: this.#retained };
    const quotas = new Map(shards.map(({ row, quota }) => [row, quota]));
    for (const { row, tier, count } of this.#demand.lowerings(nowMs, shards, policy)) {
      if (!cleanup.lowerQuota(row, tier, count)) continue;
      const quota = (quotas.get(row)?.[tier] ?? 0) - count;
      this.#rightSized[tier] += Math.max(0, rows.idle(row, tier) - quota) * rows.tierKib(tier) * KiB;
    }
    const byTier = this.#rightSized;
    const bytes = total(byTier);
    if (hurry === null && (bytes === 0 || nowMs - this.#rightSizedMs < RIGHT_SIZE_MS)) return null;
    this.#rightSized = [0, 0, 0];
    this.#rightSizedMs = nowMs;
    const fallen = 'Demand has fallen: quotas followed it down, and what was idle over them was freed.';
    return { kind: 'trim', reason: hurry ?? fallen, bytes, byTier };
  }
}

function riseOf({ share, usual }: RiseState): string {
  return `${percent(share)} of the busy time, and usually ${percent(usual)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function total(byTier: readonly Bytes[]): Bytes {
  return byTier.reduce((sum, bytes) => sum + bytes, 0);
}
