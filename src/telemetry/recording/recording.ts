/**
 * The recording of a run: writes what happened, interval by interval and event by event.
 *
 * Owns the file and what was collected since the last interval; main thread, in the runtime's rounds. Leaves
 * to others: what there is to read (`takeReading`), where values come from (`Totals`, `Tasks`, the
 * announcer).
 * Invariant: a value, a request and a byte that was processed are in exactly one interval, so that the
 * intervals add up to the snapshot at the end. Once the file has failed nothing is collected any more.
 */

import type { Bytes } from '../../bytes.ts';
import type { CpuSnapshot } from '../../machine/cpu-load.ts';
import type { Interval } from '../../messages/interval.ts';
import type { Decision } from '../../regulation/decision.ts';
import type { PressureLevel } from '../../regulation/pressure.ts';
import type { PressureSnapshot } from '../../regulation/snapshots.ts';
import type { RebalanceMessage, WorkerLostMessage } from '../channels.ts';
import { NO_REFUSALS, type RefusedRuns } from '../queue-snapshot.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TaskCounts, TaskEnd, TaskObserver } from '../task-end.ts';
import { Collector, shortened } from './collector.ts';
import { lengthMs, MOST_INTERVAL_MS } from './interval-length.ts';
import type { HeaderLine, IntervalLine, RecordedJob, RecordedShard, RecordingLine } from './lines.ts';
import { MeanLoads } from './mean-loads.ts';
import { endedSince, NO_TASKS, refusedSince, servedSince } from './since.ts';
import type { RecordingFile } from './writer.ts';

/** What an interval shows of the moment at its end. */
type Moment = Pick<IntervalLine, 'budget' | 'tiers' | 'pressure' | 'rssBytes' | 'blockBytes'> & {
  readonly shards: readonly {
    readonly shard: number;
    readonly chargedBytes: Bytes;
    readonly idleBytes: Bytes;
  }[];
};

/** Totals since the start of the run, or of the shard's thread. */
export interface Reading {
  readonly moment: Moment;
  /** Requests, by cause and tier: `cause * 4 + tier`. */
  readonly served: readonly number[];
  readonly tasks: TaskCounts;
  /** In the order of the header's. */
  readonly jobs: readonly TaskCounts[];
  readonly refused: RefusedRuns;
  /** By shard, of those that have a thread now. */
  readonly processedBytes: ReadonlyMap<number, Bytes>;
}

export interface RecordingSources {
  /** Milliseconds. */
  now(): number;
  /** Asks threads to publish soon what they recorded. */
  askThreads(): void;
  /** Merges what the main thread recorded. */
  publish(): void;
  read(): Reading;
  cpu(): CpuSnapshot;
  /** What the shard's thread has processed since it began. */
  processedBytes(shard: number): Bytes;
}

/**
 * An interval lasts at least so many times what a line takes, or hundreds of threads would keep this one
 * busy: the quicker of the last two, so that a stall, or the first one, which loads the histogram library,
 * makes no hole.
 */
const LEAST_TIMES_ITS_COST = 100;
/**
 * How long before its end threads are asked for what belongs to an interval: the next task to end, or to say
 * what it processed, does.
 */
const ASK_MS = 100;
const SAMPLE_MS = 1000;
/**
 * Lines of events beside one interval: a runtime under pressure decides five times a second, all day long.
 */
const MOST_EVENTS = 32;

