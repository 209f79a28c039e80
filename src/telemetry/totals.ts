/**
 * What all threads recorded, since the start and over the last whole interval. Owned by the main thread,
 * which merges what they publish and ends an interval about once a second; one holds what arrived in it.
 *
 * Invariant: every record is in one of three parts, older than the last whole interval, of it, or of the
 * current one, and is folded once at most; the total is over all three.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Interval } from '../messages/interval.ts';
import { Distributions, statsOf } from './distributions.ts';
import { Readings } from './readings.ts';
import { BOUNDS, LIFETIMES, RECOVERIES, roundedInto, SLOW } from './series.ts';

interface TotalsListener {
  /** Must not change the interval, which others read, too. */
  published(interval: Interval, shard: number): void;
}

export class Totals {
  readonly #older = new Distributions();
  #last = new Distributions();
  #current = new Distributions();
  /** Undefined until the last whole interval is asked for. */
  #intervalP99: number | null | undefined;
  /** Told of everything that is published, if set. */
  listener: TotalsListener | null = null;

  /** Adds what a thread published. Cheap: it is kept as it is until there is much of it or it is read. */
  merge(interval: Interval, shard: number): void {
    this.#current.add(interval, shard);
    this.listener?.published(interval, shard);
  }

  /** An emergency ended so many nanoseconds after it began; clamped to 1 ns .. 1 day. */
  recovered(nanoseconds: number): void {
    const { lowest, highest } = BOUNDS[RECOVERIES];
    this.merge(plainInterval([RECOVERIES], [roundedInto(nanoseconds, lowest, highest)]), MAIN_ROW);
  }

  /** How long tasks of a job waited and ran, in range. A recording hears of each task by itself. */
  timed(job: number, keys: readonly number[], nanoseconds: readonly number[]): void {
    this.#current.add(plainInterval(keys, nanoseconds), job);
  }

  /** Ends an interval and begins the next. */
  roll(): void {
    this.#older.absorb(this.#last);
    this.#last = this.#current;
    this.#current = new Distributions();
    this.#intervalP99 = undefined;
  }

  /** All there was until now; what it reads is only true at once. */
  get sinceStart(): Readings {
    return new Readings([this.#older, this.#last, this.#current]);
  }

  /** The last whole interval. */
  get lastInterval(): Readings {
    return new Readings([this.#last]);
  }

  /**
   * Nanoseconds, of requests that did not hit in the last whole interval; null when there were none. Cheap
   * enough to be read many times in an interval, and loads the histogram library only where a thread did.
   */
  intervalP99(): number | null {
    if (this.#intervalP99 === undefined) this.#intervalP99 = slowP99(this.#last);
    return this.#intervalP99;
  }
}

/** Values without sizes, each counted once. */
function plainInterval(keys: readonly number[], nanoseconds: readonly number[]): Interval {
  return {
    keys: Uint8Array.from(keys),
    nanoseconds: Float64Array.from(nanoseconds),
    weights: new Float64Array(keys.length).fill(1),
    bytes: new Float64Array(keys.length),
    histograms: [],
    askedBytes: 0,
    heldBytes: 0,
    clipped: [],
  };
}

function slowP99(interval: Distributions): number | null {
  const records = interval.slowRecords();
  if (records === null) {
    const slow = Array.from({ length: LIFETIMES - SLOW }, (_, at) => interval.series(SLOW + at) ?? []).flat();
    return slow.length > 0 ? statsOf(slow).p99 : null;
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
