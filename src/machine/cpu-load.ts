/**
 * How busy the process, its threads and the machine are.
 *
 * Owns two meters for the process, one for the machine and two for each thread; the thread that samples,
 * never blocks.
 * Invariant: of each thread at most one question is open, and a thread that has gone is forgotten at the next
 * sample. What the loads mean for block sizes is decided elsewhere.
 *
 * The event loop says how long a thread was not waiting for work: read from outside in 10 us, also while the
 * thread is in one long synchronous task, but 1 as well while a task blocks in `Atomics.wait`. CPU time tells
 * these two apart. The thread itself answers for it, in an interrupt (10 us of its time, inside JavaScript
 * and `Atomics.wait` at once, inside a native call after it), so it is asked only once a second, as are the
 * machine (100 us) and the scheduler (15 us a thread). One sample of two workers takes 10 us in a row, and 90
 * in a thread that has other work in between.
 */

import { type CpuSources, realSources, type ThreadSource } from './cpu-sources.ts';
import { type Load, LoadMeter } from './load-meter.ts';
import { WantedCpu } from './wanted-cpu.ts';

export interface CpuSnapshot {
  /** Cores that the process may use: the least of affinity and the container's quota. */
  readonly cores: number;
  /** CPU time of the process, of that of its cores. */
  readonly process: Load;
  /**
   * CPU time that the process would have used if its threads never had to wait for a core, of that of its
   * cores; null where the scheduler does not tell.
   */
  readonly wanted: Load;
  /** Of all cores of the machine. */
  readonly system: Load;
  /** By shard, 0 is the main thread. */
  readonly byShard: readonly {
    readonly shard: number;
    /** CPU time of the thread, of the time that went by. */
    readonly cpu: Load;
    /** Share of the time that its event loop was not idle. */
    readonly eventLoop: Load;
  }[];
}

const MAIN_SHARD = 0;
/** For what costs more: CPU time of threads, the machine, and the scheduler. */
const SLOWLY_EVERY_MS = 1000;

interface Thread {
  activeMs: number;
  readonly eventLoop: LoadMeter;
  readonly cpu: LoadMeter;
  asked: boolean;
  askedMs: number;
}

export class CpuLoad {
  readonly #sources: CpuSources;
  readonly #smoothingMs: number;
  readonly #process: LoadMeter;
  readonly #system: LoadMeter;
  readonly #wanted: LoadMeter;
  readonly #wantedCpu = new WantedCpu();
  #threads = new Map<number, Thread>();
  #cores = 1;
  #cpuSeconds = 0;
  #busySeconds = 0;
  /** What the process could have used since the first sample. */
  #coreSeconds = 0;
  #lastMs: number | null = null;
  #slowlyMs = Number.NEGATIVE_INFINITY;
  #wantedSeconds = 0;
  /** The scheduler tells how long threads waited. */
  #tellsWaiting = false;

  /** `smoothingMs`: time constant of the smoothed values, over 0. */
  constructor(sources: CpuSources = realSources, smoothingMs = 1000) {
    this.#sources = sources;
    this.#smoothingMs = smoothingMs;
    this.#process = new LoadMeter(smoothingMs);
    this.#system = new LoadMeter(smoothingMs);
    this.#wanted = new LoadMeter(smoothingMs);
  }

