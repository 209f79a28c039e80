/** The options of `createRuntime`, checked and with defaults filled in. Pure. */
import { availableParallelism } from 'node:os';
import { MillpondError } from '../errors.ts';
import { type PoolOptions, resolvePoolOptions } from '../pool/options.ts';
import { checkShadow } from '../regulation/block-control.ts';
import type { BlockPolicy } from '../regulation/block-state.ts';
import { type GivenThresholds, resolveHealth } from '../telemetry/health.ts';
import type { HealthThresholds } from '../telemetry/health-findings.ts';
import { createLog, LOG_LEVELS, type Log, type LogLevel } from '../telemetry/log.ts';
import type { RecordOptions } from '../telemetry/recording/record-options.ts';
import { setImmediate } from '../timers.ts';
import { type JobFiles, type NamedJob, resolveJobs } from './jobs.ts';
import type { QueueRules } from './queue.ts';
import { type QueueOptions, resolveQueueOptions } from './queue-options.ts';
import { resolveThreadOptions, type ThreadOptions, type ThreadSettings } from './thread-options.ts';

/** V8 heap limits of a worker. */
export interface RuntimeLimits {
  /** MiB of objects that live long. Default: V8's own. */
  readonly maxOldGenerationSizeMb?: number;
  /** MiB of young objects. Default: V8's own. */
  readonly maxYoungGenerationSizeMb?: number;
}

export interface RuntimeOptions extends Partial<PoolOptions>, QueueOptions, ThreadOptions {
  /** The file whose default export is a `defineJob`: a `file:` URL, or an absolute path. */
  readonly job?: URL | string;
  /**
   * Several such files, instead of `job`, by the names that `run(input, { job })` takes. They share threads,
   * shards and budget; each thread loads all of them.
   */
  readonly jobs?: JobFiles;
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
  /**
   * Other parameters of block sizing, which decide on the same figures without acting:
   * `snapshot().decisions.shadow`.
   */
  readonly shadow?: Partial<BlockPolicy>;
  /**
   * The file of a recording of the run, for `millpond report`: a line at once for each event and, every
   * 0.25 s at first and every 32 s in the end, one with all that was recorded since (docs/recording.md). An
   * older recording is replaced; any other file is refused. When the file can no longer be written, the
   * recording ends with one warning in the log, and the run continues. It holds the names of tasks. Default:
   * none, which costs nothing.
   */
  readonly record?: string | RecordOptions;
}

export interface RuntimeSettings {
  /** One or more. */
  readonly jobs: readonly NamedJob[];
  readonly threads: number;
  readonly resourceLimits: RuntimeLimits | undefined;
  readonly log: Log;
  readonly health: HealthThresholds;
  readonly shadow: Partial<BlockPolicy> | null;
  readonly record: string | RecordOptions | undefined;
  readonly life: ThreadSettings;
  readonly pool: PoolOptions;
  readonly queue: QueueRules;
  /** Descriptor of the file in which threads write down which task they begin; for isolation alone. */
  readonly slots?: number;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL` */
export function resolveRuntimeOptions(given: RuntimeOptions): RuntimeSettings {
  if (typeof given !== 'object' || given === null) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `createRuntime takes an object of options, got ${String(given)}. Write createRuntime({ job: new URL('./my-job.ts', import.meta.url) }).`,
    );
  }
  const {
    job,
    jobs,
    threads = availableParallelism(),
    resourceLimits,
    logLevel,
    log,
    health,
    shadow,
    record,
    maxQueue,
    ageingMs,
    tenants,
    ...rest
  } = given;
  const { life, ...pool } = resolveThreadOptions(rest, threads);
  return {
    jobs: resolveJobs(job, jobs),
    threads,
    resourceLimits,
    record,
    life,
    pool: resolvePoolOptions(pool, threads),
    queue: resolveQueueOptions({ maxQueue, ageingMs, tenants }),
    health: resolveHealth(health),
    shadow: checkShadow(shadow),
    log: resolveLog(log, logLevel),
  };
}

function resolveLog(log: Log | undefined, level: LogLevel | undefined): Log {
  if (level !== undefined && !LOG_LEVELS.includes(level)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `logLevel is one of ${LOG_LEVELS.join(', ')}, got '${String(level)}'.`,
    );
  }
  return log === undefined ? createLog(level === undefined ? {} : { level }) : guarded(log);
}

/** A log of the user's own that throws must not leave a task half ended: its error is thrown separately. */
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