export class RunRecording implements TaskObserver {
  readonly #file: RecordingFile;
  readonly #sources: RecordingSources;
  readonly #startedMs: number;
  readonly #collector: Collector;
  readonly #loads = new MeanLoads();
  #sampledMs: number;
  #lastMs: number;
  /** Threads were asked for what belongs to this interval. */
  #asked = false;
  #intervals = 0;
  /** Of the last two lines. */
  #costsMs: readonly [number, number] = [0, 0];
  #events = 0;
  #omitted = 0;
  /** Decisions that were written and not judged yet. */
  readonly #open = new Set<number>();
  #served: readonly number[] = [];
  #tasks = NO_TASKS;
  #jobs: readonly TaskCounts[] = [];
  #refused = NO_REFUSALS;
  /** By shard, what its thread had processed when that was last looked at. */
  readonly #processedBefore = new Map<number, Bytes>();
  /** By shard, what was processed in this interval. */
  #processed = new Map<number, Bytes>();
  /** While the runtime closes: how it was before. */
  #before: Moment | null = null;

  /** @param startedMs of the runtime, on the clock of `sources` */
  constructor(file: RecordingFile, header: HeaderLine, sources: RecordingSources, startedMs: number) {
    this.#file = file;
    this.#sources = sources;
    this.#startedMs = startedMs;
    this.#sampledMs = startedMs;
    this.#lastMs = startedMs;
    this.#collector = new Collector((ms) => this.#secondsAt(ms), header.jobs?.length ?? 1);
    file.write(header);
  }

  /** Its file takes more lines. */
  get open(): boolean {
    return this.#file.open;
  }

