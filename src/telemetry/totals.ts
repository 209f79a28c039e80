/**
 * What all threads recorded, since the start and over the last whole interval. Owned by the main thread, which merges what
 * they publish and ends an interval about once a second; one holds what arrived in it.
 *
 * Invariant: every record is in one of three parts, older than the last whole interval, of it, or of the current one, and is
 * folded once at most; the total is over all three.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import { Distributions, type Series, statsOf } from './distributions.ts';
import type { Interval } from './recorder.ts';
import {
  BOUNDS,
  FAMILIES,
  type Family,
  LIFETIMES,
  PAUSES,
  RECOVERIES,
  roundedInto,
  SIZES,
  SLOW,
  TIERS,
} from './series.ts';
import {
  type ByteStats,
  GC_KINDS,
  type GcKind,
  type LatencySummary,
  type NanosecondStats,
  type Stats,
} from './snapshot.ts';

export class Totals {
  readonly #older = new Distributions();
  #last = new Distributions();
  #current = new Distributions();
  /** Undefined until somebody asks for that of the last whole interval. */
  #intervalP99: number | null | undefined;

  /** Takes over what a thread published. Cheap: it is kept as it is until much has come or somebody asks. */
  merge(interval: Interval, shard: number): void {
    this.#current.add(interval, shard);
  }

  /** An emergency ended so many nanoseconds after it began; clamped to 1 ns .. 1 day. */
  recovered(nanoseconds: number): void {
    const { lowest, highest } = BOUNDS[RECOVERIES];
    const interval: Interval = {
      keys: Uint8Array.of(RECOVERIES),
      nanoseconds: Float64Array.of(roundedInto(nanoseconds, lowest, highest)),
      weights: Float64Array.of(1),
      bytes: Float64Array.of(0),
      histograms: [],
      askedBytes: 0,
      heldBytes: 0,
      clipped: [],
    };
    this.merge(interval, MAIN_ROW);
  }

  /** Ends an interval and begins the next. */
  roll(): void {
    this.#older.absorb(this.#last);
    this.#last = this.#current;
    this.#current = new Distributions();
    this.#intervalP99 = undefined;
  }

  /** @param exactCounts replaces the counts of these causes, which for sampled causes are estimates */
  latency(exactCounts: Readonly<Partial<Record<CauseName, number>>> = {}): LatencySummary {
    return latencyOf(this.#all, exactCounts);
  }

  /** Counts are sums of weights. */
  intervalLatency(): LatencySummary {
    return latencyOf([this.#last]);
  }

  /** Bytes asked for by requests, refused ones included. */
  sizes(): ByteStats {
    return { unit: 'B', ...statsOf(find(this.#all, everyTier(SIZES))) };
  }

  /** Of those tiers that were asked for. */
  sizesByTier(): Partial<Record<TierName, ByteStats>> {
    const sizes: Partial<Record<TierName, ByteStats>> = {};
    for (const [tier, name] of TIER_NAMES.entries()) {
      const parts = find(this.#all, [SIZES + tier]);
      if (parts.length > 0) sizes[name] = { unit: 'B', ...statsOf(parts) };
    }
    return sizes;
  }

  /** Bytes asked for beside bytes of the buffers that served them, by weight; null before the first record. */
  efficiency(): number | null {
    const sum = (of: (part: Distributions) => number) =>
      this.#all.reduce((total, part) => total + of(part), 0);
    const held = sum((part) => part.heldBytes);
    return held > 0 ? sum((part) => part.askedBytes) / held : null;
  }

  /** From acquire to release, to the end of the task that forgot the lease, or to its move to another thread. */
  lifetimes(): NanosecondStats {
    return nanoseconds(find(this.#all, everyTier(LIFETIMES)));
  }

  intervalLifetimes(): NanosecondStats {
    return nanoseconds(find([this.#last], everyTier(LIFETIMES)));
  }

  /** Pauses of the garbage collector, of each of these shards; `max` and `mean` are exact, percentiles to a microsecond at best. */
  gc(shards: readonly number[]): { shard: number; byKind: Record<GcKind, NanosecondStats> }[] {
    return shards.map((shard) => {
      const kinds = GC_KINDS.map((kind, at) => [kind, nanoseconds(find(this.#all, [PAUSES + at], shard))]);
      return { shard, byKind: Object.fromEntries(kinds) };
    });
  }

  /** From the start of an emergency to its end. */
  recovery(): NanosecondStats {
    return nanoseconds(find(this.#all, [RECOVERIES]));
  }

  /** Values and weights that were clamped to the range of their kind. */
  clipped(): Record<Family, number> {
    const counts = FAMILIES.map((name, family) => [name, clippedOf(this.#all, family)]);
    return Object.fromEntries(counts);
  }

  /**
   * Nanoseconds, of requests that did not hit in the last whole interval; null when there were none. Cheap enough to be read
   * many times in an interval, and loads the histogram library only where a thread did.
   */
  intervalP99(): number | null {
    if (this.#intervalP99 === undefined) this.#intervalP99 = slowP99(this.#last);
    return this.#intervalP99;
  }

  get #all(): readonly Distributions[] {
    return [this.#older, this.#last, this.#current];
  }
}

function latencyOf(
  parts: readonly Distributions[],
  exactCounts: Readonly<Partial<Record<CauseName, number>>> = {},
): LatencySummary {
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
      const series = find(parts, [keys[tier]]);
      if (series.length > 0) byTier[tierName][name] = statsOf(series);
    }
    const stats = statsOf(find(parts, keys));
    byCause[name] = { ...stats, count: exactCounts[name] ?? stats.count };
  }
  return { unit: 'ns', byCause, byTier, clipped: clippedOf(parts, FAMILIES.indexOf('latency')) };
}

function slowP99(interval: Distributions): number | null {
  const records = interval.slowRecords();
  if (records === null) {
    const slow = Array.from({ length: LIFETIMES - SLOW }, (_, at) => SLOW + at);
    const series = find([interval], slow);
    return series.length > 0 ? statsOf(series).p99 : null;
  }
  records.sort(([a], [b]) => a - b);
  const total = records.reduce((sum, [, weight]) => sum + weight, 0);
  let seen = 0;
  for (const [value, weight] of records) {
    seen += weight;
    if (seen >= 0.99 * total) return value;
  }
  return null;
}

function find(parts: readonly Distributions[], keys: readonly number[], shard?: number): Series[] {
  return parts.flatMap((part) => keys.flatMap((key) => part.series(key, shard) ?? []));
}

function clippedOf(parts: readonly Distributions[], family: number): number {
  return parts.reduce((total, part) => total + part.clipped[family], 0);
}

/** The keys of all tiers from the first one's on. */
function everyTier(first: number): number[] {
  return TIER_NAMES.map((_, tier) => first + tier);
}

function nanoseconds(parts: readonly Series[]): NanosecondStats {
  return { unit: 'ns', ...statsOf(parts) };
}
