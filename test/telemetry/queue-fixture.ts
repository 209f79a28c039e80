/** The queue of the snapshot in the tests. */
import { KiB, MiB } from '../../src/bytes.ts';
import type { QueueSnapshot, TenantSnapshot } from '../../src/telemetry/queue-snapshot.ts';

/** Counts are of tasks that wait, run and have ended, and of refused runs. */
function tenantFigures([queued, running, ended, refused]: readonly number[], weight: number): TenantSnapshot {
  return {
    ...{ weight, queued, running, ended, refused },
    ...{ queuedBytes: queued * 64 * KiB, runningBytes: running * 3 * MiB, servedSeconds: ended * 0.4 },
  };
}

export const QUEUE: QueueSnapshot = {
  limit: 20,
  refused: { queueFull: 9, tenantQueued: 8, tenantBytes: 3, tooLarge: 2 },
  tenants: {
    none: tenantFigures([3, 1, 70, 10], 1),
    named: {
      studio: tenantFigures([2, 1, 40, 0], 4),
      trial: tenantFigures([0, 0, 9, 11], 0.5),
    },
    others: { ...tenantFigures([1, 0, 1, 1], 0.25), count: 1 },
  },
};
