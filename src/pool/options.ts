import { tmpdir } from 'node:os';
import { type Bytes, formatBytes, KiB, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { capacityFor, checkTiers, DEFAULT_TIERS, type TierPolicies } from './tiers.ts';

/** How much the pool checks. `off` and `sampled` cost about the same; `full` is for tests and debugging. */
export type Safety = 'off' | 'sampled' | 'full';

/** Settings that every thread's shard shares. */
export interface PoolOptions {
  /**
   * Bytes that all threads together may hold, 1 KiB to 1 TiB, and at least one block for each thread. Default
   * 100 MiB.
   */
  readonly budgetBytes: Bytes;
  /**
   * Bytes of the budget that only running tasks get: what the main thread acquires, which becomes inputs, and
   * what outlives a task (`leaveReserve`) has to leave them. So tasks that wait with their inputs, and
   * results that nobody has taken yet, never keep the others from the memory that they need to end. 0 to the
   * budget. Default: a block for each thread, as `blockBytes` has it, but at most an eighth of the budget.
   */
  readonly reserveBytes: Bytes;
  /**
   * Bytes of an output in leases at most; what is larger becomes a file without a name. 0 to the budget.
   * Default: a quarter of the budget, divided by the threads.
   */
  readonly mostOutputBytes: Bytes;
  /**
   * Folder for outputs that are too large for leases; they are files without a name there. Default: the
   * system's temporary folder.
   */
  readonly spoolFolder: string;
  /** Capacities and idle counts of the pooled tiers; counts are totals over all shards. */
  readonly tiers: TierPolicies;
  /**
   * `off`: misuse of a lease object (double release, use after release or move) throws, nothing else is
   * checked. `sampled` (default): besides, one lease in 4096 remembers its acquiring stack, and the views
   * taken from it are detached at its release, so that a stale view fails instead of reading another job's
   * data. `full`: every lease; and the memory of an ended one, as long as there is any view of it, is not
   * used again but holds a sentence that says so, which is what a socket or a file then gets. Up to 8 MiB of
   * such memory a thread are beside the budget, and then what ended first is used again: `full` is for tests.
   */
  readonly safety: Safety;
  /** Overwrite memory with zeros before it is reused, so that no job sees another's data. Default false. */
  readonly scrub: boolean;
  /** Milliseconds that a request waits for memory before it fails, 0 to 3,600,000. Default 5000. */
  readonly acquireTimeoutMs: number;
  /**
   * Latency and size of one hit in this many are recorded (slow paths always are); 1 records all. Of what is
   * recorded, one hit in 64 is timed until its release. 1 to 1,000,000. Default 64.
   */
  readonly sampleEvery: number;
  /**
   * Bytes of an audio block that jobs are advised to work in: where sizing starts, and to where it returns.
   * 1 KiB to 1 GiB. Default 64 KiB.
   */
  readonly blockBytes: Bytes;
  /**
   * `adaptive` (default): the size follows CPU load and memory pressure. `fixed`: it stays at `blockBytes`.
   */
  readonly sizing: 'adaptive' | 'fixed';
  /** Adaptive sizes never go below this: 1 KiB to `blockBytes`. Default 4 KiB, or `blockBytes` if less. */
  readonly leastBlockBytes: Bytes;
  /** Adaptive sizes never go over this: `blockBytes` to 1 GiB. Default 1 MiB, or `blockBytes` if more. */
  readonly mostBlockBytes: Bytes;
  /**
   * Milliseconds of audio that one block lasts at most, at the rate of each audio file; 1 to 3,600,000.
   * Default 2000.
   */
  readonly mostBlockMs: number;
}

/** Of a runtime that is given none. */
export const DEFAULT_BUDGET: Bytes = 100 * MiB;

const DEFAULT_POOL_OPTIONS: PoolOptions = {
  budgetBytes: DEFAULT_BUDGET,
  // By threads and budget, unless they are given.
  reserveBytes: 0,
  mostOutputBytes: 0,
  spoolFolder: tmpdir(),
  tiers: DEFAULT_TIERS,
  safety: 'sampled',
  scrub: false,
  acquireTimeoutMs: 5000,
  sampleEvery: 64,
  blockBytes: 64 * KiB,
  sizing: 'adaptive',
  leastBlockBytes: 4 * KiB,
  mostBlockBytes: 1 * MiB,
  mostBlockMs: 2000,
};

/** Those of a runtime that are not its pools'. */
const RUNTIMES_OWN =
  'job, jobs, threads, resourceLimits, logLevel, log, health, shadow, record, maxQueue, ageingMs, tenants, data, env, stopMs, maxTasksPerWorker, idleThreadMs, leastThreads, nice';

/**
 * Fills in defaults and checks every value. @throws MillpondError `ERR_INVALID_ARGUMENT`,
 * `ERR_BUDGET_TOO_SMALL`
 */
export function resolvePoolOptions(given: Partial<PoolOptions>, threads: number): PoolOptions {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(DEFAULT_POOL_OPTIONS, name));
  if (unknown !== undefined) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A runtime has the options ${RUNTIMES_OWN} and ${Object.keys(DEFAULT_POOL_OPTIONS).join(', ')}; got '${unknown}'. Look for a typo.`,
    );
  }
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const { blockBytes, budgetBytes, tiers } = { ...DEFAULT_POOL_OPTIONS, ...defined };
  checkTiers(tiers);
  const options: PoolOptions = {
    ...DEFAULT_POOL_OPTIONS,
    reserveBytes: wholeKib(Math.min(leastBudget(threads, { blockBytes, tiers }), budgetBytes / 8)),
    mostOutputBytes: wholeKib(budgetBytes / 4 / threads),
    leastBlockBytes: Math.min(blockBytes, DEFAULT_POOL_OPTIONS.leastBlockBytes),
    mostBlockBytes: Math.max(blockBytes, DEFAULT_POOL_OPTIONS.mostBlockBytes),
    ...defined,
  };
  checkRange('threads', threads, 1, 1024);
  checkRange('budgetBytes', options.budgetBytes, KiB, 1024 * 1024 * MiB);
  checkRange('reserveBytes', options.reserveBytes, 0, options.budgetBytes);
  checkRange('mostOutputBytes', options.mostOutputBytes, 0, options.budgetBytes);
  checkRange('acquireTimeoutMs', options.acquireTimeoutMs, 0, 3_600_000);
  checkRange('sampleEvery', options.sampleEvery, 1, 1_000_000);
  checkRange('blockBytes', options.blockBytes, KiB, 1024 * MiB);
  checkRange('leastBlockBytes', options.leastBlockBytes, KiB, options.blockBytes);
  checkRange('mostBlockBytes', options.mostBlockBytes, options.blockBytes, 1024 * MiB);
  checkRange('mostBlockMs', options.mostBlockMs, 1, 3_600_000);
  if (typeof options.spoolFolder !== 'string' || options.spoolFolder === '') {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `spoolFolder is the path of a folder, got '${String(options.spoolFolder)}'. Leave it out for the system's own.`,
    );
  }
  if (options.sizing !== 'adaptive' && options.sizing !== 'fixed') {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `sizing is 'adaptive' or 'fixed', got '${String(options.sizing)}'. Leave it out for adaptive.`,
    );
  }
  if (!['off', 'sampled', 'full'].includes(options.safety)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `safety is 'off', 'sampled' or 'full', got '${String(options.safety)}'.`,
    );
  }
  if (typeof options.scrub !== 'boolean') {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `scrub is true or false, got '${String(options.scrub)}'.`,
    );
  }
  const needed = leastBudget(threads, options);
  if (options.budgetBytes < needed) {
    throw new MillpondError(
      'ERR_BUDGET_TOO_SMALL',
      `The budget must hold one block for each thread; ${threads} thread(s) with blocks of ${formatBytes(options.blockBytes)} need ${formatBytes(needed)}, got ${formatBytes(options.budgetBytes)}. Raise budgetBytes to at least ${needed}, or lower threads or blockBytes.`,
    );
  }
  return options;
}

/** One block for each thread. */
export function leastBudget(
  threads: number,
  { blockBytes, tiers }: Pick<PoolOptions, 'blockBytes' | 'tiers'> = DEFAULT_POOL_OPTIONS,
): Bytes {
  return threads * capacityFor(blockBytes, tiers);
}

function wholeKib(bytes: Bytes): Bytes {
  return Math.floor(bytes / KiB) * KiB;
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `${name} is a whole number from ${least} to ${most}, got ${String(value)}.`,
  );
}
