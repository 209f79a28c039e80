/**
 * What one thread observes of its requests, leases and pauses, until it is published. Owned by that thread;
 * has no clock.
 *
 * A record is some stores into small arrays. Only when these are full are they folded into histograms, and
 * only then is the histogram library loaded (see hdr.ts for what that costs): a short run publishes its
 * records as they are and the main thread puts them into its own histograms, with the same result.
 *
 * Invariant: every record is in exactly one interval. Counts of sampled records are estimates by weight;
 * exact ones are kept elsewhere (`ShardCounts`).
 */
import { MillpondError } from '../errors.ts';
import type { EncodedHistogram, Interval } from '../messages/interval.ts';
import { CAUSES, HIT } from '../pool/causes.ts';
import type { LeaseRecorder } from '../pool/supply.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import { channels } from './channels.ts';
import { createFastHistogram, type FastHistogram } from './hdr.ts';
import {
  BOUNDS,
  FAMILIES,
  GC_KINDS,
  HIGHEST_WEIGHT,
  isRequest,
  LIFETIMES,
  PAUSES,
  roundedInto,
  SERIES,
  SIZES,
  TIERS,
} from './series.ts';

/**
 * Records a thread keeps before it folds them: 33 bytes each, 132 KiB, of which a short run touches the
 * beginning.
 */
const RING_RECORDS = 4096;

interface Folded {
  readonly key: number;
  readonly histogram: FastHistogram;
  /** Records since the last interval. */
  records: number;
  max: number;
  sum: number;
}

export class Recorder implements LeaseRecorder {
  readonly #keys = new Uint8Array(RING_RECORDS);
  readonly #nanoseconds = new Float64Array(RING_RECORDS);
  readonly #weights = new Float64Array(RING_RECORDS);
  readonly #bytes = new Float64Array(RING_RECORDS);
  readonly #capacities = new Float64Array(RING_RECORDS);
  #length = 0;
  #askedBytes = 0;
  #heldBytes = 0;
  #clipped: number[] = FAMILIES.map(() => 0);
  /** Made when the ring first overflows with that key in it. */
  readonly #folded: Folded[] = [];
  readonly #byKey: (Folded | undefined)[] = new Array(SERIES).fill(undefined);

  /**
   * A request that was served or refused. One that did not hit is published on its channel, too.
   * @param cause index into `CAUSES`
   * @param tier 0 small, 1 medium, 2 large, 3 direct
   * @param nanoseconds rounded, and clamped to 1 ns .. 60 s
   * @param weight how many requests this one stands for: 1, or the sampling interval
   * @param bytes asked for; clamped to 0 .. 1 TiB
   * @param capacity bytes of the buffer that served it, 0 when none did
   */
  record(
    cause: number,
    tier: number,
    nanoseconds: number,
    weight: number,
    bytes: number,
    capacity: number,
  ): void {
    if (cause >>> 0 >= CAUSES.length || tier >>> 0 >= TIERS) throw unknownKey('cause', cause, 'tier', tier);
    this.#add(cause * TIERS + tier, nanoseconds, weight, bytes, capacity);
    if (cause === HIT) return;
    channels.acquireSlowPath.publish(() => ({
      cause: CAUSES[cause],
      tier: TIER_NAMES[tier],
      bytes,
      nanoseconds,
    }));
  }

  /**
   * A lease that ended: how long it lived (clamped to 1 ns .. 1 day), by the tier of its request, and how
   * many it stands for.
   */
  lifetime(tier: number, nanoseconds: number, weight: number): void {
    if (tier >>> 0 >= TIERS) throw unknownKey('tier', tier);
    this.#add(LIFETIMES + tier, nanoseconds, weight, 0, 0);
  }

  /** A pause of this thread's garbage collector, by index into `GC_KINDS`; clamped to 1 ns .. 60 s. */
  gc(kind: number, nanoseconds: number): void {
    if (kind >>> 0 >= GC_KINDS.length) throw unknownKey('kind', kind);
    this.#add(PAUSES + kind, nanoseconds, 1, 0, 0);
  }

