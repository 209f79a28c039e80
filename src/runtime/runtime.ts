/**
 * A runtime: worker threads, their pools and one budget, as a `Runner`.
 *
 * Owns the life of its parts, on the main thread: they start together and end together, and their heartbeat
 * drives them. Leaves all decisions to them.
 */
import { KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { CpuLoad } from '../machine/cpu-load.ts';
import { readProcessMemory } from '../machine/process-memory.ts';
import type { Pool } from '../pool/pool.ts';
import type { Shard } from '../pool/shard.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';
import { CLOSE_MS, endTasks, endThreads } from './closing.ts';
import { Deadline } from './deadline.ts';
import {
  checkCloseOptions,
  checkMap,
  checkReadyOptions,
  checkRunOptions,
  checkStreamOptions,
} from './given-options.ts';
import { type JobFile, type JobFiles, jobNumber } from './jobs.ts';
import { mapOver } from './map.ts';
import { type RuntimeOptions, type RuntimeSettings, resolveRuntimeOptions } from './options.ts';
import type {
  CloseOptions,
  CloseReport,
  Inputs,
  MapOptions,
  MapResults,
  ReadyOptions,
  Runner,
  RunOptions,
  Untyped,
} from './runner.ts';
import { snapshotOf } from './snapshot-of.ts';
import { closed } from './task-errors.ts';
import { type StreamCall, type StreamOptions, streamOf, type TaskStream } from './task-stream.ts';
import { type RuntimeParts, wireRuntime } from './wire-runtime.ts';

/** A runner whose threads belong to this process. */
export interface Runtime<Jobs = Untyped> extends Runner<Jobs> {
  /** The main thread's shard. */
  readonly pool: Pool;
  /**
   * Runs the job once, as `run` does, and gives what it emits before its end (`context.emit`) as an async
   * iterable, in order; `result`, and the iterator's last value, is what it returns. Where `unread` values
   * have not been read the job waits. Nothing happens before the first read: until then the input is the
   * caller's. Breaking out of the loop cancels the task and releases what was not read. A task that fails
   * rejects the read behind its last value.
   * @throws MillpondError `ERR_INVALID_ARGUMENT`; the reads reject with what `run` rejects with
   */
  stream: StreamCall<Jobs>;
}

/**
 * Hundreds of threads that load native code one after the other take minutes, and can't be stopped meanwhile.
 */
const START_PATIENCE_MS = 60_000;
const START_PATIENCE_MS_A_THREAD = 1000;
const FAILED_START_CLOSE_MS = 10_000;

/**
 * Starts the workers and resolves when all have loaded the job.
 * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL`,
 * `ERR_WORKER_BOOTSTRAP`, `ERR_JOB_INVALID`; before any thread starts `ERR_OUTPUT_WRITE`, when the file of
 * `record` cannot be made
 */
export function createRuntime<const Jobs extends JobFiles>(
  options: RuntimeOptions & { readonly jobs: Jobs },
): Promise<Runtime<Jobs>>;
export function createRuntime<File extends JobFile<never, unknown>>(
  options: RuntimeOptions & { readonly job: File },
): Promise<Runtime<File>>;
export function createRuntime(options: RuntimeOptions): Promise<Runtime>;
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const runtime = new ThreadRuntime(resolveRuntimeOptions(options));
  await runtime.started();
  return runtime;
}

/** A runtime whose tasks somebody else numbers, who learns by its slots which of them run when it dies. */
export interface NumberedRuntime extends Runtime {
  /** As `pool`, with what moves leases. */
  readonly shard: Shard;
  /** As `run`. The number is 1 to 2^31 - 1, and of no other task that is not over. */
  runAs(number: number, input: unknown, options: RunOptions): Promise<unknown>;
}

/**
 * @param slots descriptor of the file in which threads write down which task they begin
 * @throws MillpondError (as a rejection) as {@link createRuntime}
 */
export async function createNumberedRuntime(
  options: RuntimeOptions,
  slots: number,
): Promise<NumberedRuntime> {
  const runtime = new ThreadRuntime({ ...resolveRuntimeOptions(options), slots });
  await runtime.started();
  return runtime;
}

class ThreadRuntime implements NumberedRuntime {
  readonly threads: number;
  readonly #settings: RuntimeSettings;
  readonly #parts: RuntimeParts;
  readonly #ready = Promise.withResolvers<void>();
  readonly #deadline = new Deadline();
  #closing: Promise<CloseReport> | null = null;
  #ended = false;

