/** A verdict on a runtime, from its snapshot. Pure. */
import { MillpondError } from '../errors.ts';
import { formatNanoseconds } from '../text/durations.ts';
import { escaped } from '../text/escaping.ts';
import {
  FINDINGS,
  type Finding,
  type HealthThresholds,
  type JudgedFigures,
  type Threshold,
} from './health-findings.ts';
import {
  HEALTH_CHECKS,
  type HealthCheck,
  type HealthCheckName,
  type HealthReport,
  LIVENESS_CHECKS,
  READINESS_CHECKS,
} from './health-report.ts';

/** Thresholds of checks for which none are given. */
export const DEFAULT_HEALTH: HealthThresholds = {
  poolUtilization: { warn: 90, fail: 99 },
  pressureLevel: { warn: 2, fail: 3 },
  allocationLatency: { warn: 1e6, fail: 1e8 },
  hitRatio: { warn: 0.8, fail: 0.5 },
  cleanupFrequency: { warn: 30, fail: 120 },
  recoverySuccessRate: { warn: 0.9, fail: 0.5 },
  oldestTask: { warn: 600, fail: 3600 },
  queueStandstill: { warn: 300, fail: 1800 },
  silentThread: { warn: 60, fail: 600 },
  lostThreads: { warn: 1, fail: 100 },
  queueFull: { warn: 100, fail: 101 },
};

export type GivenThresholds = { readonly [name in HealthCheckName]?: Partial<Threshold> };

/** Checks where a low value is the bad one. */
const FALLING: ReadonlySet<HealthCheckName> = new Set(['hitRatio', 'recoverySuccessRate']);

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
    live: LIVENESS_CHECKS.every((name) => checks[name].state !== 'fail'),
    ready: READINESS_CHECKS.every((name) => checks[name].state !== 'fail'),
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
    if (!warnsFirst(name, resolved[name])) {
      const rule = FALLING.has(name) ? 'fail is at most warn where less is worse' : 'fail is at least warn';
      throw invalid(`Of each check's thresholds ${rule}; ${shown}`, 'Give both.');
    }
  }
  return resolved;
}

/** Whether a check that gets worse warns before it fails, or when it does. */
export function warnsFirst(name: HealthCheckName, { warn, fail }: Threshold): boolean {
  return FALLING.has(name) ? fail <= warn : fail >= warn;
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

const UNITS: Readonly<Partial<Record<HealthCheckName, string>>> = {
  poolUtilization: ' %',
  lostThreads: ' %',
  queueFull: ' %',
  cleanupFrequency: '/min',
  oldestTask: ' s',
  queueStandstill: ' s',
  silentThread: ' s',
};

/** A check's value, or one of its thresholds, with its unit. */
export function formatHealthValue(name: HealthCheckName, value: number): string {
  if (name === 'allocationLatency') return formatNanoseconds(value);
  const unit = UNITS[name] ?? '';
  return `${Number(value.toFixed(3))}${unit}`;
}

function invalid(rule: string, remedy: string): MillpondError {
  return new MillpondError('ERR_INVALID_ARGUMENT', `${rule}. ${remedy}`);
}
