/**
 * Distributions over what several threads published. Owned by the main thread.
 *
 * What comes in is kept as it is until there is much of it or it is read: then it is folded into histograms,
 * once. Whatever one of these holds can be added to another, folded or not, so that an interval's records
 * need not be folded again for the total. Invariant: every record is among the raw ones or in one histogram.
 */

import type { Interval } from '../messages/interval.ts';
import { createWideHistogram, decodeHistogram, valueAtPercentile, type WideHistogram } from './hdr.ts';
import { BOUNDS, FAMILIES, isPause, isRequest, isTaskTime, KEYS, SIZES, SLOW, TIERS } from './series.ts';
import type { Stats } from './stats.ts';

/** Raw records kept at most. Folding costs up to 0.2 us each, so that reading stays under 2 ms. */
const RAW_RECORDS = 8192;
const RAW_INTERVALS = 64;

/** The values of one key, of all shards together or of one. */
export interface Series {
  readonly key: number;
  readonly histogram: WideHistogram;
  max: number;
  /**
   * In whole numbers of any size, so that it is the same in whatever order it was added up, and never falls.
   */
  sum: bigint;
}

/** The shard is kept with what it published. */
interface Raw {
  readonly interval: Interval;
  readonly shard: number;
}

export class Distributions {
  readonly #byShard: boolean;
  readonly #series = new Map<number, Series>();
  #raw: Raw[] = [];
  #rawRecords = 0;
  /** By weight, over all served requests: bytes asked for, and bytes of the buffers that served them. */
  askedBytes = 0;
  heldBytes = 0;
  /** By family. */
  readonly clipped: number[] = FAMILIES.map(() => 0);

  /**
   * Pauses are always kept by shard, and what tasks took by job, whose number stands where that of the shard
   * does; with `byShard` everything is kept by shard, or by whatever the number is of.
   */
  constructor({ byShard = false }: { readonly byShard?: boolean } = {}) {
    this.#byShard = byShard;
  }

  add(interval: Interval, shard: number): void {
    this.#count(interval);
    this.#keep({ interval, shard });
  }

  /** Adds what another one holds, which must not be used afterwards. */
  absorb(other: Distributions): void {
    this.#count(other);
    for (const raw of other.#raw) this.#keep(raw);
    for (const [id, { key, histogram, max, sum }] of other.#series) {
      const own = this.#series.get(id);
      if (own === undefined) this.#series.set(id, { key, histogram, max, sum });
      else addTo(own, histogram, max, sum);
    }
  }

  /** One value, which must be in range. */
  record(key: number, shard: number, value: number): void {
    this.#put(key, shard, value, 1);
  }

  /** Undefined when nothing was recorded of it; `shard` counts where values are kept by shard. */
  series(key: number, shard = 0): Series | undefined {
    this.#fold();
    return this.#series.get(this.#idOf(key, shard));
  }

  /** All series of a key, of whichever shards or jobs. */
  seriesOf(key: number): Series[] {
    this.#fold();
    return [...this.#series.values()].filter((series) => series.key === key);
  }

  /** All series, each with its shard; 0 where values are not kept by shard. */
  *all(): Iterable<[shard: number, series: Series]> {
    this.#fold();
    for (const [id, series] of this.#series) yield [Math.floor(id / KEYS), series];
  }

  /** Requests that did not hit, as value and weight; null when only histograms know them. */
  slowRecords(): [nanoseconds: number, weight: number][] | null {
    const records: [number, number][] = [];
    if (this.#series.size > 0) return null;
    for (const { keys, nanoseconds, weights, histograms } of this.#raw.map((raw) => raw.interval)) {
      if (histograms.some(({ key }) => isSlow(key))) return null;
      for (let index = 0; index < keys.length; index++) {
        if (isSlow(keys[index])) records.push([nanoseconds[index], weights[index]]);
      }
    }
    return records;
  }

  #count({ askedBytes, heldBytes, clipped }: Pick<Interval, 'askedBytes' | 'heldBytes' | 'clipped'>): void {
    this.askedBytes += askedBytes;
    this.heldBytes += heldBytes;
    for (const [family, count] of clipped.entries()) this.clipped[family] += count;
  }

  #keep(raw: Raw): void {
    this.#raw.push(raw);
    this.#rawRecords += raw.interval.keys.length;
    if (this.#rawRecords > RAW_RECORDS || this.#raw.length > RAW_INTERVALS) this.#fold();
  }

  #fold(): void {
    const raw = this.#raw;
    this.#raw = [];
    this.#rawRecords = 0;
    for (const { interval, shard } of raw) {
      const { keys, nanoseconds, weights, bytes, histograms } = interval;
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index];
        this.#put(key, shard, nanoseconds[index], weights[index]);
        if (isRequest(key)) this.#put(SIZES + (key % TIERS), shard, bytes[index], weights[index]);
      }
      for (const { key, encoded, max, sum } of histograms)
        addTo(this.#open(key, shard), decodeHistogram(encoded), max, BigInt(sum));
    }
  }

  #put(key: number, shard: number, value: number, weight: number): void {
    const series = this.#open(key, shard);
    series.histogram.recordValueWithCount(value, weight);
    series.sum += BigInt(value * weight);
    if (value > series.max) series.max = value;
  }

  #open(key: number, shard: number): Series {
    const id = this.#idOf(key, shard);
    let series = this.#series.get(id);
    if (series === undefined) {
      series = { key, histogram: createWideHistogram(BOUNDS[key]), max: 0, sum: 0n };
      this.#series.set(id, series);
    }
    return series;
  }

  #idOf(key: number, shard: number): number {
    return this.#byShard || isPause(key) || isTaskTime(key) ? shard * KEYS + key : key;
  }
}

export const NO_STATS: Stats = { count: 0, sum: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };

/** Over several series of one unit. */
export function statsOf(parts: readonly Series[]): Stats {
  if (parts.length === 0) return NO_STATS;
  let [{ histogram }] = parts;
  if (parts.length > 1) {
    histogram = createWideHistogram(BOUNDS[parts[0].key]);
    for (const part of parts) histogram.add(part.histogram);
  }
  const max = Math.max(...parts.map((part) => part.max));
  const sum = Number(parts.reduce((total, part) => total + part.sum, 0n));
  return statsIn(histogram, max, sum);
}

/** Of one histogram; `max` and `sum` are exact. */
export function statsIn(histogram: WideHistogram, max: number, sum: number): Stats {
  const count = histogram.totalCount;
  const at = (percentile: number) => valueAtPercentile(histogram, max, percentile);
  const mean = count > 0 ? sum / count : 0;
  return { count, sum, mean, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max };
}

function addTo(series: Series, histogram: WideHistogram, max: number, sum: bigint): void {
  series.histogram.add(histogram);
  series.sum += sum;
  if (max > series.max) series.max = max;
}

function isSlow(key: number): boolean {
  return isRequest(key) && key >= SLOW;
}
