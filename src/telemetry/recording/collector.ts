/**
 * What happened since the last line of a recording: what threads published, by shard; tasks that ended; what
 * moved. Owned by the recording, on the main thread.
 * Invariant: whatever it is told is in exactly one interval, the one in which it was told.
 */

import type { Interval } from '../../messages/interval.ts';
import { Distributions, type Series } from '../distributions.ts';
import { encodeCompressed } from '../hdr.ts';
import { BOUNDS, QUEUE, roundedInto, SERVICE } from '../series.ts';
import type { TaskEnd } from '../task-end.ts';
import {
  type IntervalLine,
  type RecordedJob,
  type RecordedMove,
  type RecordedSeries,
  type RecordedTask,
  type RecordedTimes,
  SERIES_NAMES,
} from './lines.ts';

const SLOWEST = 3;
/** Characters of a task's name that are kept: names are the caller's, of any length. */
const LONGEST_NAME = 500;

type Collected = Pick<IntervalLine, 'series' | 'clipped' | 'moves' | 'slowest'>;
/** Of one job. */
type CollectedTasks = Pick<RecordedJob, 'queue' | 'service' | 'slowest'>;

export class Collector {
  readonly #secondsAt: (ms: number) => number;
  #distributions = new Distributions({ byShard: true });
  #clippedTasks = 0;
  /** By all but their counts. */
  #moves = new Map<string, RecordedMove>();
  #slowest: RecordedTask[] = [];
  /** By job in place of the shard. */
  #byJob = new Distributions({ byShard: true });
  #slowestByJob = new Map<number, RecordedTask[]>();

  readonly #jobs: number;

  /**
   * `secondsAt` makes seconds since the start of the runtime of milliseconds of the clock. Tasks are kept
   * apart by job where there are several.
   */
  constructor(secondsAt: (ms: number) => number, jobs: number) {
    this.#secondsAt = secondsAt;
    this.#jobs = jobs;
  }

  published(interval: Interval, shard: number): void {
    this.#distributions.add(interval, shard);
  }

  moved([kind, tier, from, to, count]: RecordedMove): void {
    const key = `${kind} ${tier} ${from} ${to}`;
    const [, , , , before] = this.#moves.get(key) ?? [kind, tier, from, to, 0];
    this.#moves.set(key, [kind, tier, from, to, before + count]);
  }

  ended({ name, job, shard, acceptedMs, startedMs, endedMs, outcome }: TaskEnd): void {
    const several = this.#jobs > 1;
    const queueNanoseconds = this.#record(QUEUE, shard, (startedMs ?? endedMs) - acceptedMs);
    if (several) this.#byJob.record(QUEUE, job, queueNanoseconds);
    if (startedMs === null) return;
    const serviceNanoseconds = this.#record(SERVICE, shard, endedMs - startedMs);
    if (several) this.#byJob.record(SERVICE, job, serviceNanoseconds);
    const startSeconds = this.#secondsAt(startedMs);
    const task = (): RecordedTask => {
      return [shortened(name), shard, startSeconds, queueNanoseconds, serviceNanoseconds, outcome];
    };
    keepSlowest(this.#slowest, serviceNanoseconds, task);
    if (!several) return;
    let ofJob = this.#slowestByJob.get(job);
    if (ofJob === undefined) {
      ofJob = [];
      this.#slowestByJob.set(job, ofJob);
    }
    keepSlowest(ofJob, serviceNanoseconds, task);
  }

  /** Returns what there was of each job since the last call; nothing where there is one job. */
  takeJobs(): CollectedTasks[] {
    if (this.#jobs === 1) return [];
    const [byJob, slowest] = [this.#byJob, this.#slowestByJob];
    this.#byJob = new Distributions({ byShard: true });
    this.#slowestByJob = new Map();
    return Array.from({ length: this.#jobs }, (_, job) => {
      const [queue, service] = [timesOf(byJob.series(QUEUE, job)), timesOf(byJob.series(SERVICE, job))];
      return { ...(queue && { queue }), ...(service && { service }), slowest: slowest.get(job) ?? [] };
    });
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

function timesOf(series: Series | undefined): RecordedTimes | undefined {
  return series && [encodeCompressed(series.histogram), series.max, Number(series.sum)];
}

/** Keeps the three with the longest service, the longest first. */
function keepSlowest(slowest: RecordedTask[], nanoseconds: number, task: () => RecordedTask): void {
  if (slowest.length === SLOWEST && nanoseconds <= slowest[SLOWEST - 1][4]) return;
  slowest.push(task());
  slowest.sort(([, , , , a], [, , , , b]) => b - a);
  if (slowest.length > SLOWEST) slowest.pop();
}

export function shortened(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