  /**
   * Takes the figures of now; call it some times a second with all threads there are. What cannot be read
   * stays null. Never throws.
   */
  sample(threads: Iterable<ThreadSource>): void {
    const nowMs = attempt(() => this.#sources.now());
    if (nowMs === null) return;
    const elapsedMs = Math.max(0, nowMs - (this.#lastMs ?? nowMs));
    this.#lastMs = nowMs;
    this.#sampleProcess(nowMs, elapsedMs);
    if (nowMs - this.#slowlyMs >= SLOWLY_EVERY_MS) this.#sampleSlowly(nowMs);
    this.#sampleThreads([...threads], nowMs, elapsedMs);
  }

  /**
   * CPU time of the process beside that of the cores it may use, smoothed, 0 to 1; null before the second
   * sample.
   */
  get processShare(): number | null {
    return this.#process.smoothed;
  }

  /**
   * How busy the process keeps what it could get of the CPU. Beside busy neighbours one that computes all the
   * time gets only a part: so the time counts that its threads waited for a core. Where the scheduler does
   * not tell that, the machine's load stands for it, if it is higher than the process's own: then a neighbour
   * alone can make an idle process look busy. Smoothed, 0 to 1; null before the second sample.
   */
  get share(): number | null {
    const own = this.processShare;
    if (own === null) return null;
    const around = this.#tellsWaiting ? this.#wanted.smoothed : this.#system.smoothed;
    return Math.max(own, around ?? 0);
  }

  /** CPU time of the process since its start, user and system, as of the last sample. Only rises. */
  get cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  /**
   * Of all worker threads since the first sample, the time in which their event loops were not idle. Only
   * rises.
   */
  get busySeconds(): number {
    return this.#busySeconds;
  }

  snapshot(): CpuSnapshot {
    const byShard = [...this.#threads].sort(([a], [b]) => a - b);
    return {
      cores: this.#cores,
      process: this.#process.load,
      wanted: this.#wanted.load,
      system: this.#system.load,
      byShard: byShard.map(([shard, thread]): { shard: number; cpu: Load; eventLoop: Load } => {
        return { shard, cpu: thread.cpu.load, eventLoop: thread.eventLoop.load };
      }),
    };
  }

  /** The thread of this shard has gone: the next one starts afresh. */
  forget(shard: number): void {
    this.#threads.delete(shard);
  }

  /** No sample was taken for long: loads stay as they were until there are two new ones. */
  restart(): void {
    this.#slowlyMs = Number.NEGATIVE_INFINITY;
    this.#wantedCpu.restart();
    const ofThreads = [...this.#threads.values()].flatMap(({ eventLoop, cpu }) => [eventLoop, cpu]);
    for (const meter of [this.#process, this.#system, this.#wanted, ...ofThreads]) meter.restart();
  }

  #sampleProcess(nowMs: number, elapsedMs: number): void {
    const cores = attempt(() => this.#sources.cores());
    if (cores !== null && cores > 0 && Number.isFinite(cores)) this.#cores = cores;
    const cpuSeconds = attempt(() => this.#sources.processCpu());
    // Shares of a core are added up, so that cores may change on the way.
    this.#coreSeconds += (elapsedMs / 1000) * this.#cores;
    if (cpuSeconds === null || !(cpuSeconds >= this.#cpuSeconds)) return;
    this.#cpuSeconds = cpuSeconds;
    this.#process.observe(cpuSeconds, this.#coreSeconds, nowMs);
  }

  #sampleSlowly(nowMs: number): void {
    const elapsedMs = nowMs - this.#slowlyMs;
    this.#slowlyMs = nowMs;
    const system = attempt(() => this.#sources.systemCpu());
    if (system !== null) this.#system.observe(system.busySeconds, system.totalSeconds, nowMs);
    const times = attempt(() => this.#sources.threadTimes());
    this.#tellsWaiting = times !== null;
    if (times === null) return;
    const cores = this.#wantedCpu.observe(times);
    if (cores !== null) this.#wantedSeconds += (cores * elapsedMs) / 1000;
    this.#wanted.observe(this.#wantedSeconds, this.#coreSeconds, nowMs);
  }

  #sampleThreads(sources: readonly ThreadSource[], nowMs: number, elapsedMs: number): void {
    const known = this.#threads;
    this.#threads = new Map();
    // Spread over the samples of a second, as each question costs this thread 50 us.
    let questions = Math.max(1, Math.ceil((sources.length * elapsedMs) / SLOWLY_EVERY_MS));
    for (const source of sources) {
      const thread = known.get(source.shard) ?? {
        activeMs: Number.POSITIVE_INFINITY,
        eventLoop: new LoadMeter(this.#smoothingMs),
        cpu: new LoadMeter(this.#smoothingMs),
        asked: false,
        askedMs: Number.NEGATIVE_INFINITY,
      };
      this.#threads.set(source.shard, thread);
      const eventLoop = attempt(() => source.eventLoop());
      if (eventLoop !== null) {
        thread.eventLoop.observe(eventLoop.active, eventLoop.active + eventLoop.idle, nowMs);
        if (source.shard !== MAIN_SHARD) {
          this.#busySeconds += Math.max(0, eventLoop.active - thread.activeMs) / 1000;
        }
        thread.activeMs = eventLoop.active;
      }
      if (questions > 0 && !thread.asked && nowMs - thread.askedMs >= SLOWLY_EVERY_MS) {
        questions--;
        this.#ask(source, thread, nowMs);
      }
    }
  }

  #ask(source: ThreadSource, thread: Thread, nowMs: number): void {
    const answer = attempt(() => source.cpu?.());
    thread.askedMs = nowMs;
    if (answer === null || answer === undefined) return;
    const note = (cpuSeconds: number, atMs: number) => thread.cpu.observe(cpuSeconds, atMs / 1000, atMs);
    if (typeof answer === 'number') {
      note(answer, nowMs);
      return;
    }
    thread.asked = true;
    answer.then(
      (cpuSeconds) => {
        thread.asked = false;
        const answeredMs = attempt(() => this.#sources.now());
        if (answeredMs !== null) note(cpuSeconds, answeredMs);
      },
      // It has ended, or is about to.
      () => {
        thread.asked = false;
      },
    );
  }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