  constructor(settings: RuntimeSettings) {
    const { threads, log, pool } = settings;
    this.threads = threads;
    this.#settings = settings;
    this.#parts = wireRuntime(settings, {
      now: nowMs,
      load: new CpuLoad(),
      readMemory: readProcessMemory,
      startTimer: setTimeout,
      free: () => this.#workerFree(),
      failed: (error) => this.#fail(error),
    });
    this.#listenForStarvation();
    log.write({ event: 'start', threads, budgetBytes: pool.budgetBytes, safety: pool.safety });
  }

  get shard(): Shard {
    return this.#parts.shard;
  }

  get pool(): Pool {
    return this.#parts.shard;
  }

  async started(): Promise<void> {
    const patienceMs = START_PATIENCE_MS + this.threads * START_PATIENCE_MS_A_THREAD;
    const timer = setTimeout(() => this.#fail(startedTooSlowly(patienceMs)), patienceMs);
    this.#ready.promise.finally(() => clearTimeout(timer)).catch(() => {});
    try {
      await this.#ready.promise;
    } catch (error) {
      await this.close({ timeoutMs: FAILED_START_CLOSE_MS });
      throw error;
    }
  }

  async run<Result>(input?: unknown, options: RunOptions | null = {}): Promise<Result> {
    return (await this.#run(input, options ?? {})) as Result;
  }

  runAs(number: number, input: unknown, options: RunOptions): Promise<unknown> {
    return this.#run(input, options, number);
  }

  async #run(input: unknown, options: RunOptions, number?: number): Promise<unknown> {
    if (this.#closing !== null) throw closed();
    checkRunOptions(options);
    this.#parts.heartbeat.ref();
    try {
      return await this.#parts.tasks.accept(input, options, undefined, number);
    } finally {
      this.#unrefAtRest();
    }
  }

  stream(input?: unknown, options: StreamOptions | null = {}): TaskStream<never, never> {
    const checked = options ?? {};
    checkStreamOptions(checked);
    jobNumber(this.#settings.jobs, checked.job);
    return streamOf(async (how, reader) => {
      if (this.#closing !== null) throw closed();
      this.#parts.heartbeat.ref();
      try {
        return await this.#parts.tasks.accept(input, how, reader);
      } finally {
        this.#unrefAtRest();
      }
    }, checked);
  }

  async ready(options: ReadyOptions | null = {}): Promise<void> {
    const checked = options ?? {};
    checkReadyOptions(checked);
    const { tenant = '', signal } = checked;
    const { waiting, heartbeat } = this.#parts;
    heartbeat.ref();
    try {
      await waiting.entrance.ready(tenant, signal);
    } finally {
      this.#unrefAtRest();
    }
  }

  map(inputs: Inputs<unknown>, options: MapOptions<never> | null = {}): MapResults<never> {
    const checked = options ?? {};
    checkMap(inputs, checked);
    // A wrong name would fail every task alike.
    jobNumber(this.#settings.jobs, checked.job);
    return mapOver({ threads: this.threads, run: (input, how) => this.run(input, how) }, inputs, checked);
  }

  snapshot(): Snapshot {
    return snapshotOf(this.#parts, this.#settings);
  }

  health(): HealthReport {
    return this.snapshot().health;
  }

  async close(options: CloseOptions = {}): Promise<CloseReport> {
    checkCloseOptions(options);
    this.#deadline.within(options.timeoutMs ?? CLOSE_MS);
    this.#parts.waiting.entrance.end(closed());
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<CloseReport> {
    const { ledger, shard, tasks, memory, coordinator, regulator, workers } = this.#parts;
    const { observer, announcer, recording, heartbeat } = this.#parts;
    const { log, health } = this.#settings;
    const closing = { tasks, workers, ledger, loans: coordinator.loans };
    // Ports and idle threads do not keep the process alive.
    heartbeat.ref();
    heartbeat.wake();
    const refused = await endTasks(closing, this.#deadline);
    const before = recording === null ? null : this.snapshot();
    recording?.closing();
    regulator.close(nowMs());
    const left = await endThreads(closing, this.#deadline);
    announcer.left(left);

    heartbeat.end();
    observer.stop();
    coordinator.tick();
    const files = memory.closeFiles().map((length) => ({ length, stack: null }));
    announcer.leaked('the main thread', [...shard.close(), ...files]);
    shard.abandon();
    this.#ended = true;
    // Ends the wait for the next shard that starves.
    ledger.header.wakeCoordinator();
    const endBytes = (ledger.sumKib() ?? 0) * KiB;
    const { succeeded, failed, cancelled, lost } = tasks.counts;
    log.write({
      event: 'shutdown',
      tasks: succeeded + failed + cancelled + lost,
      peakBytes: ledger.peakKib * KiB,
      endBytes,
      wallMs: Math.round(nowMs() - this.#parts.startedMs),
    });
    if (before !== null) recording?.close(snapshotOfRun(before, this.snapshot(), health));
    log.close();
    return { endBytes, leaks: announcer.leaks, refused, left };
  }

  /** Serves starving shards as soon as they say so, whenever the next round is. The first call wakes all. */
  async #listenForStarvation(): Promise<void> {
    const { ledger, serveStarving } = this.#parts;
    while (!this.#ended) {
      const seen = ledger.header.starvedWord;
      serveStarving();
      await ledger.header.waitForStarvedAsync(seen);
    }
  }

  /** Between the death of a worker and the start of the next, nothing else keeps the process alive. */
  #unrefAtRest(): void {
    const { tasks, waiting, heartbeat } = this.#parts;
    if (tasks.quiet && !waiting.entrance.awaited && this.#closing === null) heartbeat.unref();
  }

  #workerFree(): void {
    const { workers, tasks } = this.#parts;
    if ([...workers.members].every((member) => member.ready)) this.#ready.resolve();
    tasks.pump();
  }

  #fail(error: MillpondError): void {
    this.#ready.reject(error);
    this.#parts.tasks.break(error);
  }
}

function startedTooSlowly(patienceMs: number): MillpondError {
  return new MillpondError(
    'ERR_WORKER_BOOTSTRAP',
    `Workers load their job within ${patienceMs / 1000} s; this one did not. Look for a top-level await or a loop in the job file.`,
  );
}
