/** Metrics of what is asked of the pool, how it serves that, and how leases are used. */
import type { LatencySummary, Stats } from '../stats.ts';
import { byName, counter, gauge, interval, type Metric, type Row, summary } from './metric.ts';

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
    'Bytes that requests asked for; counts and sums are estimates.',
    [],
    (s) => s.patterns.sizes,
  ),
  interval(
    'request.size',
    'By',
    'Bytes that requests of the last whole interval asked for.',
    [],
    (s) => s.patterns.intervalSizes,
  ),
  summary(
    'tier.request.size',
    'By',
    'Bytes that requests asked for, by the tier that serves them; counts and sums are estimates.',
    ['tier'],
    (s) => byName(s.patterns.sizesByTier, (sizes) => sizes),
  ),
  interval(
    'tier.request.size',
    'By',
    'Bytes that requests of the last whole interval asked for, by the tier that serves them.',
    ['tier'],
    (s) => byName(s.patterns.intervalSizesByTier, (sizes) => sizes),
  ),
  summary(
    'allocation.duration',
    's',
    'How long requests took, by the step that served them; counts are exact, hits are timed by samples.',
    ['cause'],
    (s) => byName(s.latency.byCause, (stats) => stats),
  ),
  interval(
    'allocation.duration',
    's',
    'How long requests of the last whole interval took, by the step that served them.',
    ['cause'],
    (s) => byName(s.intervalLatency.byCause, (stats) => stats),
  ),
  summary(
    'tier.allocation.duration',
    's',
    'How long requests took, by tier and the step that served them; counts and sums are estimates.',
    ['tier', 'cause'],
    (s) => byTierAndCause(s.latency),
  ),
  interval(
    'tier.allocation.duration',
    's',
    'How long requests of the last whole interval took, by tier and the step that served them.',
    ['tier', 'cause'],
    (s) => byTierAndCause(s.intervalLatency),
  ),
  summary(
    'lease.lifetime',
    's',
    'From acquire to release; counts and sums are estimates.',
    [],
    (s) => s.usage.lifetimes,
  ),
  interval(
    'lease.lifetime',
    's',
    'From acquire to release, of leases that ended in the last whole interval.',
    [],
    (s) => s.usage.intervalLifetimes,
  ),
  counter(
    'clipped.records',
    '{record}',
    'Values outside what their histogram holds, which were clamped to that.',
    ['kind'],
    (s) => byName(s.clipped, (records) => records),
  ),
];

function byTierAndCause({ byTier }: LatencySummary): Row<Stats>[] {
  return Object.entries(byTier).flatMap(([tier, causes]) =>
    byName(causes, (stats) => stats).map(([labels, stats]): Row<Stats> => [[tier, ...labels], stats]),
  );
}
