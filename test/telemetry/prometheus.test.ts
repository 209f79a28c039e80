import { describe, expect, it } from 'vitest';
import { prometheusText } from '../../src/telemetry/prometheus.ts';
import { type Family, readExposition, sampleOf } from './exposition.ts';
import { snapshotWith } from './snapshot-fixture.ts';

const families = readExposition(await prometheusText(snapshotWith()));

function value(family: string, labels: Record<string, string> = {}, from = families): number {
  return sampleOf(from, family, labels);
}

describe('the text', () => {
  it('keeps the conventions of names', () => {
    for (const { name, type, samples } of families) {
      expect(name).toMatch(/^millpond_[a-z_]+$/);
      expect(name).not.toMatch(
        /(milliseconds|nanoseconds|_ms|_ns|kib|mib|percent|gauge|counter|summary|_sum|_count|_bucket)/,
      );
      expect(name.endsWith('_total'), `${name} is a ${type}`).toBe(type === 'counter');
      for (const sample of samples) {
        expect(Number.isFinite(sample.value), sample.name).toBe(true);
        for (const label of Object.keys(sample.labels)) {
          expect([
            'tier',
            'shard',
            'cause',
            'job_kind',
            'kind',
            'level',
            'state',
            'check',
            'verdict',
            'statistic',
            'quantile',
            'acquired_by',
            'released_by',
            'reason',
            'tenant_kind',
            'tenant',
          ]).toContain(label);
        }
        if (name.endsWith('_ratio')) expect(sample.value).toBeLessThanOrEqual(1);
      }
    }
  });

  it.each<[bullet: string, metrics: string[]]>([
    [
      'allocation count, hit rate, allocated, utilization, turnover',
      [
        'pool_allocations_total',
        'pool_hit_ratio',
        'pool_allocated_bytes_total',
        'tier_utilization_ratio',
        'shard_utilization_ratio',
        'shard_tier_utilization_ratio',
        'pool_turnover_per_second',
      ],
    ],
    [
      'memory',
      [
        'memory_live_bytes',
        'memory_used_bytes',
        'memory_available_bytes',
        'memory_direct_bytes',
        'memory_transit_bytes',
        'shard_charged_bytes',
        'budget_used_bytes',
        'budget_peak_bytes',
      ],
    ],
    [
      'allocation patterns',
      [
        'pool_requests_per_second',
        'request_size_bytes',
        'tier_hit_ratio',
        'allocation_duration_seconds',
        'interval_allocation_duration_seconds',
        'interval_tier_allocation_duration_seconds',
        'interval_request_size_bytes',
        'interval_tier_request_size_bytes',
      ],
    ],
    [
      'usage patterns',
      [
        'lease_lifetime_seconds',
        'interval_lease_lifetime_seconds',
        'pool_reuse_ratio',
        'pressure_level',
        'pressure_time_seconds_total',
        'pool_efficiency_ratio',
      ],
    ],
    [
      'cleanup',
      [
        'cleanup_recovery_ratio',
        'cleanup_turnover_ratio',
        'gc_pause_seconds',
        'interval_gc_pause_seconds',
        'emergency_duration_seconds',
        'interval_emergency_duration_seconds',
      ],
    ],
    [
      'health',
      [
        'health_verdict',
        'health_check',
        'health_pool_utilization_ratio',
        'health_pressure',
        'health_allocation_latency_seconds',
        'health_hit_ratio',
        'health_cleanup_per_second',
        'health_recovery_success_ratio',
      ],
    ],
    ['flow', ['flow_leases_total']],
    [
      'load',
      [
        'cpu_process_ratio',
        'cpu_process_smoothed_ratio',
        'cpu_system_ratio',
        'shard_cpu_ratio',
        'shard_event_loop_ratio',
        'cpu_cores',
      ],
    ],
    [
      'decisions',
      [
        'decisions_total',
        'decisions_judged_total',
        'decisions_regret_ratio',
        'shadow_decisions_total',
        'block_size_bytes',
        'block_ceiling_bytes',
      ],
    ],
  ])('has %s', (_bullet, metrics) => {
    const names = families.map(({ name }) => name);
    for (const metric of metrics) expect(names).toContain(`millpond_${metric}`);
  });

  it.each<[string, Record<string, string>, number]>([
    ['millpond_budget_limit_bytes', {}, 104_857_600],
    ['millpond_memory_used_bytes', { tier: 'medium' }, 196_608],
    ['millpond_pool_acquires_total', { tier: 'large' }, 340],
    ['millpond_pool_allocated_bytes_total', { tier: 'small' }, 40_960],
    ['millpond_shard_tier_idle', { shard: '2', tier: 'small' }, 3],
    ['millpond_flow_leases_total', { acquired_by: '0', released_by: '1' }, 118],
    ['millpond_flow_leases_total', { acquired_by: 'gone', released_by: '0' }, 77],
    ['millpond_uptime_seconds', {}, 61.5],
    ['millpond_block_duration_most_seconds', {}, 0.5],
    ['millpond_tasks', { state: 'queued' }, 6],
    ['millpond_tasks_ended_total', { state: 'lost' }, 1],
    ['millpond_pressure_level', { level: 'elevated' }, 1],
    ['millpond_pressure_level', { level: 'nominal' }, 0],
    ['millpond_pressure_ledger_level', { level: 'nominal' }, 1],
    ['millpond_pressure_time_seconds_total', { level: 'high' }, 1.5],
    ['millpond_decisions_total', { kind: 'rebalance' }, 5],
    ['millpond_decisions_judged_total', { verdict: 'regretted' }, 1],
    ['millpond_shard_cpu_smoothed_ratio', { shard: '1' }, 0.45],
    ['millpond_health_verdict', { verdict: 'ok' }, 1],
    ['millpond_health_check', { check: 'hitRatio', state: 'ok' }, 1],
    ['millpond_health_check', { check: 'hitRatio', state: 'fail' }, 0],
    ['millpond_health_pool_utilization_ratio', {}, 0.7],
    ['millpond_health_allocation_latency_seconds', {}, 600e-9],
    ['millpond_allocation_duration_seconds', { cause: 'fresh', quantile: '0.5' }, 90e-6],
    ['millpond_allocation_duration_seconds', { cause: 'fresh', quantile: '1' }, 990e-6],
    ['millpond_allocation_duration_seconds_count', { cause: 'hit' }, 10_000],
    ['millpond_allocation_duration_seconds_count', { cause: 'refused' }, 0],
    ['millpond_interval_allocation_duration_seconds', { cause: 'hit', statistic: 'p99' }, 240e-9],
    [
      'millpond_interval_tier_allocation_duration_seconds',
      { tier: 'large', cause: 'waited', statistic: 'p50' },
      1.2e-3,
    ],
    ['millpond_interval_request_size_bytes', { statistic: 'max' }, 517_000],
    ['millpond_interval_tier_request_size_bytes', { tier: 'large', statistic: 'p90' }, 162_000],
    ['millpond_interval_emergency_duration_seconds', { statistic: 'p99' }, 1.16],
    ['millpond_clipped_records_total', { kind: 'gc' }, 3],
    ['millpond_request_size_bytes', { quantile: '0.9' }, 96_000],
    ['millpond_request_size_bytes_sum', {}, 72_000 * 10_102],
    ['millpond_gc_pause_seconds', { shard: '1', kind: 'minor', quantile: '0.999' }, 4e-3],
    ['millpond_gc_pause_seconds_count', { shard: '1', kind: 'minor' }, 41],
    ['millpond_gc_pause_seconds_sum', { shard: '1', kind: 'minor' }, 41 * 600e-6],
  ])('%s %j is %d', (family, labels, expected) => {
    expect(value(family, labels)).toBeCloseTo(expected, 12);
  });

  it('leaves out quantiles of what was never timed, and what is not known', async () => {
    const refused = families
      .flatMap(({ samples }) => samples)
      .filter(
        ({ name, labels }) => name === 'millpond_allocation_duration_seconds' && labels.cause === 'refused',
      );
    expect(refused).toEqual([]);
    const intervals = families.filter(({ name }) => name.startsWith('millpond_interval_'));
    for (const { samples } of intervals) for (const { value } of samples) expect(value).toBeGreaterThan(0);
    const unknown = readExposition(await prometheusText(snapshotWith({ usage: { efficiency: null } })));
    expect(unknown.find(({ name }) => name === 'millpond_pool_efficiency_ratio')?.samples).toEqual([]);
  });
});

