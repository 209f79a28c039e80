/** Metrics of the verdict on all of it. */
import { HEALTH_STATES, type HealthCheckName } from '../health-report.ts';
import type { Snapshot } from '../snapshot.ts';
import { gauge, type Metric, oneOf, type Row } from './metric.ts';

const health = (name: HealthCheckName, scale: number) => (s: Snapshot) => s.health.checks[name].value * scale;

export const HEALTH_METRICS: readonly Metric[] = [
  gauge(
    'health.verdict',
    '{state}',
    '1 for the worst state of all checks, 0 for the others.',
    ['verdict'],
    (s) => oneOf(HEALTH_STATES, s.health.verdict),
  ),
  gauge(
    'health.check',
    '{state}',
    '1 for the state of the check, 0 for the others.',
    ['check', 'state'],
    (s) =>
      Object.entries(s.health.checks).flatMap(([check, { state }]) =>
        oneOf(HEALTH_STATES, state).map(([labels, value]): Row<number> => [[check, ...labels], value]),
      ),
  ),
  gauge(
    'health.pool.utilization',
    '1',
    'What the check poolUtilization saw.',
    [],
    health('poolUtilization', 1 / 100),
  ),
  gauge(
    'health.pressure',
    '{level}',
    'What the check pressureLevel saw: 0 nominal, 1 elevated, 2 high, 3 critical.',
    [],
    health('pressureLevel', 1),
  ),
  gauge(
    'health.allocation.latency',
    's',
    'What the check allocationLatency saw.',
    [],
    health('allocationLatency', 1e-9),
  ),
  gauge('health.hit', '1', 'What the check hitRatio saw.', [], health('hitRatio', 1)),
  gauge(
    'health.cleanup',
    '1/s',
    'What the check cleanupFrequency saw.',
    [],
    health('cleanupFrequency', 1 / 60),
  ),
  gauge(
    'health.recovery.success',
    '1',
    'What the check recoverySuccessRate saw.',
    [],
    health('recoverySuccessRate', 1),
  ),
  gauge('health.task.oldest', 's', 'What the check oldestTask saw.', [], health('oldestTask', 1)),
  gauge(
    'health.queue.standstill',
    's',
    'What the check queueStandstill saw.',
    [],
    health('queueStandstill', 1),
  ),
  gauge('health.thread.silent', 's', 'What the check silentThread saw.', [], health('silentThread', 1)),
  gauge('health.threads.lost', '1', 'What the check lostThreads saw.', [], health('lostThreads', 1 / 100)),
  gauge('health.queue.full', '1', 'What the check queueFull saw.', [], health('queueFull', 1 / 100)),
  gauge('health.live', '{state}', '1 unless only another process helps, else 0.', [], (s) =>
    s.health.live ? 1 : 0,
  ),
  gauge('health.ready', '{state}', '1 unless work had better go elsewhere for a while, else 0.', [], (s) =>
    s.health.ready ? 1 : 0,
  ),
];
