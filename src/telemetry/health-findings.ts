/** What each check of health looks at, and what it says of it. Pure. */
import { formatBytes } from '../bytes.ts';
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import { formatNanoseconds, formatSeconds } from '../text/durations.ts';
import type { HealthCheckName } from './health-report.ts';
import { type Percentiles, percentile } from './percentile.ts';
import type { Snapshot } from './snapshot.ts';

/** Each state holds from its threshold on, the threshold included. */
export interface Threshold {
  readonly warn: number;
  readonly fail: number;
}

/** Finite numbers, `fail` no milder than `warn`. One out of reach, such as 101 % or -1, is never met. */
export interface HealthThresholds {
  /**
   * Percent of the bytes in pools that is under a lease, and more is worse. It counts only where the hit
   * ratio warns, too: a pool that is all in use and still serves every request has just the right size.
   * Default 90 and 99.
   */
  readonly poolUtilization: Threshold;
  /**
   * 0 nominal, 1 elevated, 2 high, 3 critical; the level that has held for a minute, or at or above which a
   * tenth of the time was spent. One that is new counts, too, but for high at most: a large task passes.
   * Default 2 and 3.
   */
  readonly pressureLevel: Threshold;
  /**
   * Nanoseconds that 99 in 100 requests stay below, whatever served or refused them; of 1000 requests or
   * more. Default 1 ms and 100 ms.
   */
  readonly allocationLatency: Threshold;
  /**
   * 0 to 1, the share of requests served from pooled memory, and less is worse; of 100 requests or more.
   * Default 0.8 and 0.5.
   */
  readonly hitRatio: Threshold;
  /** Times a minute that idle memory was freed on purpose, over a minute at least. Default 30 and 120. */
  readonly cleanupFrequency: Threshold;
  /**
   * 0 to 1, the share of finished emergencies that ended because pressure fell, and less is worse; of 5 or
   * more. Default 0.9 and 0.5.
   */
  readonly recoverySuccessRate: Threshold;
  /** Seconds that the task which runs longest has run. Default 600 and 3600. */
  readonly oldestTask: Threshold;
  /** Seconds since a task began or ended, while others wait. Default 300 and 1800. */
  readonly queueStandstill: Threshold;
  /** Seconds that a thread has left what it was sent unread, at most. Default 60 and 600. */
  readonly silentThread: Threshold;
  /**
   * Percent of the threads that a task which does not stop, or native code, keeps. Default 1 (any) and 100
   * (all).
   */
  readonly lostThreads: Threshold;
  /**
   * Percent of the tasks that may wait (`maxQueue`) that wait now, once a run was refused for it. Default 100
   * and 101: it never fails, and so says nothing about readiness; with a `fail` of 100 a full queue does.
   */
  readonly queueFull: Threshold;
}

/** What the checks look at. */
export interface JudgedFigures {
  readonly threads: number;
  readonly uptimeSeconds: number;
  readonly budget: Pick<Snapshot['budget'], 'limitBytes' | 'peakBytes'>;
  readonly pool: Pick<Snapshot['pool'], 'acquires' | 'hitRate' | 'utilization'>;
  readonly pressure: Pick<
    Snapshot['pressure'],
    'level' | 'ledgerLevel' | 'processLevel' | 'secondsAtLevel' | 'heldSeconds' | 'emergency'
  >;
  readonly latency: { readonly byCause: Readonly<Record<string, Percentiles>> };
  readonly cleanup: Pick<Snapshot['cleanup'], 'trims' | 'trimmedBytes' | 'emergencies' | 'recovered'>;
  readonly tasks: Pick<
    Snapshot['tasks'],
    'queued' | 'running' | 'oldestSeconds' | 'standstillSeconds' | 'silentSeconds' | 'lostThreads'
  >;
  readonly queue: Pick<Snapshot['queue'], 'limit' | 'refused'>;
}

