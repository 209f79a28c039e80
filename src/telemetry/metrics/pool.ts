/** Metrics of what is asked of the pool, how it serves that, and how leases are used. */
import { byName, counter, gauge, type Metric, type Row, statistics, summary } from './metric.ts';

export const POOL_METRICS: readonly Metric[] = [
  counter('pool.acquires', '{lease}', 'Requests that got memory.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.acquires),
  ),
  counter('pool.hits', '{lease}', 'Requests served from memory already pooled.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.hits),
  ),
  counter('pool.releases', '{lease}', 'Leases that ended.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.releases),
  ),
  counter(
    'pool.refused',
    '{request}',
    'Requests that got no memory within their deadline.',
    [],
    (s) => s.pool.refused,
  ),
  counter('pool.overflows', '{buffer}', 'Buffers freed because the free list was full.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.overflows),
  ),
  counter(
    'pool.allocations',
    '{buffer}',
    'Buffers that were allocated from the system.',
    [],
    (s) => s.pool.allocations,
  ),
  counter('pool.allocated', 'By', 'Bytes that were allocated from the system.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.allocatedBytes),
  ),
  counter('pool.freed', 'By', 'Bytes that were freed to the system.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.freedBytes),
  ),
  gauge('pool.idle', '{buffer}', 'Idle buffers.', ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.idle),
  ),
  gauge('pool.idle.peak', '{buffer}', "Sum of each shard's largest number of idle buffers.", ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.idlePeak),
  ),
  gauge(
    'pool.hit',
    '1',
    'Of all requests that got memory, those served from pooled memory.',
    [],
    (s) => s.pool.hitRate,
  ),
  gauge(
    'tier.hit',
    '1',
    "Of the tier's requests that got memory, those served from pooled memory.",
    ['tier'],
    (s) => byName(s.pool.byTier, (tier) => tier.hitRate),
  ),
  gauge(
    'pool.utilization',
    '1',
    'Of the bytes in pools, the share under a lease.',
    [],
    (s) => s.pool.utilization,
  ),
  gauge('tier.utilization', '1', "Of the tier's bytes, the share under a lease.", ['tier'], (s) =>
    byName(s.pool.byTier, (tier) => tier.utilization),
  ),
  gauge(
    'pool.turnover',
    '1/s',
    'Bytes allocated and freed in a second beside the bytes held, over the last whole interval.',
    [],
    (s) => s.pool.turnoverPerSecond,
  ),
  gauge(
    'pool.requests',
    '{request}/s',
    'Requests in a second, over the last whole interval.',
    [],
    (s) => s.patterns.requestsPerSecond,
  ),
  gauge('pool.reuse', '1', 'Share of requests that needed no new memory.', [], (s) => s.usage.reuseRate),
  gauge(
    'pool.efficiency',
    '1',
    'Bytes asked for beside bytes of the buffers that served them; left out before the first sample.',
    [],
    (s) => s.usage.efficiency,
  ),

  summary(
    'request.size',
    'By',
    'Bytes that requests asked for; counts are estimates.',
    [],
    (s) => s.patterns.sizes,
  ),
  summary(
    'tier.request.size',
    'By',
    'Bytes that requests asked for, by the tier that serves them; counts are estimates.',
    ['tier'],
    (s) => byName(s.patterns.sizesByTier, (sizes) => sizes),
  ),
  summary(
    'allocation.duration',
    's',
    'How long requests took, by the step that served them; counts are exact, hits are timed by samples.',
    ['cause'],
    (s) => byName(s.latency.byCause, (stats) => stats),
  ),
  summary(
    'tier.allocation.duration',
    's',
    'How long requests took, by tier and the step that served them; counts are estimates.',
    ['tier', 'cause'],
    (s) =>
      Object.entries(s.latency.byTier).flatMap(([tier, causes]) =>
        byName(causes, (stats) => stats).map(
          ([labels, stats]): Row<typeof stats> => [[tier, ...labels], stats],
        ),
      ),
  ),
  gauge(
    'interval.allocation.duration',
    's',
    'How long requests took in the last whole interval; causes without any are left out.',
    ['cause', 'statistic'],
    (s) =>
      Object.entries(s.intervalLatency.byCause).flatMap(([cause, stats]) =>
        statistics(stats).map(([labels, value]): Row<number> => [[cause, ...labels], value]),
      ),
  ),
  counter(
    'allocation.duration.clipped',
    '{record}',
    'Timed requests outside 1 ns to 60 s, which were clamped to that.',
    [],
    (s) => s.latency.clipped,
  ),
  summary(
    'lease.lifetime',
    's',
    'From acquire to release; counts are estimates.',
    [],
    (s) => s.usage.lifetimes,
  ),
  gauge(
    'interval.lease.lifetime',
    's',
    'From acquire to release, in the last whole interval; left out when no lease ended.',
    ['statistic'],
    (s) => statistics(s.usage.intervalLifetimes),
  ),
];
