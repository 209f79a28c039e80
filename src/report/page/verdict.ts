/** The verdict on a run: what its last snapshot says, or, for one that crashed, what its intervals do. Pure. */
import { PRESSURE_LEVELS } from '../../budget/pressure.ts';
import { evaluateHealth, HEALTH_CHECKS, type HealthReport } from '../../telemetry/health.ts';
import type { RecordedRun } from '../recorded-run.ts';
import type { CauseData, RunData, VerdictData } from './data.ts';

/** As they read in a sentence. */
const CHECK_LABELS: Readonly<Record<(typeof HEALTH_CHECKS)[number], string>> = {
  poolUtilization: 'Use of the pool',
  pressureLevel: 'Memory pressure',
  allocationLatency: 'Allocation latency',
  hitRatio: 'Hit rate',
  cleanupFrequency: 'Clean-ups',
  recoverySuccessRate: 'Recovery from emergencies',
};

export function verdictOf(
  run: RecordedRun,
  hits: RunData['hits'],
  causes: readonly CauseData[],
): VerdictData {
  const report = run.end?.snapshot.health ?? fromIntervals(run, hits, causes);
  const checks = HEALTH_CHECKS.map((name) => ({
    name: CHECK_LABELS[name],
    state: report.checks[name].state,
    sentence: report.checks[name].sentence,
  }));
  const bad = checks.filter(({ state }) => state !== 'ok');
  const opening = {
    ok: `Healthy: memory kept up with the work, all ${HEALTH_CHECKS.length} checks are fine.`,
    warn: 'Worth a look.',
    fail: 'Memory held this run back.',
  }[report.verdict];
  const found = bad.map(({ sentence }) => sentence);
  const crashed =
    run.end === null ? ['The recording stops without its end, so this is judged from what was written.'] : [];
  return { state: report.verdict, sentence: [opening, ...found, ...crashed].join(' '), checks };
}

function fromIntervals(
  { header, intervals, recoveries, decisions, seconds }: RecordedRun,
  { served, pooled }: RunData['hits'],
  causes: readonly CauseData[],
): HealthReport {
  const last = intervals.at(-1);
  const tiers = Object.entries(last?.tiers ?? {}).filter(([tier]) => tier !== 'direct');
  const used = tiers.reduce((sum, [, [bytes]]) => sum + bytes, 0);
  const held = tiers.reduce((sum, [, [inUse, available]]) => sum + inUse + available, 0);
  const secondsAtLevel = { nominal: 0, elevated: 0, high: 0, critical: 0 };
  for (const { pressure, from, to } of intervals) secondsAtLevel[pressure] += to - from;
  const level = last?.pressure ?? PRESSURE_LEVELS[0];
  const trims = decisions.filter(({ kind }) => kind === 'trim' || kind === 'emergency');
  return evaluateHealth({
    uptimeSeconds: seconds,
    budget: { limitBytes: header.options.budgetBytes, peakBytes: last?.budget.peakBytes ?? 0 },
    pool: {
      acquires: served,
      hitRate: served > 0 ? pooled / served : 0,
      utilization: held > 0 ? used / held : 0,
    },
    pressure: { level, ledgerLevel: level, processLevel: 'nominal', secondsAtLevel, emergency: false },
    latency: {
      byCause: Object.fromEntries(
        causes.flatMap(({ cause, latency }) => (latency ? [[cause, latency]] : [])),
      ),
    },
    cleanup: {
      trims: trims.length,
      trimmedBytes: trims.reduce((sum, { score }) => sum + (score?.recoveredBytes ?? 0), 0),
      emergencies: recoveries.length,
      recovered: recoveries.filter(({ recovered }) => recovered).length,
    },
  });
}
