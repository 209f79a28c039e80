/** Metrics of threads and tasks. */
import type { Snapshot } from '../snapshot.ts';
import type { TaskCounts } from '../task-end.ts';
import { byName, counter, gauge, interval, type Metric, type Row, summary } from './metric.ts';

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
