/**
 * The runtime: wires the ledger, the main thread's shard, the coordinator, the workers and the tasks together.
 *
 * Owns their life, on the main thread: they start together and end together. Leaves all decisions to them.
 */
import { availableParallelism } from 'node:os';
import { threadId } from 'node:worker_threads';
import { BLOCK, MAIN_ROW, PROCESSED, STARVED, TELL } from '../budget/layout.ts';
import { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { Coordinator } from '../coordinator/coordinator.ts';
import { Quotas } from '../coordinator/quotas.ts';
import { MillpondError } from '../errors.ts';
import { CpuLoad } from '../machine/cpu-load.ts';
import { mainThreadSource, type ThreadSource, threadSource } from '../machine/cpu-sources.ts';
import { readProcessMemory } from '../machine/process-memory.ts';
import { type PoolOptions, resolvePoolOptions } from '../pool/options.ts';
import type { Pool } from '../pool/pool.ts';
import { Shard } from '../pool/shard.ts';
import { Admission } from '../regulation/admission.ts';
import { checkShadow } from '../regulation/block-control.ts';
import type { BlockPolicy } from '../regulation/block-policy.ts';
import { Regulator } from '../regulation/regulator.ts';
import { Announcer } from '../telemetry/announcer.ts';
import { type GivenThresholds, type HealthThresholds, resolveHealth } from '../telemetry/health.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import { createLog, LOG_LEVELS, type Log, type LogLevel } from '../telemetry/log.ts';
import { Observer } from '../telemetry/observer.ts';
import type { RecordOptions } from '../telemetry/recording/record-options.ts';
import type { RunRecording } from '../telemetry/recording/recording.ts';
import { startRecording } from '../telemetry/recording/start.ts';
import { takeReading } from '../telemetry/recording/take-reading.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { takeSnapshot } from '../telemetry/take-snapshot.ts';
import { RowCounts, shardWords, ThreadSupply } from '../thread/supply.ts';
import { type RunOptions, Tasks } from './tasks.ts';
import { type Member, type RuntimeLimits, Workers } from './worker-pool.ts';

export interface RuntimeOptions extends Partial<PoolOptions> {
  /** The file whose default export is a `defineJob`: a `file:` URL, or an absolute path. */
  readonly job: URL | string;
  /** Worker threads, 1 to 1024. Default: what the machine gives this process. */
  readonly threads?: number;
  /** V8 heap limits of each worker. They do not count leases; the budget does. */
  readonly resourceLimits?: RuntimeLimits;
  /** Least severe log line on stderr. Default `warn`. */
  readonly logLevel?: LogLevel;
  /** Takes the log events instead. */
  readonly log?: Log;
  /** Where `health()` begins to warn and to fail. */
  readonly health?: GivenThresholds;
  /** Other parameters of block sizing, which decide on the same figures without acting: `snapshot().decisions.shadow`. */
  readonly shadow?: Partial<BlockPolicy>;
  /**
   * A file that the run writes down in, for `millpond report`: a line at once for each event and, every 0.25 s at first and 32 s at
   * last, one with all that was recorded since (docs/recording.md). It may be there if it is a recording, which is replaced. When
   * it cannot be written any more, the recording ends with one warning in the log, and the run goes on. Names of tasks go into
   * it. Default: none, which costs nothing.
   */
  readonly record?: string | RecordOptions;
}

export interface CloseReport {
  /** The ledger's sum at the end: 0. */
  readonly endBytes: Bytes;
  /** Leases that were never released, on the main thread and in workers outside tasks. */
  readonly leaks: number;
}

export interface Runtime extends AsyncDisposable {
  /** The main thread's shard. */
  readonly pool: Pool;
  readonly threads: number;
  /**
   * Runs the job once. Leases in plain objects and arrays of the input belong to the task from this call on, whatever
   * comes of it. Rejects with the signal's reason at once when that aborts; else with what the job threw.
   * @throws MillpondError (as a rejection) `ERR_RUNTIME_CLOSED`, `ERR_WORKER_LOST`, `ERR_WORKER_BOOTSTRAP`,
   * `ERR_NOT_CLONEABLE`, `ERR_LEASE_*`, `ERR_TASK_LEFT_PIN`; for its `needBytes` `ERR_INVALID_ARGUMENT`,
   * `ERR_REQUEST_TOO_LARGE`, and `ERR_BUDGET_EXHAUSTED` when no task runs that could make room, for `acquireTimeoutMs`
   */
  run<Result = unknown>(input?: unknown, options?: RunOptions): Promise<Result>;
  /** Plain JSON; also after `close`. */
  snapshot(): Snapshot;
  /** A verdict on the runtime as it is now, with a sentence for each check. */
  health(): HealthReport;
  /** Refuses new runs, waits for accepted ones and for cancelled jobs to stop, ends the workers, frees everything. */
  close(): Promise<CloseReport>;
}

/** Milliseconds between two rounds of the coordinator. */
const TICK_MS = 50;
/** Hundreds of threads that load native code one after the other take minutes, and can't be stopped in the midst of it. */
const START_PATIENCE_MS = 60_000;
const START_PATIENCE_MS_A_THREAD = 1000;
const CLOSE_PATIENCE_MS = 10_000;

/**
 * Starts the workers and resolves when all have loaded the job.
 * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL`, `ERR_WORKER_BOOTSTRAP`,
 * `ERR_JOB_INVALID`; before any thread starts `ERR_OUTPUT_WRITE`, when the file of `record` cannot be made
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const runtime = new MillpondRuntime(options);
  await runtime.started();
  return runtime;
}

class MillpondRuntime implements Runtime {
  readonly threads: number;
  readonly #ledger: Ledger;
  readonly #shard: Shard;
  readonly #observer: Observer;
  readonly #regulator: Regulator;
  readonly #health: HealthThresholds;
  /** What CPU load is read of, by row. */
  readonly #threadSources = new Map<number, ThreadSource>([[MAIN_ROW, mainThreadSource()]]);
  readonly #coordinator: Coordinator;
  readonly #workers: Workers;
  readonly #tasks: Tasks;
  readonly #log: Log;
  readonly #announcer: Announcer;
  readonly #recording: RunRecording | null;
  readonly #timer: NodeJS.Timeout;
  readonly #startedMs = performance.now();
  readonly #ready = Promise.withResolvers<void>();
  #closing: Promise<CloseReport> | null = null;
  #ended = false;

  constructor(given: RuntimeOptions) {
    if (typeof given !== 'object' || given === null) {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `A runtime is made of an object of options, got ${String(given)}. Write createRuntime({ job: new URL('./my-job.ts', import.meta.url) }).`,
      );
    }
    const {
      job,
      threads = availableParallelism(),
      resourceLimits,
      logLevel,
      log,
      health,
      shadow,
      record,
      ...pool
    } = given;
    if (!(job instanceof URL) && typeof job !== 'string') {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `job is a file: URL or an absolute path, got ${String(job)}. Write for example new URL('./my-job.ts', import.meta.url).`,
      );
    }
    const options = resolvePoolOptions(pool, threads);
    this.threads = threads;
    this.#health = resolveHealth(health);
    const checkedShadow = checkShadow(shadow);
    this.#observer = new Observer(this.#startedMs);
    if (logLevel !== undefined && !LOG_LEVELS.includes(logLevel)) {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `logLevel is one of ${LOG_LEVELS.join(', ')}, got '${String(logLevel)}'.`,
      );
    }
    this.#log =
      log === undefined ? createLog(logLevel === undefined ? {} : { level: logLevel }) : guarded(log);

    // A dead worker's row comes free a moment after its replacement wants one, so there are two for each thread.
    const ledger = Ledger.create(1 + 2 * threads, options.budgetBytes);
    this.#ledger = ledger;
    // Everything else was checked: what an older recording holds is lost from here on.
    this.#recording =
      record === undefined ? null : this.#startRecording(record, job, { ...options, threads });
    const announcer = new Announcer(this.#log, ledger, this.#recording);
    this.#announcer = announcer;
    ledger.words[BLOCK] = options.blockBytes;
    ledger.claim(threadId);
    const supply = new ThreadSupply(ledger, MAIN_ROW, {
      canBlock: false,
      safepoint: () => {},
      returnLoan: () => {},
      sendBack: (store) => this.#coordinator.sendBack(store),
      currentTask: () => 0,
    });
    const quotas = new Quotas(options.tiers, threads + 1);
    this.#shard = new Shard(
      options,
      quotas.open(MAIN_ROW),
      shardWords(ledger, MAIN_ROW),
      supply,
      new RowCounts(ledger, MAIN_ROW),
      this.#observer.recorder,
    );
    this.#coordinator = new Coordinator(ledger, this.#shard, options, quotas, {
      recorded: (row, interval) => this.#observer.totals.merge(interval, row),
      refused: (shard, requests) => announcer.exhausted(shard, requests),
      rebalanced: (moves) => {
        this.#regulator.rebalanced(moves);
        announcer.rebalanced(moves);
      },
      closed: (row, leaks) => announcer.leaked(`shard ${row}`, leaks),
    });
    this.#workers = new Workers(job, threads, { ledger: ledger.shared, options }, resourceLimits, ledger, {
      introduced: (member, link) => {
        this.#threadSources.set(member.row, threadSource(member.worker, member.row));
        this.#coordinator.attach(member.row, link);
      },
      message: (member, message) => this.#coordinator.handle(member.row, message),
      free: () => this.#workerFree(),
      gone: (member, code) => this.#workerGone(member, code),
      failed: (error) => this.#fail(error),
    });
    const admission = new Admission(ledger, this.#coordinator.rows, options.acquireTimeoutMs, () =>
      performance.now(),
    );
    this.#tasks = new Tasks(
      ledger,
      this.#shard,
      this.#coordinator,
      this.#workers,
      this.#log,
      admission,
      options.tiers,
      this.#recording,
    );
    this.#regulator = new Regulator(
      {
        ledger,
        coordinator: this.#coordinator,
        admission,
        options,
        threads,
        load: new CpuLoad(),
        readMemory: readProcessMemory,
        totals: this.#observer.totals,
        shadow: checkedShadow,
        events: {
          decided: (decision) => announcer.decided(decision),
          judged: (decision) => announcer.judged(decision),
          pressureChanged: (from, to, pressure) => announcer.pressureChanged(from, to, pressure),
          emergencyEnded: (end) => {
            announcer.emergencyEnded(end);
            this.#tasks.pump();
          },
        },
      },
      this.#startedMs,
    );
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
    this.#listenForStarvation();
    this.#log.write({ event: 'start', threads, budgetBytes: options.budgetBytes, safety: options.safety });
  }

  get pool(): Pool {
    return this.#shard;
  }

  async started(): Promise<void> {
    const patienceMs = START_PATIENCE_MS + this.threads * START_PATIENCE_MS_A_THREAD;
    const timer = setTimeout(() => this.#fail(startedTooSlowly(patienceMs)), patienceMs);
    this.#ready.promise.finally(() => clearTimeout(timer)).catch(() => {});
    try {
      await this.#ready.promise;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async run<Result>(input?: unknown, options: RunOptions | null = {}): Promise<Result> {
    if (this.#closing !== null) {
      throw new MillpondError(
        'ERR_RUNTIME_CLOSED',
        'A runtime takes tasks until close() is called; this one is closing or closed. Create another, or close later.',
      );
    }
    // Between the death of a worker and the start of the next, nothing else keeps the process alive.
    this.#timer.ref();
    try {
      return (await this.#tasks.accept(input, options ?? {})) as Result;
    } finally {
      if (this.#tasks.quiet) this.#timer.unref();
    }
  }

  snapshot(): Snapshot {
    this.#observer.publish();
    return takeSnapshot({
      threads: this.threads,
      uptimeSeconds: (performance.now() - this.#startedMs) / 1000,
      ledger: this.#ledger,
      coordinator: this.#coordinator,
      regulator: this.#regulator,
      totals: this.#observer.totals,
      rates: this.#observer.rates,
      tasks: this.#tasks.counts,
      health: this.#health,
    });
  }

  health(): HealthReport {
    return this.snapshot().health;
  }

  close(): Promise<CloseReport> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<CloseReport> {
    await this.#tasks.settled();
    const before = this.#recording === null ? null : this.snapshot();
    this.#recording?.closing();
    this.#regulator.close(performance.now());
    // Ports and idle threads do not keep the process alive; this timer does, and ends the wait for a thread that
    // a forgotten loop of its job keeps busy.
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, CLOSE_PATIENCE_MS);
    await Promise.race([this.#coordinator.closeAll(), patience.promise]);
    await this.#workers.destroy();
    clearTimeout(timer);

    clearInterval(this.#timer);
    this.#observer.stop();
    this.#coordinator.tick();
    this.#announcer.leaked('the main thread', this.#shard.close());
    this.#shard.abandon();
    this.#ended = true;
    Atomics.add(this.#ledger.words, STARVED, 1);
    Atomics.notify(this.#ledger.words, STARVED);
    const endBytes = (this.#ledger.sumKib() ?? 0) * KiB;
    const { succeeded, failed, cancelled, lost } = this.#tasks.counts;
    this.#log.write({
      event: 'shutdown',
      tasks: succeeded + failed + cancelled + lost,
      peakBytes: this.#ledger.peakKib * KiB,
      endBytes,
      wallMs: Math.round(performance.now() - this.#startedMs),
    });
    if (before !== null) this.#recording?.close(snapshotOfRun(before, this.snapshot(), this.#health));
    this.#log.close();
    return { endBytes, leaks: this.#announcer.leaks };
  }

  #tick(): void {
    this.#coordinator.tick();
    for (const member of this.#workers.members) if (!member.busy) this.#coordinator.returnTo(member.row);
    this.#tasks.reportProgress();
    // Memory may have come free for one that waits for it.
    this.#tasks.pump();
    const now = performance.now();
    this.#regulator.tick(now, this.#threadSources.values());
    this.#observer.tick(now, this.#coordinator.rows);
    this.#recording?.tick(now);
  }

  /** @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_INVALID_ARGUMENT` */
  #startRecording(
    record: string | RecordOptions,
    job: URL | string,
    options: PoolOptions & { readonly threads: number },
  ): RunRecording {
    const recording = startRecording(record, job, options, this.#log, this.#startedMs, {
      now: () => performance.now(),
      askThreads: () => void this.#ledger.words[TELL]++,
      publish: () => this.#observer.publish(),
      read: () =>
        takeReading({
          ledger: this.#ledger,
          rows: this.#coordinator.rows,
          regulator: this.#regulator,
          tasks: this.#tasks.counts,
        }),
      cpu: () => this.#regulator.cpu,
      processedBytes: (row) => this.#coordinator.rows.counters(row)[PROCESSED],
    });
    this.#observer.totals.listener = recording;
    return recording;
  }

  /** Serves starving shards as soon as they say so, however long the tick is. */
  async #listenForStarvation(): Promise<void> {
    const { words } = this.#ledger;
    while (!this.#ended) {
      const seen = Atomics.load(words, STARVED);
      this.#coordinator.serve();
      const wait = Atomics.waitAsync(words, STARVED, seen);
      if (wait.async) await wait.value;
    }
  }

  #workerFree(): void {
    if ([...this.#workers.members].every((member) => member.ready)) this.#ready.resolve();
    this.#tasks.pump();
  }

  #workerGone(member: Member, exitCode: number): void {
    if (member.row >= 0) {
      this.#threadSources.delete(member.row);
      this.#regulator.forget(member.row);
      this.#recording?.threadGone(member.row);
      const { chargedBytes, loanBytes } = this.#coordinator.bury(member.row);
      if (!member.dismissed) this.#announcer.workerLost(member, exitCode, chargedBytes + loanBytes);
    }
    this.#tasks.pump();
  }

  #fail(error: MillpondError): void {
    this.#ready.reject(error);
    this.#tasks.break(error);
  }
}

/** A log of the user's own that throws must not leave a task half ended: it is told as an error of its own. */
function guarded(log: Log): Log {
  if (typeof log?.write !== 'function' || typeof log.close !== 'function') {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `log is an object { write(event), close() }, got ${String(log)}. Leave it out for lines on stderr.`,
    );
  }
  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
  return { write: (event) => attempt(() => log.write(event)), close: () => attempt(() => log.close()) };
}

function startedTooSlowly(patienceMs: number): MillpondError {
  return new MillpondError(
    'ERR_WORKER_BOOTSTRAP',
    `Workers load their job within ${patienceMs / 1000} s; this one did not. Look for a top-level await or a loop in the job file.`,
  );
}
