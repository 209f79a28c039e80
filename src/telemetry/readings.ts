/**
 * What was recorded in one span of time, made into what a snapshot shows. Main thread; holds nothing of its
 * own.
 */
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import { type Distributions, type Series, statsOf } from './distributions.ts';
import {
  FAMILIES,
  type Family,
  GC_KINDS,
  type GcKind,
  LIFETIMES,
  PAUSES,
  QUEUE,
  RECOVERIES,
  SERVICE,
  SIZES,
  TIERS,
} from './series.ts';
import type { ByteStats, GcSnapshot, LatencySummary, NanosecondStats, Stats } from './stats.ts';

export class Readings {
  readonly #parts: readonly Distributions[];

  /** Over all of these together. */
  constructor(parts: readonly Distributions[]) {
    this.#parts = parts;
  }

  /**
   * How long requests took.
   * @param exactCounts replaces the counts of these causes, which are sums of weights
   */
  latency(exactCounts: Readonly<Partial<Record<CauseName, number>>> = {}): LatencySummary {
    const byCause = {} as Record<CauseName, Stats>;
    const byTier: Record<TierName, Partial<Record<CauseName, Stats>>> = {
      small: {},
      medium: {},
      large: {},
      direct: {},
    };
    for (const [cause, name] of CAUSES.entries()) {
      const keys = everyTier(cause * TIERS);
      for (const [tier, tierName] of TIER_NAMES.entries()) {
        const series = this.#find([keys[tier]]);
        if (series.length > 0) byTier[tierName][name] = statsOf(series);
      }
      const stats = statsOf(this.#find(keys));
      byCause[name] = { ...stats, count: exactCounts[name] ?? stats.count };
    }
    return { unit: 'ns', byCause, byTier, clipped: this.clipped().latency };
  }

  /** Bytes asked for by requests, refused ones included. */
  sizes(): ByteStats {
    return { unit: 'B', ...statsOf(this.#find(everyTier(SIZES))) };
  }

  /** Of those tiers that were asked for. */
  sizesByTier(): Partial<Record<TierName, ByteStats>> {
    const sizes: Partial<Record<TierName, ByteStats>> = {};
    for (const [tier, name] of TIER_NAMES.entries()) {
      const series = this.#find([SIZES + tier]);
      if (series.length > 0) sizes[name] = { unit: 'B', ...statsOf(series) };
    }
    return sizes;
  }

  /**
   * Bytes asked for beside bytes of the buffers that served them, by weight; null before the first record.
   */
  efficiency(): number | null {
    const held = this.#sum((part) => part.heldBytes);
    return held > 0 ? this.#sum((part) => part.askedBytes) / held : null;
  }

  /**
   * From acquire to release, to the end of the task that forgot the lease, or to its move to another thread.
   */
  lifetimes(): NanosecondStats {
    return this.#nanoseconds(everyTier(LIFETIMES));
  }

  /**
   * Pauses of the garbage collector, of each of these shards; `max` and `mean` are exact, percentiles to a
   * microsecond at best.
   */
  gc(shards: readonly number[]): GcSnapshot[] {
    return shards.map((shard) => {
      const kinds = GC_KINDS.map((kind, at) => [kind, this.#nanoseconds([PAUSES + at], shard)]);
      return { shard, byKind: Object.fromEntries(kinds) as Record<GcKind, NanosecondStats> };
    });
  }

  /** From the start of an emergency to its end. */
  recovery(): NanosecondStats {
    return this.#nanoseconds([RECOVERIES]);
  }

  /** From acceptance to the worker: of the tasks of one job, or of all. */
  queueWait(job?: number): NanosecondStats {
    return this.#taskTimes(QUEUE, job);
  }

  /** From the worker to the result: of the tasks of one job, or of all. */
  serviceTime(job?: number): NanosecondStats {
    return this.#taskTimes(SERVICE, job);
  }

  /** Values and weights that were clamped to the range of their kind. */
  clipped(): Record<Family, number> {
    const counts = FAMILIES.map((name, family) => [name, this.#sum((part) => part.clipped[family])]);
    return Object.fromEntries(counts);
  }

  #taskTimes(key: number, job: number | undefined): NanosecondStats {
    if (job !== undefined) return this.#nanoseconds([key], job);
    return { unit: 'ns', ...statsOf(this.#parts.flatMap((part) => part.seriesOf(key))) };
  }

  #nanoseconds(keys: readonly number[], shard?: number): NanosecondStats {
    return { unit: 'ns', ...statsOf(this.#find(keys, shard)) };
  }

  #find(keys: readonly number[], shard?: number): Series[] {
    return this.#parts.flatMap((part) => keys.flatMap((key) => part.series(key, shard) ?? []));
  }

  #sum(of: (part: Distributions) => number): number {
    return this.#parts.reduce((total, part) => total + of(part), 0);
  }
}

/** The keys of all tiers from the first one's on. */
function everyTier(first: number): number[] {
  return TIER_NAMES.map((_, tier) => first + tier);
}
