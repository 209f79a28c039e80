/**
 * How long allocations took, by cause and tier. A `LatencyRecorder` belongs to one thread and has no clock; a
 * `LatencyTotals` belongs to the main thread and merges what recorders publish.
 *
 * A record is a store into a small array. Only when this array is full is it folded into histograms, and only then
 * is the histogram library loaded (see hdr.ts for what that costs): a short run publishes its records as they are
 * and main puts them into its own histograms, with the same result.
 *
 * Invariant: every record is in exactly one interval, and a merged total holds the records of all its intervals.
 * Counts of sampled causes are estimates by weight; the caller has exact ones and hands them to `summarize`.
 */
import { MillpondError } from '../errors.ts';
import { CAUSES, type CauseName } from '../pool/causes.ts';
import { TIER_NAMES, type TierName } from '../pool/tiers.ts';
import {
  createFastHistogram,
  createWideHistogram,
  decodeHistogram,
  type FastHistogram,
  HIGHEST_NS,
  LOWEST_NS,
  type WideHistogram,
} from './hdr.ts';

/** Records a thread keeps before it folds them: 17 bytes each, 68 KiB. */
const RING_RECORDS = 4096;
/** Records that main keeps unfolded. Folding costs 0.1 us each, so reading a summary stays under 2 ms. */
const PENDING_RECORDS = 16_384;
const PENDING_INTERVALS = 64;
/** Keeps sums of weights far from 2^53, where doubles stop counting. */
const HIGHEST_WEIGHT = 2 ** 32;

/** What one thread recorded since it last published. Can be sent between threads; the arrays are copies. */
export interface LatencyInterval {
  /** `cause * 4 + tier` of each raw record. */
  readonly keys: Uint8Array<ArrayBuffer>;
  readonly nanoseconds: Float64Array<ArrayBuffer>;
  readonly weights: Float64Array<ArrayBuffer>;
  /** What no longer fitted among the raw records. */
  readonly histograms: readonly EncodedHistogram[];
  /** Records whose value or weight was outside the range and was clamped to it. */
  readonly clipped: number;
}

interface EncodedHistogram {
  readonly key: number;
  readonly encoded: Uint8Array<ArrayBuffer>;
  /** The encoding knows the largest value to two digits only. */
  readonly maxNanoseconds: number;
}

interface Folded {
  readonly key: number;
  readonly histogram: FastHistogram;
  /** 0 when nothing was folded since the last interval. */
  maxNanoseconds: number;
}

/** Nanoseconds, to two significant digits (`max` is exact). All 0 when nothing was recorded: a record is at least 1. */
export interface LatencyStats {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Plain JSON. */
export interface LatencySummary {
  readonly unit: 'ns';
  readonly byCause: Readonly<Record<CauseName, LatencyStats>>;
  /** Only what was recorded; counts are sums of weights. */
  readonly byTier: Readonly<Record<TierName, Readonly<Partial<Record<CauseName, LatencyStats>>>>>;
  /** Records clamped to 1 ns .. 60 s. */
  readonly clipped: number;
}

/** One thread's recorder. */
export class LatencyRecorder {
  readonly #keys = new Uint8Array(RING_RECORDS);
  readonly #nanoseconds = new Float64Array(RING_RECORDS);
  readonly #weights = new Float64Array(RING_RECORDS);
  #length = 0;
  #clipped = 0;
  /** Made when the ring first overflows with that key in it. */
  readonly #folded: Folded[] = [];
  readonly #byKey: (Folded | undefined)[] = new Array(CAUSES.length * TIER_NAMES.length).fill(undefined);

  /**
   * @param cause index into `CAUSES`
   * @param tier 0 small, 1 medium, 2 large, 3 direct
   * @param nanoseconds rounded, and clamped to 1 ns .. 60 s
   * @param weight how many allocations this one stands for: 1, or the sampling interval
   */
  record(cause: number, tier: number, nanoseconds: number, weight: number): void {
    if (cause >>> 0 >= CAUSES.length || tier >>> 0 >= TIER_NAMES.length) throw unknownKey(cause, tier);
    const index = this.#length;
    this.#keys[index] = cause * TIER_NAMES.length + tier;
    this.#nanoseconds[index] = nanoseconds;
    this.#weights[index] = weight;
    this.#length = index + 1;
    if (index + 1 === RING_RECORDS) this.#fold();
  }

  /** Hands over what was recorded since the last call and starts anew; null when that is nothing. */
  publish(): LatencyInterval | null {
    const length = this.#length;
    const histograms: EncodedHistogram[] = [];
    for (const { key, histogram, maxNanoseconds } of this.#folded) {
      if (maxNanoseconds > 0) histograms.push({ key, encoded: histogram.encode(), maxNanoseconds });
    }
    if (length === 0 && histograms.length === 0) return null;
    for (let index = 0; index < length; index++) this.#clamp(index);
    const interval = {
      keys: this.#keys.slice(0, length),
      nanoseconds: this.#nanoseconds.slice(0, length),
      weights: this.#weights.slice(0, length),
      histograms,
      clipped: this.#clipped,
    };
    this.#length = 0;
    this.#clipped = 0;
    // Histograms stay: one costs 30 KB and its next interval is likely to need it again.
    for (const entry of this.#folded) {
      entry.histogram.reset();
      entry.maxNanoseconds = 0;
    }
    return interval;
  }

