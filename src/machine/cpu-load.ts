/**
 * How busy the process, its threads and the machine are.
 *
 * Owns a meter for the process, one for the machine and two for each thread; the thread that samples, never
 * blocks.
 * Invariant: of each thread at most one question is open, and a thread that has gone is forgotten at the next
 * sample. What the loads mean for block sizes is decided elsewhere.
 *
 * The event loop says how long a thread was not waiting for work: read from outside in 10 us, also while the
 * thread is in one long synchronous task, but 1 as well while a task blocks in `Atomics.wait`. CPU time tells
 * these two apart. The thread itself answers for it, in an interrupt (10 us of its time, inside JavaScript
 * and `Atomics.wait` at once, inside a native call after it), so it is asked only once a second, as is the
 * machine (100 us). One sample of two workers takes 10 us in a row, and 90 in a thread that has other work in
 * between.
 */

import { type CpuSources, realSources, type ThreadSource } from './cpu-sources.ts';
import { type Load, LoadMeter } from './load-meter.ts';

export interface CpuSnapshot {
  /** Cores that the process may use: the least of affinity and the container's quota. */
  readonly cores: number;
  /** CPU time of the process, of that of its cores. */
  readonly process: Load;
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
/** For what costs more: CPU time of threads, and the machine. */
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
  #threads = new Map<number, Thread>();
  #cores = 1;
  #cpuSeconds = 0;
  #busySeconds = 0;
  /** What the process could have used since the first sample. */
  #coreSeconds = 0;
  #lastMs: number | null = null;
  #systemMs = Number.NEGATIVE_INFINITY;

  /** `smoothingMs`: time constant of the smoothed values, over 0. */
  constructor(sources: CpuSources = realSources, smoothingMs = 1000) {
    this.#sources = sources;
    this.#smoothingMs = smoothingMs;
    this.#process = new LoadMeter(smoothingMs);
    this.#system = new LoadMeter(smoothingMs);
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
    if (nowMs - this.#systemMs >= SLOWLY_EVERY_MS) this.#sampleSystem(nowMs);
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
   * How busy the CPU is that the process could use: the higher of its own share and of the machine's load,
   * since beside busy neighbours a process that computes all the time gets only a part. Smoothed, 0 to 1;
   * null before the second sample.
   */
  get share(): number | null {
    const own = this.processShare;
    return own === null ? null : Math.max(own, this.#system.smoothed ?? 0);
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

  #sampleSystem(nowMs: number): void {
    this.#systemMs = nowMs;
    const system = attempt(() => this.#sources.systemCpu());
    if (system !== null) this.#system.observe(system.busySeconds, system.totalSeconds, nowMs);
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
