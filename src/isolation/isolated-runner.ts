/**
 * A runner over child processes, each a runtime with a fixed share of budget and threads: a crash or a hang
 * in native code costs one process, and its tasks one more try.
 *
 * Owns the life of its parts, on the thread that made it. This process loads no FFmpeg and starts no thread.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { Pool } from '../pool/pool.ts';
import { CLOSE_MS, stopMs } from '../runtime/closing.ts';
import { Deadline } from '../runtime/deadline.ts';
import { checkCloseOptions, checkMap, checkReadyOptions, checkRunOptions } from '../runtime/given-options.ts';
import { type JobFile, type JobFiles, jobNumber } from '../runtime/jobs.ts';
import { mapOver } from '../runtime/map.ts';
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
} from '../runtime/runner.ts';
import { closed } from '../runtime/task-errors.ts';
import { evaluateHealth } from '../telemetry/health.ts';
import type { HealthReport } from '../telemetry/health-report.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';
import { IsolatedTasks } from './isolated-tasks.ts';
import { mergeSnapshots } from './merge-snapshots.ts';
import { type IsolatedOptions, type IsolatedSettings, resolveIsolatedOptions } from './options.ts';
import { type OwnMemory, ownMemory } from './own-memory.ts';
import { Processes } from './processes.ts';
import type { RuntimeProcess } from './runtime-process.ts';
import { ROUND_MS, Silence } from './silence.ts';

/** A runner whose threads belong to processes of its own. */
export interface IsolatedRunner<Jobs = Untyped> extends Runner<Jobs> {
  /** Leases of this process, for inputs and from results. */
  readonly pool: Pool;
  /** Bytes of the budget that this process has charged. */
  readonly ownUsedBytes: Bytes;
  /** The numbers of its processes, the spare one's too. */
  readonly pids: readonly number[];
}

/** What a process needs to end its threads by force comes before. */
const END_SHARE = 0.05;
const END_MS = 100;

/**
 * Starts the processes and resolves when all have loaded the jobs.
 * @throws MillpondError (as a rejection) `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL`,
 * `ERR_WORKER_BOOTSTRAP`, `ERR_JOB_INVALID`
 */
export function createIsolatedRunner<const Jobs extends JobFiles>(
  options: IsolatedOptions & { readonly jobs: Jobs },
): Promise<IsolatedRunner<Jobs>>;
export function createIsolatedRunner<File extends JobFile<never, unknown>>(
  options: IsolatedOptions & { readonly job: File },
): Promise<IsolatedRunner<File>>;
export function createIsolatedRunner(options: IsolatedOptions): Promise<IsolatedRunner>;
export async function createIsolatedRunner(options: IsolatedOptions): Promise<IsolatedRunner> {
  const runner = new ProcessRunner(resolveIsolatedOptions(options));
  await runner.started();
  return runner;
}

class ProcessRunner implements IsolatedRunner {
  readonly threads: number;
  readonly #settings: IsolatedSettings;
  readonly #memory: OwnMemory;
  readonly #processes: Processes;
  readonly #tasks: IsolatedTasks;
  readonly #ready = Promise.withResolvers<void>();
  readonly #deadline = new Deadline();
  readonly #silence = new Silence<RuntimeProcess>();
  #rounds: NodeJS.Timeout | undefined;
  #hasStarted = false;
  #closing: Promise<CloseReport> | null = null;
  /** What processes last said of themselves. */
  #shown: Snapshot | null = null;