  /** Returns what was recorded since the last call and starts afresh; null when that is nothing. */
  publish(): Interval | null {
    const length = this.#length;
    const histograms: EncodedHistogram[] = [];
    for (const { key, histogram, records, max, sum } of this.#folded) {
      if (records > 0) histograms.push({ key, encoded: histogram.encode(), max, sum });
    }
    if (length === 0 && histograms.length === 0) return null;
    for (let index = 0; index < length; index++) this.#settle(index);
    const interval = {
      keys: this.#keys.slice(0, length),
      nanoseconds: this.#nanoseconds.slice(0, length),
      weights: this.#weights.slice(0, length),
      bytes: this.#bytes.slice(0, length),
      histograms,
      askedBytes: this.#askedBytes,
      heldBytes: this.#heldBytes,
      clipped: this.#clipped,
    };
    this.#length = 0;
    this.#askedBytes = 0;
    this.#heldBytes = 0;
    this.#clipped = FAMILIES.map(() => 0);
    // Histograms stay: one costs 30 KB and its next interval is likely to need it again.
    for (const entry of this.#folded) {
      entry.histogram.reset();
      entry.records = 0;
      entry.max = 0;
      entry.sum = 0;
    }
    return interval;
  }

  #add(key: number, nanoseconds: number, weight: number, bytes: number, capacity: number): void {
    const index = this.#length;
    this.#keys[index] = key;
    this.#nanoseconds[index] = nanoseconds;
    this.#weights[index] = weight;
    this.#bytes[index] = bytes;
    this.#capacities[index] = capacity;
    this.#length = index + 1;
    if (index + 1 === RING_RECORDS) this.#fold();
  }

  #fold(): void {
    const length = this.#length;
    // Most threads ask for the same size again and again: a run of it is recorded at once.
    let size = SIZES;
    let bytes = 0;
    let requests = 0;
    for (let index = 0; index < length; index++) {
      this.#settle(index);
      const key = this.#keys[index];
      const weight = this.#weights[index];
      this.#put(key, this.#nanoseconds[index], weight);
      if (!isRequest(key)) continue;
      if (bytes !== this.#bytes[index] || size !== SIZES + (key % TIERS)) {
        if (requests > 0) this.#put(size, bytes, requests);
        size = SIZES + (key % TIERS);
        bytes = this.#bytes[index];
        requests = 0;
      }
      requests += weight;
    }
    if (requests > 0) this.#put(size, bytes, requests);
    this.#length = 0;
  }

  #put(key: number, value: number, weight: number): void {
    const entry = this.#byKey[key] ?? this.#addHistogram(key);
    entry.histogram.recordValueWithCount(value, weight);
    entry.records++;
    entry.sum += value * weight;
    if (value > entry.max) entry.max = value;
  }

  #addHistogram(key: number): Folded {
    const entry = { key, histogram: createFastHistogram(BOUNDS[key]), records: 0, max: 0, sum: 0 };
    this.#byKey[key] = entry;
    this.#folded.push(entry);
    return entry;
  }

  /** Brings one record into range and adds it to the sums, here and not on the path of every allocation. */
  #settle(index: number): void {
    const key = this.#keys[index];
    const { family, lowest, highest } = BOUNDS[key];
    const nanoseconds = this.#nanoseconds[index];
    const given = this.#weights[index];
    // 0 is no error, but a clock too coarse for the step; NaN fails every comparison.
    const inRange = nanoseconds >= 0 && nanoseconds <= highest && given >= 1 && given <= HIGHEST_WEIGHT;
    if (!inRange) this.#clipped[family]++;
    const weight = roundedInto(given, 1, HIGHEST_WEIGHT);
    this.#nanoseconds[index] = roundedInto(nanoseconds, lowest, highest);
    this.#weights[index] = weight;
    if (isRequest(key)) this.#settleSize(index, weight);
  }

  #settleSize(index: number, weight: number): void {
    const { family, lowest, highest } = BOUNDS[SIZES];
    const given = this.#bytes[index];
    if (!(given >= lowest && given <= highest)) this.#clipped[family]++;
    const bytes = roundedInto(given, lowest, highest);
    this.#bytes[index] = bytes;
    const capacity = this.#capacities[index];
    if (!(capacity > 0)) return;
    this.#askedBytes += bytes * weight;
    this.#heldBytes += capacity * weight;
  }
}

function unknownKey(...given: (string | number)[]): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A record has a cause 0..${CAUSES.length - 1}, a tier 0..${TIERS - 1} or a kind 0..${GC_KINDS.length - 1}, got ${given.join(' ')}. ` +
      'Pass indexes into CAUSES, TIER_NAMES and GC_KINDS.',
  );
}
