/**
 * Every metric that a snapshot holds, once; Prometheus and OpenTelemetry are thin adapters over this table.
 */
import { HEALTH_METRICS } from './metrics/health.ts';
import { MEMORY_METRICS } from './metrics/memory.ts';
import type { Metric } from './metrics/metric.ts';
import { POOL_METRICS } from './metrics/pool.ts';
import { QUEUE_METRICS } from './metrics/queue.ts';
import { REGULATION_METRICS } from './metrics/regulation.ts';
import { TASK_METRICS } from './metrics/tasks.ts';
import type { Snapshot } from './snapshot.ts';

export { type Metric, QUANTILES } from './metrics/metric.ts';

export const METRICS: readonly Metric[] = [
  ...MEMORY_METRICS,
  ...POOL_METRICS,
  ...TASK_METRICS,
  ...QUEUE_METRICS,
  ...REGULATION_METRICS,
  ...HEALTH_METRICS,
];

/** A runtime, or what else has snapshots. */
export interface SnapshotSource {
  snapshot(): Snapshot;
}