/** With fewer requests a ratio means nothing. */
const LEAST_REQUESTS = 100;
/** Of fewer, the 99th percentile is one of less than ten. */
const LEAST_TIMED_REQUESTS = 1000;
const SUSTAINED_SHARE = 0.1;
/** Pressure that is gone by then was a task's that needed much for a while. */
const LASTING_SECONDS = 60;
const HIGH = PRESSURE_LEVELS.indexOf('high');
/** Of fewer, one that went otherwise would say all. */
const LEAST_EMERGENCIES = 5;
const LEAST_MINUTES = 1;

/** What one check sees: `judged` is false where there is nothing to judge yet. */
export interface Finding {
  readonly value: number;
  readonly judged: boolean;
  readonly found: string;
  readonly remedy: string;
}

export const FINDINGS: Readonly<
  Record<HealthCheckName, (figures: JudgedFigures, thresholds: HealthThresholds) => Finding>
> = {
  poolUtilization({ pool, budget }, { hitRatio }) {
    const value = pool.utilization * 100;
    const misses = pool.acquires >= LEAST_REQUESTS && pool.hitRate <= hitRatio.warn;
    return {
      value,
      judged: misses,
      found: `${value.toFixed(1)} % of the bytes in pools are in use, and ${(pool.hitRate * 100).toFixed(1)} % of ${requests(pool.acquires)} were served from pooled memory`,
      remedy: `The pool is too small for what is held at once: release leases sooner, raise budgetBytes (${formatBytes(budget.peakBytes)} of ${formatBytes(budget.limitBytes)} were used at most) or the tiers' maxIdle, or run fewer threads.`,
    };
  },

  pressureLevel({ pressure, budget }) {
    const seconds = PRESSURE_LEVELS.map((level) => pressure.secondsAtLevel[level]);
    const total = seconds.reduce((sum, one) => sum + one, 0);
    const share = (from: number) => seconds.slice(from).reduce((sum, one) => sum + one, 0) / total;
    const sustained = PRESSURE_LEVELS.findLastIndex(
      (_, level) => total > 0 && share(level) >= SUSTAINED_SHARE,
    );
    const now = PRESSURE_LEVELS.indexOf(pressure.level);
    const lasts = pressure.heldSeconds >= LASTING_SECONDS;
    const [high, critical] = total > 0 ? [seconds[2] / total, seconds[3] / total] : [0, 0];
    const processIsWorse =
      PRESSURE_LEVELS.indexOf(pressure.processLevel) > PRESSURE_LEVELS.indexOf(pressure.ledgerLevel);
    return {
      value: Math.max(lasts ? now : Math.min(now, HIGH), sustained),
      judged: true,
      found: `Pressure is ${pressure.level} now${now > 0 ? `, for ${formatSeconds(pressure.heldSeconds)}` : ''}, and was high for ${(high * 100).toFixed(1)} % and critical for ${(critical * 100).toFixed(1)} % of the time`,
      remedy: processIsWorse
        ? 'The memory of the process is the cause: give it a larger limit, or lower budgetBytes or threads.'
        : `Raise budgetBytes (now ${formatBytes(budget.limitBytes)}), or run fewer threads or smaller jobs.`,
    };
  },

  allocationLatency({ latency }) {
    const timed = Object.values(latency.byCause);
    const count = timed.reduce((sum, stats) => sum + stats.count, 0);
    const value = percentile(timed, 0.99);
    const few = count < LEAST_TIMED_REQUESTS;
    return {
      value,
      judged: !few,
      found: few
        ? `${tooFew(count)} to tell how long the slowest 1 in 100 take`
        : `99 in 100 of ${requests(count)} took at most ${formatNanoseconds(value)}`,
      remedy:
        'Requests wait for memory or for the system: raise budgetBytes or maxIdle, or release leases sooner.',
    };
  },

  hitRatio({ pool }) {
    const few = pool.acquires < LEAST_REQUESTS;
    return {
      value: pool.hitRate,
      judged: !few,
      found: few
        ? `${tooFew(pool.acquires)} to tell what share comes from pooled memory`
        : `${(pool.hitRate * 100).toFixed(1)} % of ${requests(pool.acquires)} were served from pooled memory`,
      remedy:
        'Buffers are freed and allocated anew: raise maxIdle of the tiers that miss or budgetBytes, and keep requests within the largest tier.',
    };
  },

  cleanupFrequency({ cleanup, uptimeSeconds }) {
    const minutes = Math.max(LEAST_MINUTES, uptimeSeconds / 60);
    const value = cleanup.trims / minutes;
    return {
      value,
      judged: true,
      found: `Idle memory was freed ${cleanup.trims} times, ${value.toFixed(1)} times a minute, ${formatBytes(cleanup.trimmedBytes)} in all`,
      remedy: 'Demand swings or the budget is tight: raise budgetBytes, or spread large jobs over time.',
    };
  },

  recoverySuccessRate({ cleanup, pressure }) {
    const ended = cleanup.emergencies - (pressure.emergency ? 1 : 0);
    const value = ended > 0 ? cleanup.recovered / ended : 1;
    const inProgress = pressure.emergency ? '; one is in progress' : '';
    return {
      value,
      judged: ended >= LEAST_EMERGENCIES,
      found:
        ended > 0
          ? `${cleanup.recovered} of ${ended} emergencies ended because pressure fell${inProgress}`
          : `No emergency has ended yet${inProgress}`,
      remedy: 'Memory in use cannot be freed: raise budgetBytes, or run fewer threads or smaller jobs.',
    };
  },

  oldestTask({ tasks: { running, oldestSeconds } }) {
    return {
      value: oldestSeconds,
      judged: true,
      found:
        running === 0
          ? 'No task is running'
          : `Of ${running} running, the oldest task has run for ${formatSeconds(oldestSeconds)}`,
      remedy:
        'It may be in a loop: cancel it by its signal; a job that does not look at signal.aborted can be stopped only with its process.',
    };
  },

  queueStandstill({ tasks: { queued, standstillSeconds } }) {
    return {
      value: standstillSeconds,
      judged: true,
      found:
        queued === 0
          ? 'No task is waiting'
          : `${queued} waiting, and for ${formatSeconds(standstillSeconds)} none has begun or ended`,
      remedy:
        'Every thread is busy with a task that takes long, or memory for the next one does not come free: look at oldestTask and pressureLevel.',
    };
  },

  silentThread({ tasks: { silentSeconds } }) {
    return {
      value: silentSeconds,
      judged: true,
      found:
        silentSeconds === 0
          ? 'Every thread reads what it is sent'
          : `A thread has not read what it was sent for ${formatSeconds(silentSeconds)}`,
      remedy:
        'Its job is in one long synchronous step, so its memory cannot be had meanwhile: let the job acquire or release in smaller steps, or await now and then.',
    };
  },

  lostThreads({ threads, tasks: { lostThreads } }) {
    return {
      value: (100 * lostThreads) / threads,
      judged: true,
      found:
        lostThreads === 0
          ? 'Every thread can be used'
          : `${lostThreads} of ${threads} threads cannot be used: a task does not stop there, native code keeps them, or they die before they do anything`,
      remedy:
        'Only another process brings them back: look for tasks that ended with ERR_TASK_STUCK, and let their jobs look at signal.aborted; or for ERR_WORKER_BOOTSTRAP, which says why a thread does not start.',
    };
  },

  queueFull({ tasks: { queued }, queue: { limit, refused } }) {
    const value = limit === null || limit === 0 ? 0 : (100 * queued) / limit;
    const runs = refused.queueFull;
    return {
      value,
      judged: runs > 0,
      found: `${
        limit === null ? `${queued} waiting` : `Of ${limit} tasks that may wait, ${queued} do`
      }, and ${runs === 0 ? 'no run was' : runs === 1 ? '1 run was' : `${runs} runs were`} refused because the queue was full`,
      remedy:
        'More comes than the threads can do: await ready() before run(), send work elsewhere, add threads, or raise maxQueue.',
    };
  },
};

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

function tooFew(count: number): string {
  return `${requests(count)} ${count === 1 ? 'is' : 'are'} too few`;
}
