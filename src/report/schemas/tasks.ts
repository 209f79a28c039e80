/** What a snapshot has of tasks, of the queue and of distributions. Pure. */
import * as v from 'valibot';
import { NO_REFUSALS, REFUSALS, type TenantSnapshot } from '../../telemetry/queue-snapshot.ts';
import type { TaskCounts } from '../../telemetry/task-end.ts';
import { amount, count, each, fields, named, seconds } from './values.ts';

const taskCountEntries = {
  queued: count,
  running: count,
  succeeded: count,
  failed: count,
  cancelled: count,
  lost: count,
} as const;
export const taskCounts: v.GenericSchema<unknown, TaskCounts> = fields(taskCountEntries);

const statsEntries = {
  count: amount,
  sum: amount,
  mean: amount,
  p50: amount,
  p90: amount,
  p99: amount,
  p999: amount,
  max: amount,
} as const;
export const stats = fields(statsEntries);
export const nanosecondStats = fields({ ...statsEntries, unit: v.literal('ns', "'ns'") });
export const byteStats = fields({ ...statsEntries, unit: v.literal('B', "'B'") });

const taskFigures = {
  ...taskCountEntries,
  queueWait: nanosecondStats,
  intervalQueueWait: nanosecondStats,
  serviceTime: nanosecondStats,
  intervalServiceTime: nanosecondStats,
} as const;
export const tasks = fields({
  ...taskFigures,
  // Not in what earlier versions wrote, as `lostThreads` is not.
  byJob: v.optional(named(fields(taskFigures)), {}),
  oldestSeconds: seconds,
  standstillSeconds: seconds,
  silentSeconds: seconds,
  lostThreads: v.optional(count, 0),
});

const tenantEntries = {
  weight: amount,
  queued: count,
  running: count,
  queuedBytes: amount,
  runningBytes: amount,
  ended: count,
  servedSeconds: amount,
  refused: count,
} as const;
const tenant = fields(tenantEntries);
// Not in what earlier versions wrote.
export const queue = v.optional(
  fields({
    limit: v.nullable(count),
    refused: each(REFUSALS, count),
    tenants: fields({
      none: tenant,
      named: named(tenant),
      others: fields({ ...tenantEntries, count }),
    }),
  }),
  () => NO_QUEUE,
);
const NOBODY: TenantSnapshot = {
  ...{ weight: 1, queued: 0, running: 0, queuedBytes: 0, runningBytes: 0 },
  ...{ ended: 0, servedSeconds: 0, refused: 0 },
};
const NO_QUEUE = {
  limit: null,
  refused: NO_REFUSALS,
  tenants: { none: NOBODY, named: {}, others: { ...NOBODY, count: 0 } },
};
