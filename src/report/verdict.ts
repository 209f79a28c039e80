/**
 * Whether a recorded run had enough memory and got it quickly: the same checks as for a running one. Pure.
 */

import { CAUSES, type CauseName } from '../pool/causes.ts';
import { PRESSURE_LEVELS, type PressureLevel } from '../regulation/pressure.ts';
import { NO_STATS } from '../telemetry/distributions.ts';
import { evaluateHealth } from '../telemetry/health.ts';
import type { JudgedFigures } from '../telemetry/health-findings.ts';
import { HEALTH_CHECKS, type HealthReport, type HealthState } from '../telemetry/health-report.ts';
import type { IntervalLine } from '../telemetry/recording/lines.ts';
import type { Stats } from '../telemetry/stats.ts';
import { hitRateOf, latencyByCause, peakBytesOf, refusedRuns, servedBy } from './figures.ts';
import type { RecordedRun } from './recorded-run.ts';

/** How the verdict begins, in words. */
export const VERDICTS_IN_WORDS: Readonly<Record<HealthState, string>> = {
  ok: `Healthy: memory kept up with the work, all ${HEALTH_CHECKS.length} checks are fine.`,
  warn: 'Worth a look.',
  fail: 'Memory held this run back.',
};

/** Of the snapshot at the end; where a run has none, of what its intervals add up to. */
export function healthOf(run: RecordedRun): HealthReport {
  return evaluateHealth(run.end?.snapshot ?? judgedFigures(run));
}

function judgedFigures(run: RecordedRun): JudgedFigures {
  const served = servedBy(run.intervals);
  const latency = latencyByCause(run);
  const last = run.intervals.at(-1);
  const tiers = Object.values(last?.tiers ?? {});
  const used = tiers.reduce((sum, [bytes]) => sum + bytes, 0);
  const held = tiers.reduce((sum, [bytes, available]) => sum + bytes + available, 0);
  const emergencies = run.decisions.filter(({ kind }) => kind === 'emergency').length;
  const trims = run.decisions.filter(({ kind }) => kind === 'trim' || kind === 'emergency');
  const level = last?.pressure ?? 'nominal';
  return {
    threads: run.header.options.threads,
    uptimeSeconds: run.seconds,
    budget: {
      limitBytes: run.header.options.budgetBytes,
      peakBytes: peakBytesOf(run),
    },
    pool: {
      acquires: served.requests - served.refused,
      hitRate: hitRateOf(served) ?? 0,
      utilization: held > 0 ? used / held : 0,
    },
    pressure: {
      level,
      ledgerLevel: level,
      processLevel: 'nominal',
      secondsAtLevel: secondsAtLevel(run),
      heldSeconds: heldSeconds(run, level),
      emergency: emergencies > run.recoveries.length,
    },
    latency: {
      byCause: Object.fromEntries(
        CAUSES.map((cause) => [cause, { ...(latency.get(cause) ?? NO_STATS), count: served.byCause[cause] }]),
      ) as Record<CauseName, Stats>,
    },
    cleanup: {
      trims: trims.length,
      trimmedBytes: trims.reduce((sum, { score }) => sum + (score?.recoveredBytes ?? 0), 0),
      emergencies,
      recovered: run.recoveries.filter(({ recovered }) => recovered).length,
    },
    tasks: {
      queued: last?.tasks.queued ?? 0,
      running: last?.tasks.running ?? 0,
      // Nothing says so of a run that has no end.
      ...{ oldestSeconds: 0, standstillSeconds: 0, silentSeconds: 0, lostThreads: 0 },
    },
    // Nor how many tasks may wait.
    queue: { limit: null, refused: refusedRuns(run) },
  };
}

/** For how long pressure had been at a level or above when the last interval ended. */
function heldSeconds({ intervals }: RecordedRun, level: PressureLevel): number {
  const below = ({ pressure }: IntervalLine) =>
    PRESSURE_LEVELS.indexOf(pressure) < PRESSURE_LEVELS.indexOf(level);
  const from = intervals[intervals.findLastIndex(below) + 1]?.from;
  return from === undefined ? 0 : intervals[intervals.length - 1].to - from;
}

/** An interval counts for the level at its end. */
export function secondsAtLevel(run: RecordedRun): Record<PressureLevel, number> {
  const seconds = Object.fromEntries(PRESSURE_LEVELS.map((level) => [level, 0])) as Record<
    PressureLevel,
    number
  >;
  for (const { from, to, pressure } of run.intervals) seconds[pressure] += to - from;
  return seconds;
}
