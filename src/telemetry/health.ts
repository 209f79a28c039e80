/** A verdict on a runtime, from its snapshot. Pure. */
import { formatBytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import { formatNanoseconds } from '../text/durations.ts';
import { escaped } from '../text/escaping.ts';
import { HEALTH_CHECKS, type HealthCheck, type HealthCheckName, type HealthReport } from './health-report.ts';
import { percentile } from './percentile.ts';
import type { Snapshot } from './snapshot.ts';
import type { Stats } from './stats.ts';

/** Each state holds from its threshold on, the threshold included. */
interface Threshold {
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
   * 0 nominal, 1 elevated, 2 high, 3 critical; the level that holds now, or a higher one at or above which a
   * tenth of the time was spent. Default 2 and 3.
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
   * 0 to 1, the share of finished emergencies that ended because pressure fell, and less is worse. Default
   * 0.9 and 0.5.
   */
  readonly recoverySuccessRate: Threshold;
}

const DEFAULT_HEALTH: HealthThresholds = {
  poolUtilization: { warn: 90, fail: 99 },
  pressureLevel: { warn: 2, fail: 3 },
  allocationLatency: { warn: 1e6, fail: 1e8 },
  hitRatio: { warn: 0.8, fail: 0.5 },
  cleanupFrequency: { warn: 30, fail: 120 },
  recoverySuccessRate: { warn: 0.9, fail: 0.5 },
};

export type GivenThresholds = { readonly [name in HealthCheckName]?: Partial<Threshold> };

/** With fewer requests a ratio means nothing. */
const LEAST_REQUESTS = 100;
/** Of fewer, the 99th percentile is one of less than ten. */
const LEAST_TIMED_REQUESTS = 1000;
const SUSTAINED_SHARE = 0.1;
const LEAST_MINUTES = 1;

/** Checks where a low value is the bad one. */
const FALLING: ReadonlySet<HealthCheckName> = new Set(['hitRatio', 'recoverySuccessRate']);

/** What the checks look at. */
export interface JudgedFigures {
  readonly uptimeSeconds: number;
  readonly budget: Pick<Snapshot['budget'], 'limitBytes' | 'peakBytes'>;
  readonly pool: Pick<Snapshot['pool'], 'acquires' | 'hitRate' | 'utilization'>;
  readonly pressure: Pick<
    Snapshot['pressure'],
    'level' | 'ledgerLevel' | 'processLevel' | 'secondsAtLevel' | 'emergency'
  >;
  readonly latency: { readonly byCause: Readonly<Record<string, Omit<Stats, 'sum' | 'mean'>>> };
  readonly cleanup: Pick<Snapshot['cleanup'], 'trims' | 'trimmedBytes' | 'emergencies' | 'recovered'>;
}

/** What one check sees: `judged` is false where there is nothing to judge yet. */
interface Finding {
  readonly value: number;
  readonly judged: boolean;
  readonly found: string;
  readonly remedy: string;
}

export function evaluateHealth(
  figures: JudgedFigures,
  thresholds: HealthThresholds = DEFAULT_HEALTH,
): HealthReport {
  const checks = Object.fromEntries(
    HEALTH_CHECKS.map((name) => [name, checkOf(name, FINDINGS[name](figures, thresholds), thresholds[name])]),
  ) as Record<HealthCheckName, HealthCheck>;
  const failing = HEALTH_CHECKS.filter((name) => checks[name].state === 'fail');
  const warning = HEALTH_CHECKS.filter((name) => checks[name].state === 'warn');
  const parts = [
    failing.length > 0 && `${failing.join(', ')} ${failing.length > 1 ? 'fail' : 'fails'}`,
    warning.length > 0 && `${warning.join(', ')} ${warning.length > 1 ? 'warn' : 'warns'}`,
  ].filter((part) => part !== false);
  const others = parts.length > 0 ? 'the others are fine' : 'All checks are fine';
  return {
    verdict: failing.length > 0 ? 'fail' : warning.length > 0 ? 'warn' : 'ok',
    sentence: `${[...parts, ...(failing.length + warning.length < HEALTH_CHECKS.length ? [others] : [])].join('; ')}.`,
    checks,
  };
}

/**
 * Fills in defaults.
 * @throws MillpondError `ERR_INVALID_ARGUMENT` for what is no check, no finite number, or in the wrong order.
 */
export function resolveHealth(given: GivenThresholds = {}): HealthThresholds {
  for (const [name, threshold] of Object.entries(given)) {
    if (!(HEALTH_CHECKS as readonly string[]).includes(name)) {
      throw invalid(
        `Health has the checks ${HEALTH_CHECKS.join(', ')}; got '${escaped(name)}'`,
        'Use one of these.',
      );
    }
    const unknown = Object.keys(threshold ?? {}).find((key) => key !== 'warn' && key !== 'fail');
    if (unknown !== undefined) {
      throw invalid(
        `A check has the thresholds warn and fail; ${name} got '${escaped(unknown)}'`,
        'Use one of these.',
      );
    }
  }
  const resolved = Object.fromEntries(
    HEALTH_CHECKS.map((name) => [
      name,
      {
        warn: given[name]?.warn ?? DEFAULT_HEALTH[name].warn,
        fail: given[name]?.fail ?? DEFAULT_HEALTH[name].fail,
      },
    ]),
  ) as Record<HealthCheckName, Threshold>;
  for (const name of HEALTH_CHECKS) {
    const { warn, fail } = resolved[name];
    const shown = `${name} has warn ${String(warn)} and fail ${String(fail)}`;
    if (!Number.isFinite(warn) || !Number.isFinite(fail)) {
      throw invalid(`A threshold is a finite number; ${shown}`, 'One that is out of reach is never met.');
    }
    if (FALLING.has(name) ? fail > warn : fail < warn) {
      const rule = FALLING.has(name) ? 'fail is at most warn where less is worse' : 'fail is at least warn';
      throw invalid(`Of each check's thresholds ${rule}; ${shown}`, 'Give both.');
    }
  }
  return resolved;
}

function checkOf(name: HealthCheckName, finding: Finding, { warn, fail }: Threshold): HealthCheck {
  const { value, judged, found, remedy } = finding;
  const reaches = (threshold: number) => (FALLING.has(name) ? value <= threshold : value >= threshold);
  const state = !judged ? 'ok' : reaches(fail) ? 'fail' : reaches(warn) ? 'warn' : 'ok';
  return {
    state,
    value,
    warnAt: warn,
    failAt: fail,
    sentence: state === 'ok' ? `${found}.` : `${found}. ${remedy}`,
  };
}

const FINDINGS: Readonly<
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
    const [high, critical] = total > 0 ? [seconds[2] / total, seconds[3] / total] : [0, 0];
    const processIsWorse =
      PRESSURE_LEVELS.indexOf(pressure.processLevel) > PRESSURE_LEVELS.indexOf(pressure.ledgerLevel);
    return {
      value: Math.max(now, sustained),
      judged: true,
      found: `Pressure is ${pressure.level} now, and was high for ${(high * 100).toFixed(1)} % and critical for ${(critical * 100).toFixed(1)} % of the time`,
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
      judged: true,
      found:
        ended > 0
          ? `${cleanup.recovered} of ${ended} emergencies ended because pressure fell${inProgress}`
          : `No emergency has ended yet${inProgress}`,
      remedy: 'Memory in use cannot be freed: raise budgetBytes, or run fewer threads or smaller jobs.',
    };
  },
};

/** A check's value, or one of its thresholds, with its unit. */
export function formatHealthValue(name: HealthCheckName, value: number): string {
  if (name === 'allocationLatency') return formatNanoseconds(value);
  const unit = name === 'poolUtilization' ? ' %' : name === 'cleanupFrequency' ? '/min' : '';
  return `${Number(value.toFixed(3))}${unit}`;
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

function tooFew(count: number): string {
  return `${requests(count)} ${count === 1 ? 'is' : 'are'} too few`;
}

function invalid(rule: string, remedy: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', `${rule}. ${remedy}`);
}
