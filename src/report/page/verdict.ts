/** The verdict on a run, as the page says it. Pure. */
import { HEALTH_CHECKS } from '../../telemetry/health-report.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { healthOf, VERDICTS_IN_WORDS } from '../verdict.ts';
import type { VerdictData } from './data.ts';

/** As they read in a sentence. */
const CHECK_LABELS: Readonly<Record<(typeof HEALTH_CHECKS)[number], string>> = {
  poolUtilization: 'Use of the pool',
  pressureLevel: 'Memory pressure',
  allocationLatency: 'Allocation latency',
  hitRatio: 'Hit rate',
  cleanupFrequency: 'Clean-ups',
  recoverySuccessRate: 'Recovery from emergencies',
  oldestTask: 'Longest running task',
  queueStandstill: 'Standstill of the queue',
  silentThread: 'Threads that do not answer',
  lostThreads: 'Threads that are lost',
  queueFull: 'Places in the queue',
};

export function verdictOf(run: RecordedRun): VerdictData {
  const report = healthOf(run);
  const checks = HEALTH_CHECKS.map((name) => ({
    name: CHECK_LABELS[name],
    state: report.checks[name].state,
    sentence: report.checks[name].sentence,
  }));
  const bad = checks.filter(({ state }) => state !== 'ok');
  const opening = VERDICTS_IN_WORDS[report.verdict];
  const found = bad.map(({ sentence }) => sentence);
  const crashed =
    run.end === null ? ['The recording stops without its end, so this is judged from what was written.'] : [];
  return { state: report.verdict, sentence: [opening, ...found, ...crashed].join(' '), checks };
}
