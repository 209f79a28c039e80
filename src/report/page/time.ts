/** A run over time, in as many steps as a plot has room for: of each step what was largest stays. Pure. */

import { TIER_NAMES } from '../../pool/tiers.ts';
import { PRESSURE_LEVELS } from '../../regulation/pressure.ts';
import type { IntervalLine } from '../../telemetry/recording/lines.ts';
import { GC_KINDS } from '../../telemetry/series.ts';
import type { TimeData } from './data.ts';

/** A plot is a thousand pixels wide: three for each step. */
export const MOST_BUCKETS = 320;
/**
 * Lines that can be distinguished; more threads than this are shown as the slowest, the middle and the
 * quickest.
 */
const MOST_LINES = 8;

/** Intervals that follow each other, in groups of about the same span of time; none is empty. */
export function bucketsOf(intervals: readonly IntervalLine[], most = MOST_BUCKETS): IntervalLine[][] {
  if (intervals.length <= most) return intervals.map((interval) => [interval]);
  const start = intervals[0].from;
  const span = (intervals[intervals.length - 1].to - start) / most || 1;
  const grouped = Map.groupBy(intervals, ({ from, to }) => Math.floor(((from + to) / 2 - start) / span));
  return [...grouped.values()];
}

export function timeOf(buckets: readonly (readonly IntervalLine[])[]): TimeData {
  const atMost = buckets.map((bucket) => largest(bucket, ({ budget }) => budget.usedBytes));
  const last = buckets.map((bucket) => bucket[bucket.length - 1]);
  return {
    from: buckets.map((bucket) => rounded(bucket[0].from)),
    to: last.map(({ to }) => rounded(to)),
    usedBytes: atMost.map(({ budget }) => budget.usedBytes),
    tiers: TIER_NAMES.map((tier) => ({
      tier,
      used: atMost.map(({ tiers }) => tiers[tier][0]),
      available: atMost.map(({ tiers }) => tiers[tier][1]),
    })).filter(({ used, available }) => [...used, ...available].some((bytes) => bytes > 0)),
    pressure: buckets.map((bucket) => Math.max(...bucket.map(({ pressure }) => levelOf(pressure)))),
    rssBytes: buckets.map((bucket) => Math.max(...bucket.map(({ rssBytes }) => rssBytes))),
    blockBytes: last.map(({ blockBytes }) => blockBytes),
    cpuProcess: buckets.map((bucket) => mean(bucket, ({ cpu }) => cpu.process)),
    cpuSystem: buckets.map((bucket) => mean(bucket, ({ cpu }) => cpu.system)),
    ...throughputOf(buckets),
    pauses: GC_KINDS.map((kind) => ({
      kind,
      values: buckets.map((bucket) => longestPause(bucket, `gc/${kind}`)),
    })).filter(({ values }) => values.some((value) => value !== null)),
  };
}

function throughputOf(
  buckets: readonly (readonly IntervalLine[])[],
): Pick<TimeData, 'throughput' | 'throughputSum'> {
  const byBucket = buckets.map((bucket) => {
    const seconds = bucket.reduce((sum, { from, to }) => sum + to - from, 0);
    const bytes = new Map<number, number>();
    for (const { shards } of bucket) {
      for (const [shard, , , processed] of shards) {
        bytes.set(shard, (bytes.get(shard) ?? 0) + processed);
      }
    }
    return new Map(Array.from(bytes, ([shard, sum]) => [shard, seconds > 0 ? sum / seconds : 0]));
  });
  const working = [...new Set(byBucket.flatMap((rates) => [...rates.keys()]))]
    .filter((shard) => byBucket.some((rates) => (rates.get(shard) ?? 0) > 0))
    .sort((a, b) => a - b);
  const throughputSum = byBucket.map((rates) => Math.round([...rates.values()].reduce((a, b) => a + b, 0)));
  if (working.length <= MOST_LINES) {
    const throughput = working.map((shard) => ({
      name: shardName(shard),
      values: byBucket.map((rates) => roundedOrNull(rates.get(shard))),
    }));
    return { throughput, throughputSum };
  }
  const sorted = byBucket.map((rates) =>
    working.flatMap((shard) => rates.get(shard) ?? []).sort((a, b) => a - b),
  );
  const at = (name: string, part: number) => ({
    name,
    values: sorted.map((rates) => roundedOrNull(rates[Math.floor(part * (rates.length - 1))])),
  });
  return {
    throughput: [at('slowest thread', 0), at('middle thread', 0.5), at('quickest thread', 1)],
    throughputSum,
  };
}

/** As in the rest of the page: 0 is the main thread. */
export function shardName(shard: number): string {
  return shard === 0 ? 'main thread' : `worker ${shard}`;
}

function longestPause(bucket: readonly IntervalLine[], kind: string): number | null {
  let longest: number | null = null;
  for (const { series } of bucket) {
    for (const [name, , , max] of series) {
      if (name === kind && max > (longest ?? 0)) longest = max;
    }
  }
  return longest;
}

function levelOf(level: IntervalLine['pressure']): number {
  return PRESSURE_LEVELS.indexOf(level);
}

function largest<Item>(items: readonly Item[], of: (item: Item) => number): Item {
  return items.reduce((most, item) => (of(item) > of(most) ? item : most));
}

function mean(
  intervals: readonly IntervalLine[],
  of: (interval: IntervalLine) => number | null,
): number | null {
  const values = intervals.map(of).filter((value) => value !== null);
  if (values.length === 0) return null;
  return Number((values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(4));
}

function roundedOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