describe('of an interval', () => {
  const samplesOf = (name: string, from: readonly Family[]) =>
    from.find((family) => family.name === `millpond_interval_${name}`)!.samples;

  it('each thread has one sample for each kind of pause it had', () => {
    const labels = samplesOf('gc_pause_seconds', families).map((sample) => sample.labels);
    expect(labels).toEqual(['0', '1', '2'].map((shard) => ({ shard, kind: 'minor', statistic: 'max' })));
  });

  it('nothing is shown where nothing happened', async () => {
    const { latency, ...quiet } = snapshotWith();
    const none = { ...latency.byCause.refused, unit: 'ns' as const };
    const text = await prometheusText({
      ...quiet,
      latency,
      intervalLatency: {
        ...latency,
        byCause: Object.fromEntries(Object.keys(latency.byCause).map((cause) => [cause, none])) as never,
        byTier: { small: {}, medium: {}, large: {}, direct: {} },
      },
      patterns: { ...quiet.patterns, intervalSizes: { ...none, unit: 'B' }, intervalSizesByTier: {} },
      usage: { ...quiet.usage, intervalLifetimes: none },
      cleanup: { ...quiet.cleanup, intervalGc: [], intervalRecovery: none },
      tasks: {
        ...{ ...quiet.tasks, intervalQueueWait: none, intervalServiceTime: none },
        byJob: {
          transcode: {
            ...quiet.tasks.byJob.transcode,
            intervalQueueWait: none,
            intervalServiceTime: none,
          },
        },
      },
    });
    expect(text).not.toMatch(/^millpond_interval_/m);
  });
});