  constructor(settings: IsolatedSettings) {
    this.threads = settings.threads;
    this.#settings = settings;
    const { pool, log } = settings.settings;
    this.#memory = ownMemory(pool, settings.ownBytes);
    this.#processes = new Processes({
      settings,
      startTimer: setTimeout,
      events: {
        ready: () => this.#readyAll(),
        ended: (process, ended) => void this.#tasks.ended(process, ended),
        progressed: (task, fraction) => this.#tasks.progressed(task, fraction),
        logged: (event) => log.write(event),
        died: (process, end) => this.#tasks.died(process, end),
        failed: (error) => {
          this.#ready.reject(error);
          this.#tasks.break(error);
        },
      },
    });
    this.#tasks = new IsolatedTasks({
      settings,
      memory: this.#memory,
      processes: this.#processes,
      changed: () => this.#keepAlive(),
    });
    this.#processes.start();
    this.#rounds = setTimeout(() => this.#watch(), ROUND_MS).unref();
  }

  #watch(): void {
    this.#rounds = setTimeout(() => this.#watch(), ROUND_MS);
    this.#keepAlive();
    if (this.#hasStarted && this.#tasks.quiet) return;
    for (const process of this.#silence.round(this.#processes.working, nowMs())) {
      this.#tasks.given.end(process, { by: 'silence' });
    }
  }

  get pool(): Pool {
    return this.#memory.shard;
  }

  get ownUsedBytes(): Bytes {
    return (this.#memory.ledger.sumKib() ?? 0) * KiB;
  }

  get pids(): readonly number[] {
    return this.#processes.all.flatMap(({ pid }) => pid ?? []);
  }

  async started(): Promise<void> {
    try {
      await this.#ready.promise;
      this.#hasStarted = true;
      this.#keepAlive();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async run<Result>(input?: unknown, options: RunOptions | null = {}): Promise<Result> {
    if (this.#closing !== null) throw closed();
    const checked = options ?? {};
    checkRunOptions(checked);
    return (await this.#tasks.accept(input, checked)) as Result;
  }

  async ready(options: ReadyOptions | null = {}): Promise<void> {
    const checked = options ?? {};
    checkReadyOptions(checked);
    const { tenant = '', signal } = checked;
    await this.#tasks.entrance.ready(tenant, signal);
  }

  map(inputs: Inputs<unknown>, options: MapOptions<never> | null = {}): MapResults<never> {
    const checked = options ?? {};
    checkMap(inputs, checked);
    jobNumber(this.#settings.settings.jobs, checked.job);
    return mapOver({ threads: this.threads, run: (input, how) => this.run(input, how) }, inputs, checked);
  }

  snapshot(): Snapshot {
    this.#look();
    for (const process of this.#processes.working) process.look();
    const { settings, threads, budgetBytes } = this.#settings;
    const { budget, tasks, ...shown } = this.#shown as Snapshot;
    const byJob = this.#tasks.byJob.map(([name, counts]) => [name, { ...tasks.byJob[name], ...counts }]);
    const figures = {
      ...shown,
      threads,
      budget: { ...budget, limitBytes: budgetBytes, utilization: budget.usedBytes / budgetBytes },
      tasks: { ...tasks, ...this.#tasks.counts, byJob: Object.fromEntries(byJob) },
      queue: this.#tasks.queue,
    };
    return { ...figures, health: evaluateHealth(figures, settings.health) };
  }

  /** Keeps what the processes that work said last, however they end. */
  #look(): void {
    const working = [...this.#processes.working];
    const there = working.flatMap(({ figures }) => (figures === null ? [] : [figures.snapshot]));
    if (there.length > 0) this.#shown = mergeSnapshots(there);
  }

  health(): HealthReport {
    return this.snapshot().health;
  }

  async close(options: CloseOptions = {}): Promise<CloseReport> {
    checkCloseOptions(options);
    this.#deadline.within(options.timeoutMs ?? CLOSE_MS);
    this.#tasks.entrance.end(closed());
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<CloseReport> {
    const startedMs = nowMs();
    this.#processes.keepAlive(true);
    let refused = 0;
    if (!(await this.#deadline.meets(this.#tasks.settled(), stopMs))) {
      refused = this.#tasks.counts.queued;
      this.#tasks.stop(this.#deadline.spanMs);
    }
    this.#processes.close();
    const leftMs = Math.max(0, this.#deadline.spanMs - (nowMs() - startedMs) - endMs(this.#deadline.spanMs));
    const { all } = this.#processes;
    const closing = all.flatMap((process) => (process.isReady ? [process.close(leftMs)] : []));
    await this.#deadline.meets(Promise.all(closing), endMs);
    const reports = all.map(({ closedWith }) => closedWith);
    this.#look();
    clearTimeout(this.#rounds);
    for (const process of all) process.kill();
    await this.#deadline.meets(Promise.all(all.map(({ gone }) => gone)));
    const { shard, ledger } = this.#memory;
    const leaks = shard.close();
    shard.abandon();
    const endBytes = reports.reduce((sum, report) => sum + (report?.endBytes ?? 0), 0);
    return {
      endBytes: endBytes + (ledger.sumKib() ?? 0) * KiB,
      leaks: reports.reduce((sum, report) => sum + (report?.leaks ?? 0), leaks.length),
      refused,
      left: [],
    };
  }

  #readyAll(): void {
    if ([...this.#processes.working].every(({ isReady }) => isReady)) {
      this.#look();
      this.#ready.resolve();
    }
    this.#tasks.pump();
  }

  #keepAlive(): void {
    const keeps = !this.#hasStarted || !this.#tasks.quiet || this.#closing !== null;
    this.#processes.keepAlive(keeps);
    // Between the death of a process and the start of the next, nothing else does.
    if (keeps) this.#rounds?.ref();
    else this.#rounds?.unref();
  }
}

function endMs(spanMs: number): number {
  return Math.min(END_MS, spanMs * END_SHARE);
}
