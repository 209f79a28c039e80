/** How distributions are shown. Plain JSON. */
import type { CauseName } from '../pool/causes.ts';
import type { TierName } from '../pool/tiers.ts';
import type { GcKind } from './series.ts';

/**
 * A distribution, to two significant digits (`sum`, `mean` and `max` are exact). All 0 when nothing was
 * recorded.
 */
export interface Stats {
  readonly count: number;
  /** Of all values that were recorded, each as often as its weight says; since the start, it never falls. */
  readonly sum: number;
  /** `sum` beside the sum of the weights, of which `count` is an exact one where it is known. */
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface NanosecondStats extends Stats {
  readonly unit: 'ns';
}

export interface ByteStats extends Stats {
  readonly unit: 'B';
}

export interface LatencySummary {
  readonly unit: 'ns';
  readonly byCause: Readonly<Record<CauseName, Stats>>;
  /** Only what was recorded; counts are sums of weights. */
  readonly byTier: Readonly<Record<TierName, Readonly<Partial<Record<CauseName, Stats>>>>>;
  /** Records clamped to 1 ns .. 60 s. */
  readonly clipped: number;
}

export interface GcSnapshot {
  readonly shard: number;
  readonly byKind: Readonly<Record<GcKind, NanosecondStats>>;
}
