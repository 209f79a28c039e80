/**
 * What happened since the last line of a recording: what threads published, by shard; tasks that ended; what
 * moved. Owned by the recording, on the main thread.
 * Invariant: whatever it is told is in exactly one interval, the one in which it was told.
 */

import type { Interval } from '../../messages/interval.ts';
import { Distributions } from '../distributions.ts';
import { encodeCompressed } from '../hdr.ts';
import { BOUNDS, QUEUE, roundedInto, SERVICE } from '../series.ts';
import type { TaskEnd } from '../task-end.ts';
import {
  type IntervalLine,
  type RecordedMove,
  type RecordedSeries,
  type RecordedTask,
  SERIES_NAMES,
} from './lines.ts';

const SLOWEST = 3;
/** Characters of a task's name that are kept: names are the caller's, of any length. */
const LONGEST_NAME = 500;

type Collected = Pick<IntervalLine, 'series' | 'clipped' | 'moves' | 'slowest'>;

export class Collector {
  readonly #secondsAt: (ms: number) => number;
  #distributions = new Distributions({ byShard: true });
  #clippedTasks = 0;
  /** By all but their counts. */
  #moves = new Map<string, RecordedMove>();
  #slowest: RecordedTask[] = [];

  /** `secondsAt` makes seconds since the start of the runtime of milliseconds of the clock. */
  constructor(secondsAt: (ms: number) => number) {
    this.#secondsAt = secondsAt;
  }

  published(interval: Interval, shard: number): void {
    this.#distributions.add(interval, shard);
  }

  moved([kind, tier, from, to, count]: RecordedMove): void {
    const key = `${kind} ${tier} ${from} ${to}`;
    const [, , , , before] = this.#moves.get(key) ?? [kind, tier, from, to, 0];
    this.#moves.set(key, [kind, tier, from, to, before + count]);
  }

  ended({ name, shard, acceptedMs, startedMs, endedMs, outcome }: TaskEnd): void {
    const queueNanoseconds = this.#record(QUEUE, shard, (startedMs ?? endedMs) - acceptedMs);
    if (startedMs === null) return;
    const serviceNanoseconds = this.#record(SERVICE, shard, endedMs - startedMs);
    const slowest = this.#slowest;
    if (slowest.length === SLOWEST && serviceNanoseconds <= slowest[SLOWEST - 1][4]) return;
    const startSeconds = this.#secondsAt(startedMs);
    slowest.push([shortened(name), shard, startSeconds, queueNanoseconds, serviceNanoseconds, outcome]);
    slowest.sort(([, , , , a], [, , , , b]) => b - a);
    if (slowest.length > SLOWEST) slowest.pop();
  }

  /** Returns what there was since the last call, and starts afresh. */
  take(): Collected {
    const distributions = this.#distributions;
    const series = Array.from(
      distributions.all(),
      ([shard, { key, histogram, max, sum }]): RecordedSeries => {
        return [SERIES_NAMES[key], shard, encodeCompressed(histogram), max, Number(sum)];
      },
    );
    const clipped = distributions.clipped.reduce((all, count) => all + count, this.#clippedTasks);
    const collected = { series, clipped, moves: [...this.#moves.values()], slowest: this.#slowest };
    this.#distributions = new Distributions({ byShard: true });
    this.#clippedTasks = 0;
    this.#moves = new Map();
    this.#slowest = [];
    return collected;
  }

  /** Returns the nanoseconds that were recorded. */
  #record(key: number, shard: number, ms: number): number {
    const { lowest, highest } = BOUNDS[key];
    const nanoseconds = ms * 1e6;
    if (nanoseconds > highest) this.#clippedTasks++;
    const rounded = roundedInto(nanoseconds, lowest, highest);
    this.#distributions.record(key, shard, rounded);
    return rounded;
  }
}

export function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
