/**
 * Which processes there are: those that work, and the spare one. Runs on the supervisor's thread.
 * Invariants: as many work, or start to, as there are to be; a spare one is no one of them, and gets no task
 * before it takes the place of one. A process that dies before its runtime has started is started again ever
 * later, and a number of times in a row.
 */
import { join, parse } from 'node:path';
import { MillpondError } from '../errors.ts';
import { FailedStarts } from '../runtime/failed-starts.ts';
import type { StartTimer } from '../runtime/heartbeat.ts';
import type { RecordOptions } from '../telemetry/recording/record-options.ts';
import { nowMs } from '../timers.ts';
import type { IsolatedSettings } from './options.ts';
import { type ProcessEnd, type ProcessEvents, RuntimeProcess } from './runtime-process.ts';

interface ProcessesParts {
  readonly settings: IsolatedSettings;
  readonly startTimer: StartTimer;
  readonly events: Omit<ProcessEvents, 'died'> & {
    /** One that worked has died; its successor, if there is one, takes tasks by now. */
    died(process: RuntimeProcess, end: ProcessEnd): void;
    /** None can be started. */
    failed(error: MillpondError): void;
  };
}

/**
 * The start of a spare one takes a core for half a second: where all is over by then, it is not needed, and
 * else the others have begun. On a busy machine it waits for as many times as long as they took to start.
 */
const SPARE_AFTER_MS = 5000;
const SPARE_AFTER_STARTS = 2;
/** What somebody sends to one, or to all of a command; until its program runs, one dies of each. */
const SENT: ReadonlySet<NodeJS.Signals | null> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL']);
const MOST_KILLED_STARTS = 5;

export class Processes {
  readonly #parts: ProcessesParts;
  readonly #failedStarts: FailedStarts;
  readonly #working = new Set<RuntimeProcess>();
  #spare: RuntimeProcess | null = null;
  #spareTimer: Disposable | null = null;
  /** All of the first ones have started. */
  #begun = false;
  #closing = false;
  #keepsAlive = true;
  #recordings = 0;
  #startedMs = 0;
  /** In a row. */
  #killedStarts = 0;
  /** Deaths of processes that worked. */
  deaths = 0;

  constructor(parts: ProcessesParts) {
    this.#parts = parts;
    this.#failedStarts = new FailedStarts(parts.startTimer, () => this.#startMissing());
  }

  start(): void {
    this.#startedMs = nowMs();
    this.#startMissing();
  }

  get working(): ReadonlySet<RuntimeProcess> {
    return this.#working;
  }

  get spare(): RuntimeProcess | null {
    return this.#spare;
  }

  get all(): RuntimeProcess[] {
    return [...this.#working, ...(this.#spare === null ? [] : [this.#spare])];
  }

  /** They keep the supervisor's process alive, or do not. */
  keepAlive(keeps: boolean): void {
    if (keeps === this.#keepsAlive) return;
    this.#keepsAlive = keeps;
    for (const process of this.#working) process.keepAlive(keeps);
  }

  /** None starts from now on. */
  close(): void {
    this.#closing = true;
    this.#failedStarts.end();
    this.#spareTimer?.[Symbol.dispose]();
    this.#spare?.kill();
  }

  #startMissing(): void {
    if (this.#closing || this.#failedStarts.waiting) return;
    while (this.#working.size < this.#parts.settings.processes) this.#working.add(this.#spareOrNew());
  }

  #spareOrNew(): RuntimeProcess {
    const spare = this.#spare;
    this.#spare = null;
    if (spare === null) return this.#new();
    spare.keepAlive(this.#keepsAlive);
    this.#startSpare(0);
    return spare;
  }

  #new(): RuntimeProcess {
    const { settings, events } = this.#parts;
    const { threadsEach: threads, ffmpegLog, each } = settings;
    const record = each.record === undefined ? undefined : numbered(each.record, ++this.#recordings);
    const options = record === undefined ? each : { ...each, record };
    return new RuntimeProcess(
      { options, threads, ffmpegLog },
      {
        ...events,
        ready: (process) => this.#started(process),
        died: (process, end) => this.#died(process, end),
      },
    );
  }

  #started(process: RuntimeProcess): void {
    if (!this.#working.has(process)) return;
    process.keepAlive(this.#keepsAlive);
    this.#failedStarts.succeeded();
    this.#killedStarts = 0;
    const all = [...this.#working].every(({ isReady }) => isReady);
    const tookMs = nowMs() - this.#startedMs;
    if (all && !this.#begun) this.#startSpare(Math.max(SPARE_AFTER_MS, SPARE_AFTER_STARTS * tookMs));
    this.#begun ||= all;
    this.#parts.events.ready(process);
  }

  #startSpare(afterMs: number): void {
    if (!this.#parts.settings.spare || this.#closing || this.#spareTimer !== null) return;
    const timer = this.#parts.startTimer(() => {
      this.#spareTimer = null;
      if (this.#closing || this.#spare !== null) return;
      this.#spare = this.#new();
      this.#spare.keepAlive(false);
    }, afterMs);
    timer.unref();
    this.#spareTimer = timer;
  }

  #died(process: RuntimeProcess, end: ProcessEnd): void {
    if (process === this.#spare) {
      this.#spare = null;
      // Whoever kills it once a second has it started as often.
      this.#startSpare(SPARE_AFTER_MS);
      return;
    }
    this.#parts.settings.processGone();
    if (!this.#working.delete(process)) return;
    if (this.#closing) {
      this.#parts.events.died(process, end);
      return;
    }
    this.deaths++;
    // One that did nothing is as one that did not start.
    const worked = process.isReady && process.answered + process.given.size > 0;
    const othersWork = [...this.#working].some(({ isReady }) => isReady);
    if (worked || this.#wasKilledAtStart(process, end)) this.#startMissing();
    else if (this.#begun && this.#failedStarts.failed(othersWork)) this.#startMissing();
    else this.#parts.events.failed(notStarted(process.failure, end));
    this.#parts.events.died(process, end);
  }

  /**
   * From outside, or by us since it was silent: somebody stopped it. Then nothing is wrong with its program,
   * and another one is tried at once.
   */
  #wasKilledAtStart({ isReady, failure }: RuntimeProcess, { signal }: ProcessEnd): boolean {
    if (isReady || failure !== null || !SENT.has(signal)) return false;
    return ++this.#killedStarts <= MOST_KILLED_STARTS;
  }
}

/** Each process has a recording of its own: the first the one asked for, `run-2.millpond` the second. */
function numbered(record: string | RecordOptions, number: number): string | RecordOptions {
  if (number === 1) return record;
  const { path, ...label } = typeof record === 'string' ? { path: record } : record;
  const { dir, name, ext } = parse(path);
  return { path: join(dir, `${name}-${number}${ext}`), ...label };
}

function notStarted(failure: Error | null, { code, signal }: ProcessEnd): MillpondError {
  if (failure instanceof MillpondError) return failure;
  const how = failure?.message ?? (signal === null ? `exit code ${code}` : signal);
  return new MillpondError(
    'ERR_WORKER_BOOTSTRAP',
    `A process loads its jobs before it takes tasks; it ended with ${how.replace(/\.$/, '')}. What it wrote on stderr says more; run the job file by itself.`,
    { cause: failure ?? undefined },
  );
}
