/** Metrics of the budget and of where its bytes are. */
import { byName, byShard, counter, gauge, type Metric, type Row, withinShard } from './metric.ts';

export const MEMORY_METRICS: readonly Metric[] = [
  gauge('budget.limit', 'By', 'Bytes that all threads together may hold.', [], (s) => s.budget.limitBytes),
  gauge('budget.used', 'By', 'Bytes charged to the budget now.', [], (s) => s.budget.usedBytes),
  gauge(
    'budget.peak',
    'By',
    'Most bytes that were charged at once since the start.',
    [],
    (s) => s.budget.peakBytes,
  ),
  gauge('budget.utilization', '1', 'Charged bytes beside the budget.', [], (s) => s.budget.utilization),

  gauge(
    'memory.live',
    'By',
    'Every live byte: leased, idle, in transit, direct.',
    [],
    (s) => s.memory.totalBytes,
  ),
  gauge('memory.used', 'By', 'Bytes under a lease, or in quarantine.', ['tier'], (s) =>
    byName(s.memory.byTier, (tier) => tier.usedBytes),
  ),
  gauge('memory.available', 'By', 'Idle bytes, ready for the next request.', ['tier'], (s) =>
    byName(s.memory.byTier, (tier) => tier.availableBytes),
  ),
  gauge(
    'memory.direct',
    'By',
    'Bytes of requests over the largest tier, which are never pooled.',
    [],
    (s) => s.memory.directBytes,
  ),
  gauge(
    'memory.transit',
    'By',
    'Bytes on the way between two threads, loans left out.',
    [],
    (s) => s.memory.inTransitBytes,
  ),
  gauge(
    'memory.loaned',
    'By',
    'Bytes that tasks brought with their inputs and will send home.',
    [],
    (s) => s.memory.loanBytes,
  ),
  gauge('loans', '{loan}', 'Leases that are on loan to tasks.', [], (s) => s.loans.count),
  counter(
    'leaked.leases',
    '{lease}',
    'Leases that a task or a thread forgot, and that were taken back.',
    [],
    (s) => s.leaks,
  ),
  counter(
    'quarantined.buffers',
    '{buffer}',
    'Buffers that may not be reused: pinned past their task, or not transferable.',
    [],
    (s) => s.quarantined,
  ),

  gauge('shard.charged', 'By', 'Bytes charged to the shard; 0 is the main thread.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.chargedBytes),
  ),
  gauge('shard.idle', 'By', 'Idle bytes of the shard.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.idleBytes),
  ),
  gauge('shard.starving', 'By', 'Largest request that waits for memory now.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.starvingBytes),
  ),
  gauge('shard.utilization', '1', "Of the shard's pooled bytes, the share under a lease.", ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.utilization),
  ),
  counter('shard.acquires', '{lease}', 'Requests of the shard that got memory.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.acquires),
  ),
  counter('shard.releases', '{lease}', 'Leases that ended in the shard.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.releases),
  ),
  counter('shard.processed', 'By', 'Bytes of audio that jobs reported as processed.', ['shard'], (s) =>
    byShard(s.shards, (shard) => shard.processedBytes),
  ),
  gauge(
    'shard.tier.used',
    'By',
    'Bytes of the tier in the shard under a lease, or in quarantine.',
    ['shard', 'tier'],
    (s) => withinShard(s.shards, (shard) => byName(shard.byTier, (tier) => tier.usedBytes)),
  ),
  gauge('shard.tier.available', 'By', 'Idle bytes of the tier in the shard.', ['shard', 'tier'], (s) =>
    withinShard(s.shards, (shard) => byName(shard.byTier, (tier) => tier.availableBytes)),
  ),
  gauge(
    'shard.tier.utilization',
    '1',
    "Of the tier's bytes in the shard, the share under a lease.",
    ['shard', 'tier'],
    (s) => withinShard(s.shards, (shard) => byName(shard.byTier, (tier) => tier.utilization)),
  ),
  gauge('shard.tier.idle', '{buffer}', 'Idle buffers of the tier in the shard.', ['shard', 'tier'], (s) =>
    withinShard(s.shards, (shard) => byName(shard.idle, (buffers) => buffers)),
  ),
  gauge(
    'shard.tier.quota',
    '{buffer}',
    'Idle buffers of the tier that the shard may keep.',
    ['shard', 'tier'],
    (s) => withinShard(s.shards, (shard) => byName(shard.quota, (buffers) => buffers)),
  ),
  counter(
    'flow.leases',
    '{lease}',
    'Leases by the shards that acquired and released them, or gone for ended threads; pairs without any are left out.',
    ['acquired_by', 'released_by'],
    (s) =>
      s.flow.map(
        (pair): Row<number> => [[shardName(pair.acquiredBy), shardName(pair.releasedBy)], pair.leases],
      ),
  ),
];

/** A shard that ended has no number any more. */
function shardName(shard: number): string {
  return shard < 0 ? 'gone' : String(shard);
}
