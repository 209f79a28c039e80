/** Stands in for what the runtime does not measure yet. Goes when it builds the whole snapshot, with its one use in batch.ts. */
import { TIER_NAMES } from '../pool/tiers.ts';
import type { Snapshot as Built } from '../snapshot.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';

export function fillSnapshot(built: Built): Snapshot {
  const { budget, block, pool, shards } = built;
  const none = Object.fromEntries(TIER_NAMES.map((tier) => [tier, { usedBytes: 0, availableBytes: 0 }]));
  return {
    ...built,
    memory: { byTier: none },
    pool: {
      ...pool,
      byTier: Object.fromEntries(
        Object.entries(pool.byTier).map(([name, tier]) => [
          name,
          { ...tier, hitRate: tier.acquires > 0 ? tier.hits / tier.acquires : 0 },
        ]),
      ),
    },
    pressure: {
      level: 'nominal',
      emergency: false,
      ledgerShare: budget.usedBytes / budget.limitBytes,
      processShare: null,
      rssBytes: process.memoryUsage.rss(),
      secondsAtLevel: { nominal: 0, elevated: 0, high: 0, critical: 0 },
    },
    cpu: {
      cores: built.threads,
      process: { raw: null, smoothed: null },
      system: { raw: null, smoothed: null },
      byShard: shards.map(({ shard }) => ({ shard, cpu: { raw: null, smoothed: null } })),
    },
    block: { bytes: block.bytes, baselineBytes: block.bytes, ceilingBytes: block.bytes },
    decisions: { recent: [] },
  } as unknown as Snapshot;
}
