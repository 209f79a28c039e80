/**
 * How idle memory follows what shards use: what lay unused is freed while memory is scarce, else quotas
 * follow demand. Owned by the regulator, on the main thread. Invariant: what a round shows of each shard's
 * use is taken once.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { ShardUse } from '../coordinator/usage.ts';
import type { PoolOptions } from '../pool/options.ts';
import type { RegulatedMemory } from './ports.ts';
import { retainedQuota } from './retained.ts';
import { DEFAULT_RIGHT_SIZE, Demand } from './right-size.ts';

/** What was freed, or will be at the next safepoint of its shard, and why: worth a decision. */
interface Trim {
  readonly reason: string;
  readonly bytes: Bytes;
  readonly byTier: readonly Bytes[];
}

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

  constructor(coordinator: RegulatedMemory, options: PoolOptions, threads: number, nowMs: number) {
    this.#coordinator = coordinator;
    this.#retained = retainedQuota(options, threads);
    this.#rightSizedMs = nowMs;
  }

  forget(row: number): void {
    this.#demand.forget(row);
  }

  /** One look, over the time since the last, `sinceMs`; null where nothing is worth recording. */
  look(nowMs: number, sinceMs: number, scarce: boolean): Trim | null {
    const shards = this.#coordinator.cleanup.takeUse();
    this.#demand.observe(nowMs, shards);
    return scarce ? this.#clearUnused(sinceMs, shards) : this.#rightSize(nowMs, shards);
  }

  #clearUnused(sinceMs: number, shards: readonly ShardUse[]): Trim | null {
    const { cleanup, rows } = this.#coordinator;
    const byTier = [0, 0, 0];
    for (const { row, unused } of shards) {
      const idle = unused.map((count, tier) => Math.min(count, rows.idle(row, tier)));
      if (cleanup.clear(row, unused) === 0) continue;
      for (const [tier, count] of idle.entries()) byTier[tier] += count * rows.tierKib(tier) * KiB;
    }
    const bytes = total(byTier);
    if (bytes === 0) return null;
    return { reason: `Memory is scarce: what went unused for ${sinceMs} ms is freed.`, bytes, byTier };
  }

  #rightSize(
    nowMs: number,
    shards: readonly (ShardUse & { readonly quota: readonly number[] })[],
  ): Trim | null {
    const { cleanup, rows } = this.#coordinator;
    const policy = { ...DEFAULT_RIGHT_SIZE, retained: this.#retained };
    const quotas = new Map(shards.map(({ row, quota }) => [row, quota]));
    for (const { row, tier, count } of this.#demand.lowerings(nowMs, shards, policy)) {
      if (!cleanup.lowerQuota(row, tier, count)) continue;
      const quota = (quotas.get(row)?.[tier] ?? 0) - count;
      this.#rightSized[tier] += Math.max(0, rows.idle(row, tier) - quota) * rows.tierKib(tier) * KiB;
    }
    const byTier = this.#rightSized;
    const bytes = total(byTier);
    if (bytes === 0 || nowMs - this.#rightSizedMs < RIGHT_SIZE_MS) return null;
    this.#rightSized = [0, 0, 0];
    this.#rightSizedMs = nowMs;
    const reason = 'Demand has fallen: quotas followed it down, and what was idle over them was freed.';
    return { reason, bytes, byTier };
  }
}

function total(byTier: readonly Bytes[]): Bytes {
  return byTier.reduce((sum, bytes) => sum + bytes, 0);
}