  #fold(): void {
    const length = this.#length;
    const entries = this.#byKey;
    for (let index = 0; index < length; index++) {
      this.#clamp(index);
      const key = this.#keys[index];
      const entry = entries[key] ?? this.#addHistogram(key);
      const nanoseconds = this.#nanoseconds[index];
      entry.histogram.recordValueWithCount(nanoseconds, this.#weights[index]);
      if (nanoseconds > entry.maxNanoseconds) entry.maxNanoseconds = nanoseconds;
    }
    this.#length = 0;
  }

  #addHistogram(key: number): Folded {
    const entry = { key, histogram: createFastHistogram(), maxNanoseconds: 0 };
    this.#byKey[key] = entry;
    this.#folded.push(entry);
    return entry;
  }

  /** Brings one record into range, here and not in `record`, which is on the path of every allocation. */
  #clamp(index: number): void {
    const nanoseconds = this.#nanoseconds[index];
    const weight = this.#weights[index];
    // A clock too coarse for the step reads 0 and is no fault; NaN fails every comparison.
    const inRange = nanoseconds >= 0 && nanoseconds <= HIGHEST_NS && weight >= 1 && weight <= HIGHEST_WEIGHT;
    if (!inRange) this.#clipped++;
    this.#nanoseconds[index] = whole(nanoseconds, LOWEST_NS, HIGHEST_NS);
    this.#weights[index] = whole(weight, 1, HIGHEST_WEIGHT);
  }
}

/** The main thread's sum over all threads and intervals. */
export class LatencyTotals {
  readonly #histograms = new Map<number, WideHistogram>();
  readonly #maxima = new Float64Array(CAUSES.length * TIER_NAMES.length);
  #pending: LatencyInterval[] = [];
  #pendingRecords = 0;
  #clipped = 0;

  /** Takes over an interval. Cheap: it is kept as it is until many have come or somebody asks for a summary. */
  merge(interval: LatencyInterval): void {
    this.#pending.push(interval);
    this.#pendingRecords += interval.keys.length;
    if (this.#pendingRecords > PENDING_RECORDS || this.#pending.length > PENDING_INTERVALS) this.#fold();
  }

  /** @param exactCounts replaces the counts of these causes, which for sampled causes are estimates */
  summarize(exactCounts: Readonly<Partial<Record<CauseName, number>>> = {}): LatencySummary {
    this.#fold();
    const byCause = {} as Record<CauseName, LatencyStats>;
    const byTier: Record<TierName, Partial<Record<CauseName, LatencyStats>>> = {
      small: {},
      medium: {},
      large: {},
      direct: {},
    };
    for (const [cause, name] of CAUSES.entries()) {
      const keys = TIER_NAMES.map((_, tier) => cause * TIER_NAMES.length + tier);
      const used = keys.filter((key) => this.#histograms.has(key));
      for (const key of used) byTier[TIER_NAMES[key % TIER_NAMES.length]][name] = this.#stats([key]);
      const stats = this.#stats(used);
      byCause[name] = { ...stats, count: exactCounts[name] ?? stats.count };
    }
    return { unit: 'ns', byCause, byTier, clipped: this.#clipped };
  }

  #stats(keys: readonly number[]): LatencyStats {
    if (keys.length === 0) return { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
    let histogram = this.#histograms.get(keys[0])!;
    if (keys.length > 1) {
      histogram = createWideHistogram();
      for (const key of keys) histogram.add(this.#histograms.get(key)!);
    }
    const max = Math.max(...keys.map((key) => this.#maxima[key]));
    // A percentile is the upper end of its bucket, which may lie above the largest value there was.
    const at = (percentile: number) => Math.min(histogram.getValueAtPercentile(percentile), max);
    return { count: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
  }

  #fold(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingRecords = 0;
    for (const { keys, nanoseconds, weights, histograms, clipped } of pending) {
      for (let index = 0; index < keys.length; index++) {
        this.#histogram(keys[index], nanoseconds[index]).recordValueWithCount(
          nanoseconds[index],
          weights[index],
        );
      }
      for (const { key, encoded, maxNanoseconds } of histograms) {
        this.#histogram(key, maxNanoseconds).add(decodeHistogram(encoded));
      }
      this.#clipped += clipped;
    }
  }

  #histogram(key: number, nanoseconds: number): WideHistogram {
    let histogram = this.#histograms.get(key);
    if (histogram === undefined) {
      histogram = createWideHistogram();
      this.#histograms.set(key, histogram);
    }
    if (nanoseconds > this.#maxima[key]) this.#maxima[key] = nanoseconds;
    return histogram;
  }
}

/** Rounds into `[lowest, highest]`; what is not a number becomes the lowest. */
function whole(value: number, lowest: number, highest: number): number {
  if (!(value > lowest)) return lowest;
  return value < highest ? Math.round(value) : highest;
}

function unknownKey(cause: number, tier: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A latency is recorded under a cause 0..${CAUSES.length - 1} and a tier 0..${TIER_NAMES.length - 1}, got ${cause} and ${tier}. ` +
      'Pass indexes into CAUSES and TIER_NAMES.',
  );
}
