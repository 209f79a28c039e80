/** The options of `createIsolatedRunner`, checked and with defaults filled in. Pure. */
import { availableParallelism } from 'node:os';
import { type Bytes, KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { DEFAULT_BUDGET } from '../pool/options.ts';
import { type RuntimeOptions, type RuntimeSettings, resolveRuntimeOptions } from '../runtime/options.ts';
import type { LogLevel } from '../telemetry/log.ts';

export interface IsolatedOptions extends RuntimeOptions {
  /**
   * Processes that work at once, 1 or more. Each has the same share of the threads, whose number is a
   * multiple of this, and of the budget: a task cannot have more than the share of one. More processes lose
   * less at a crash and take more memory, some 40 MiB each. Default 1.
   */
  readonly processes?: number;
  /**
   * One more process stands ready to take the place of one that dies: that takes 0.1 s instead of a second.
   * It takes as much memory as another one without work, and its share of the budget is that of the process
   * whose place it takes. It is started a second or more after the others. Default true.
   */
  readonly spare?: boolean;
  /**
   * Bytes of the budget for leases in this process: inputs until they are sent, results that have come. The
   * processes share the rest. 0 to half of the budget. Default: an eighth of it.
   */
  readonly ownBytes?: Bytes;
  /** @internal A process is gone; what it wrote aside can be swept. */
  readonly processGone?: () => void;
  /** @internal FFmpeg's messages in the processes go to the log, where this level shows them. */
  readonly ffmpegLog?: LogLevel;
}

export interface IsolatedSettings {
  readonly processGone: () => void;
  readonly ffmpegLog: LogLevel | undefined;
  readonly processes: number;
  readonly threads: number;
  readonly threadsEach: number;
  readonly spare: boolean;
  readonly budgetBytes: Bytes;
  /** With what is left over of equal shares. */
  readonly ownBytes: Bytes;
  /** What each process is started with. */
  readonly each: RuntimeOptions;
  /** The same as this side needs it. */
  readonly settings: RuntimeSettings;
}

const MOST_PROCESSES = 64;
const OWN_SHARE = 1 / 8;
const MOST_OWN_SHARE = 1 / 2;

/** @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL` */
export function resolveIsolatedOptions(given: IsolatedOptions): IsolatedSettings {
  if (typeof given !== 'object' || given === null) resolveRuntimeOptions(given);
  const {
    processes = 1,
    spare = true,
    ownBytes,
    threads,
    processGone = () => {},
    ffmpegLog,
    ...rest
  } = given;
  const whole = Number.isSafeInteger(processes) && processes >= 1 && processes <= MOST_PROCESSES;
  if (!whole)
    throw invalid(`processes is a whole number from 1 to ${MOST_PROCESSES}, got ${String(processes)}.`);
  if (typeof spare !== 'boolean') throw invalid(`spare is true or false, got ${String(spare)}.`);
  const all = threads ?? Math.ceil(availableParallelism() / processes) * processes;
  if (all % processes !== 0) {
    throw invalid(
      `threads is a multiple of processes, which have the same number each; got ${String(all)} threads for ${processes} processes.`,
    );
  }
  const { budgetBytes = DEFAULT_BUDGET } = rest;
  const own = ownBytes ?? Math.floor((budgetBytes * OWN_SHARE) / KiB) * KiB;
  const most = budgetBytes * MOST_OWN_SHARE;
  if (!Number.isSafeInteger(own) || own < 0 || own > most) {
    throw invalid(`ownBytes is a whole number from 0 to half of the budget, ${most}; got ${String(own)}.`);
  }
  const share = Math.floor((budgetBytes - own) / processes / KiB) * KiB;
  const threadsEach = all / processes;
  const each = { ...rest, threads: threadsEach, budgetBytes: share };
  const settings = resolveRuntimeOptions(each);
  const {
    job: _job,
    log: _log,
    logLevel: _level,
    maxQueue: _most,
    ageingMs: _ageing,
    tenants: _tenants,
    ...sent
  } = each;
  return {
    processes,
    threads: all,
    threadsEach,
    // It would begin a recording, too.
    spare: spare && rest.record === undefined,
    processGone,
    ffmpegLog,
    budgetBytes,
    ownBytes: budgetBytes - processes * share,
    // A URL is no plain data.
    each: { ...sent, jobs: Object.fromEntries(settings.jobs.map(({ name, address }) => [name, address])) },
    settings,
  };
}

function invalid(rule: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', `${rule} Leave it out for the default.`);
}