  /** A thread published what it recorded. */
  published(interval: Interval, shard: number): void {
    if (this.#file.open) this.#collector.published(interval, shard);
  }

  ended(task: TaskEnd): void {
    if (this.#file.open) this.#collector.ended(task);
  }

  moved({ moves }: RebalanceMessage): void {
    if (!this.#file.open) return;
    for (const { kind, tier, from, to, count } of moves) this.#collector.moved([kind, tier, from, to, count]);
  }

  decided(decision: Decision): void {
    if (this.#event({ kind: 'decision', decision })) this.#open.add(decision.number);
  }

  judged({ number, score }: Decision): void {
    if (this.#open.delete(number) && score !== null) this.#file.write({ kind: 'score', number, score });
  }

  pressureChanged(from: PressureLevel, to: PressureLevel, pressure: PressureSnapshot): void {
    const { ledgerShare, processShare } = pressure;
    this.#event({ kind: 'pressure', at: this.#nowSeconds(), from, to, ledgerShare, processShare });
  }

  emergencyEnded(end: { recovered: boolean; milliseconds: number; recoveredBytes: Bytes }): void {
    const { recovered, milliseconds, recoveredBytes } = end;
    this.#event({ kind: 'recovery', at: this.#nowSeconds(), recovered, milliseconds, recoveredBytes });
  }

  workerLost({ shard, exitCode, task, job }: Omit<WorkerLostMessage, 'reclaimedBytes'>): void {
    const named = {
      ...(task !== undefined && { task: shortened(task) }),
      ...(job !== undefined && { job: shortened(job) }),
    };
    this.#event({ kind: 'worker-lost', at: this.#nowSeconds(), shard, exitCode, ...named });
  }

  /** The thread of a shard is gone; its counts are about to be. */
  threadGone(shard: number): void {
    if (!this.#file.open) return;
    this.#countProcessed(shard, this.#sources.processedBytes(shard));
    this.#processedBefore.delete(shard);
  }

  /** To be called often; writes when it is time. */
  tick(nowMs: number): void {
    if (!this.#file.open) return;
    if (nowMs - this.#sampledMs >= SAMPLE_MS) this.#sample(nowMs);
    const length = Math.max(lengthMs(this.#intervals), LEAST_TIMES_ITS_COST * Math.min(...this.#costsMs));
    const endMs = this.#lastMs + Math.min(length, MOST_INTERVAL_MS);
    if (nowMs < endMs - ASK_MS) return;
    if (!this.#asked) {
      this.#asked = true;
      this.#sources.askThreads();
    } else if (nowMs >= endMs) this.#endInterval(nowMs);
  }

  /** From here on everything is given back: the last interval shows how it was until now. */
  closing(): void {
    if (this.#file.open) this.#before = this.#sources.read().moment;
  }

  /** The last interval and the last line. */
  close(snapshot: Snapshot): void {
    if (!this.#file.open) return;
    const nowMs = this.#sources.now();
    this.#endInterval(nowMs);
    this.#file.write({ kind: 'end', at: this.#secondsAt(nowMs), snapshot });
    this.#file.close();
  }

  #sample(nowMs: number): void {
    this.#sampledMs = nowMs;
    this.#loads.add(this.#sources.cpu());
  }

  #endInterval(nowMs: number): void {
    const beganMs = this.#sources.now();
    if (this.#loads.samples === 0) this.#sample(nowMs);
    this.#sources.publish();
    const { moment, served, tasks, jobs, refused, processedBytes } = this.#sources.read();
    const refusedRuns = refusedSince(this.#refused, refused);
    for (const [shard, bytes] of processedBytes) this.#countProcessed(shard, bytes);
    const { process, system, of } = this.#loads.take();
    const { shards, ...state } = this.#before ?? moment;
    this.#file.write({
      kind: 'interval',
      from: this.#secondsAt(this.#lastMs),
      to: this.#secondsAt(nowMs),
      ...this.#collector.take(),
      served: servedSince(this.#served, served),
      ...state,
      shards: this.#shardsWithLoads(shards, of),
      cpu: { process, system },
      tasks: endedSince(this.#tasks, tasks),
      ...(jobs.length > 1 && { jobs: this.#jobsSince(jobs) }),
      ...(refusedRuns && { refusedRuns }),
      ...(this.#omitted > 0 && { omitted: this.#omitted }),
    });
    this.#lastMs = nowMs;
    this.#asked = false;
    this.#intervals++;
    this.#served = served;
    this.#tasks = tasks;
    this.#jobs = jobs;
    this.#refused = refused;
    this.#processed = new Map();
    this.#events = 0;
    this.#omitted = 0;
    this.#costsMs = [this.#costsMs[1], this.#sources.now() - beganMs];
  }

  /** Of those that have tasks, or had. */
  #jobsSince(now: readonly TaskCounts[]): RecordedJob[] {
    return this.#collector
      .takeJobs()
      .map((collected, job) => {
        return { job, tasks: endedSince(this.#jobs[job] ?? NO_TASKS, now[job]), ...collected };
      })
      .filter(({ tasks, queue }) => queue !== undefined || Object.values(tasks).some((count) => count > 0));
  }

  /** Those that are there, and those that went in this interval and had processed something. */
  #shardsWithLoads(shards: Moment['shards'], cpuOf: (shard: number) => number | null): RecordedShard[] {
    const there = new Set(shards.map(({ shard }) => shard));
    const gone = [...this.#processed].filter(([shard, bytes]) => bytes > 0 && !there.has(shard));
    return [...shards, ...gone.map(([shard]) => ({ shard, chargedBytes: 0, idleBytes: 0 }))].map(
      ({ shard, chargedBytes, idleBytes }): RecordedShard => {
        return [shard, chargedBytes, idleBytes, this.#processed.get(shard) ?? 0, cpuOf(shard)];
      },
    );
  }

  #countProcessed(shard: number, bytes: Bytes): void {
    const since = bytes - (this.#processedBefore.get(shard) ?? 0);
    this.#processedBefore.set(shard, bytes);
    this.#processed.set(shard, (this.#processed.get(shard) ?? 0) + since);
  }

  /** False when it was left out. */
  #event(line: RecordingLine): boolean {
    if (!this.#file.open) return false;
    if (this.#events >= MOST_EVENTS) {
      this.#omitted++;
      return false;
    }
    this.#events++;
    this.#file.write(line);
    return true;
  }

  #nowSeconds(): number {
    return this.#secondsAt(this.#sources.now());
  }

  /** To the millisecond. */
  #secondsAt(ms: number): number {
    return Math.round(ms - this.#startedMs) / 1000;
  }
}
