/** Metrics of threads and tasks, and of the verdict on all of it. */
import { HEALTH_STATES, type HealthCheckName } from '../health-report.ts';
import type { Snapshot } from '../snapshot.ts';
import type { TaskCounts } from '../task-end.ts';
import { byName, counter, gauge, interval, type Metric, oneOf, type Row, summary } from './metric.ts';

const health = (name: HealthCheckName, scale: number) => (s: Snapshot) => s.health.checks[name].value * scale;

export const TASK_METRICS: readonly Metric[] = [
  gauge('threads', '{thread}', 'Worker threads.', [], (s) => s.threads),
  gauge('uptime', 's', 'Since the runtime started.', [], (s) => s.uptimeSeconds),
  gauge('tasks', '{task}', 'Tasks that wait or run now.', ['state'], (s) => current(s.tasks)),
  counter(
    'tasks.ended',
    '{task}',
    'Tasks by how they ended; lost ones died with their worker.',
    ['state'],
    (s) => ended(s.tasks),
  ),

  summary('task.queue', 's', 'How long tasks waited for a worker.', [], (s) => s.tasks.queueWait),
  interval(
    'task.queue',
    's',
    'How long tasks that ended in the last whole interval waited for a worker.',
    [],
    (s) => s.tasks.intervalQueueWait,
  ),
  summary('task.service', 's', 'How long tasks ran, to their result.', [], (s) => s.tasks.serviceTime),
  interval(
    'task.service',
    's',
    'How long tasks that ended in the last whole interval ran.',
    [],
    (s) => s.tasks.intervalServiceTime,
  ),
  gauge('job.tasks', '{task}', 'Tasks of the job that wait or run now.', ['job_kind', 'state'], (s) =>
    withinJob(s, current),
  ),
  counter('job.tasks.ended', '{task}', 'Tasks of the job by how they ended.', ['job_kind', 'state'], (s) =>
    withinJob(s, ended),
  ),
  summary('job.task.queue', 's', 'How long tasks of the job waited for a worker.', ['job_kind'], (s) =>
    byName(s.tasks.byJob, (tasks) => tasks.queueWait),
  ),
  interval(
    'job.task.queue',
    's',
    'How long tasks of the job that ended in the last whole interval waited for a worker.',
    ['job_kind'],
    (s) => byName(s.tasks.byJob, (tasks) => tasks.intervalQueueWait),
  ),
  summary('job.task.service', 's', 'How long tasks of the job ran, to their result.', ['job_kind'], (s) =>
    byName(s.tasks.byJob, (tasks) => tasks.serviceTime),
  ),
  interval(
    'job.task.service',
    's',
    'How long tasks of the job that ended in the last whole interval ran.',
    ['job_kind'],
    (s) => byName(s.tasks.byJob, (tasks) => tasks.intervalServiceTime),
  ),
  gauge(
    'tasks.oldest',
    's',
    'How long the task that runs longest has run.',
    [],
    (s) => s.tasks.oldestSeconds,
  ),
  gauge(
    'tasks.standstill',
    's',
    'Since a task began or ended, while others wait.',
    [],
    (s) => s.tasks.standstillSeconds,
  ),
  gauge(
    'threads.silent',
    's',
    'How long a thread has left what it was sent unread, at most.',
    [],
    (s) => s.tasks.silentSeconds,
  ),
  gauge(
    'threads.lost',
    '{thread}',
    'Threads that a task which does not stop, or native code, keeps.',
    [],
    (s) => s.tasks.lostThreads,
  ),
];

function current({ queued, running }: TaskCounts): Row<number>[] {
  return byName({ queued, running }, (tasks) => tasks);
}

function ended({ succeeded, failed, cancelled, lost }: TaskCounts): Row<number>[] {
  return byName({ succeeded, failed, cancelled, lost }, (tasks) => tasks);
}

/** Rows with the name of the job in front of the labels that each of its own rows has. */
function withinJob({ tasks }: Snapshot, rows: (counts: TaskCounts) => Row<number>[]): Row<number>[] {
  return Object.entries(tasks.byJob).flatMap(([job, counts]) =>
    rows(counts).map(([labels, value]): Row<number> => [[job, ...labels], value]),
  );
}

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
  gauge('health.live', '{state}', '1 unless only another process helps, else 0.', [], (s) =>
    s.health.live ? 1 : 0,
  ),
  gauge('health.ready', '{state}', '1 unless work had better go elsewhere for a while, else 0.', [], (s) =>
    s.health.ready ? 1 : 0,
  ),
];
