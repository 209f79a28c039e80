/** The snapshot that sums a run up. Pure. */
import type { TierName } from '../pool/tiers.ts';
import { evaluateHealth } from './health.ts';
import type { HealthThresholds } from './health-findings.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot after `close`, with what there was to see only before it. */
export function snapshotOfRun(before: Snapshot, after: Snapshot, thresholds?: HealthThresholds): Snapshot {
  const { memory, cpu, flow, shards } = before;
  const byTier = Object.fromEntries(
    Object.entries(after.pool.byTier).map(([name, tier]) => {
      const { idle, utilization } = before.pool.byTier[name as TierName];
      return [name, { ...tier, idle, utilization }];
    }),
  ) as Snapshot['pool']['byTier'];
  const { utilization, turnoverPerSecond } = before.pool;
  const pool = { ...after.pool, utilization, turnoverPerSecond, byTier };
  const figures = { ...after, memory, cpu, flow, shards, pool };
  return { ...figures, health: evaluateHealth(figures, thresholds) };
}
