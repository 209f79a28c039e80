/**
 * A snapshot as a batch on two threads has it after a minute, with every field another figure than its
 * neighbours.
 */
import { KiB, MiB } from '../../src/bytes.ts';
import { CAUSES, type CauseName } from '../../src/pool/causes.ts';
import type { Decision } from '../../src/regulation/decision.ts';
import { evaluateHealth } from '../../src/telemetry/health.ts';
import type { ShardSnapshot } from '../../src/telemetry/shard-snapshot.ts';
import type { Snapshot } from '../../src/telemetry/snapshot.ts';
import type {
  ByteStats,
  GcSnapshot,
  LatencySummary,
  NanosecondStats,
  Stats,
} from '../../src/telemetry/stats.ts';
import type { TierSnapshot } from '../../src/telemetry/tier-snapshot.ts';
import { QUEUE } from './queue-fixture.ts';

type Changes<T> = { readonly [K in keyof T]?: T[K] extends object ? Changes<T[K]> : T[K] };

/**
 * The fixture with some fields changed; objects are merged, lists and other values replaced. Health follows.
 */
export function snapshotWith(changes: Changes<Omit<Snapshot, 'health'>> = {}): Snapshot {
  const figures = merged(FIGURES, changes);
  return { ...figures, health: evaluateHealth(figures) };
}

function merged<T>(base: T, changes: unknown): T {
  const entries = Object.entries(changes as object).map(([key, value]) => {
    const old = (base as Record<string, unknown>)[key];
    const deep = isPlain(old) && isPlain(value);
    return [key, deep ? merged(old, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stats(count: number, typical: number): Stats {
  return {
    ...{ count, sum: typical * 1.5 * count, mean: typical * 1.5 },
    ...{ p50: typical, p90: typical * 2, p99: typical * 4, p999: typical * 10, max: typical * 11 },
  };
}

const NONE: Stats = { count: 0, sum: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
const inNanoseconds = (given: Stats): NanosecondStats => ({ ...given, unit: 'ns' });
const inBytes = (given: Stats): ByteStats => ({ ...given, unit: 'B' });

/** Counts are of those that wait, run, succeeded, failed, were cancelled and lost; times are typical ones. */
function taskFigures(counts: readonly number[], waited: number, ran: number) {
  const [queued, running, succeeded, failed, cancelled, lost] = counts;
  return {
    ...{ queued, running, succeeded, failed, cancelled, lost },
    queueWait: inNanoseconds(stats(succeeded + failed + cancelled, waited)),
    intervalQueueWait: inNanoseconds(stats(8, waited - 10_000_000)),
    serviceTime: inNanoseconds(stats(succeeded + failed, ran)),
    intervalServiceTime: inNanoseconds(stats(7, ran - 100_000_000)),
  };
}

function latency(hits: number): LatencySummary {
  const byCause = {
    ...(Object.fromEntries(CAUSES.map((cause) => [cause, NONE])) as Record<CauseName, Stats>),
    hit: stats(hits, 60),
    mailbox: stats(12, 2100),
    fresh: stats(31, 90_000),
    waited: stats(5, 1_200_000),
    direct: stats(2, 210_000),
  };
  return {
    unit: 'ns',
    byCause,
    byTier: {
      small: { hit: stats(700, 55), fresh: stats(3, 2000) },
      medium: { hit: stats(9000, 61) },
      large: { hit: stats(300, 70), fresh: stats(28, 95_000), waited: stats(5, 1_200_000) },
      direct: { direct: stats(2, 210_000) },
    },
    clipped: 1,
  };
}

function tier(acquires: number, hits: number, capacity: number, idle: number): TierSnapshot {
  return {
    acquires,
    hits,
    hitRate: acquires === 0 ? 0 : hits / acquires,
    releases: acquires - 2,
    overflows: 4,
    allocatedBytes: (acquires - hits) * capacity,
    freedBytes: 3 * capacity,
    idle,
    idlePeak: idle + 5,
    utilization: 0.25,
  };
}

function shard(number: number, charged: number): ShardSnapshot {
  const byTier = (used: number, idle: number) => ({
    usedBytes: used,
    availableBytes: idle,
    utilization: used + idle === 0 ? 0 : used / (used + idle),
  });
  return {
    shard: number,
    chargedBytes: charged,
    idleBytes: 3 * MiB,
    starvingBytes: number === 2 ? MiB : 0,
    acquires: 5000 + number,
    releases: 4990 + number,
    utilization: 0.5,
    processedBytes: number * 100 * MiB,
    idle: { small: 1 + number, medium: 4, large: 2, direct: 0 },
    quota: { small: 333, medium: 166, large: 33 + number, direct: 0 },
    byTier: {
      small: byTier(4 * KiB, 8 * KiB),
      medium: byTier(64 * KiB, 256 * KiB),
      large: byTier(3 * MiB, 2 * MiB),
      direct: byTier(2 * MiB, 0),
    },
  };
}

function pauses(number: number, minor: number, major: Stats): GcSnapshot {
  return {
    shard: number,
    byKind: {
      minor: inNanoseconds(stats(minor, 400_000)),
      major: inNanoseconds(major),
      incremental: inNanoseconds(NONE),
      weak: inNanoseconds(NONE),
    },
  };
}

const INPUTS: Decision['inputs'] = {
  cpu: 0.93,
  pressure: 'nominal',
  usedBytes: 21 * MiB,
  idleBytes: 9 * MiB,
  blockBytes: 64 * KiB,
  bytesPerCpuSecond: 180 * MiB,
  p99Nanoseconds: 95_000,
  acquireShare: 0.07,
  waitShare: 0.01,
};

const memoryOf = (usedBytes: number, availableBytes: number) => ({ usedBytes, availableBytes });

const FIGURES: Omit<Snapshot, 'health'> = {
  threads: 2,
  uptimeSeconds: 61.5,
  budget: { limitBytes: 100 * MiB, usedBytes: 38 * MiB, peakBytes: 61 * MiB, utilization: 0.38 },
  memory: {
    totalBytes: 38 * MiB,
    byTier: {
      small: memoryOf(12 * KiB, 24 * KiB),
      medium: memoryOf(192 * KiB, 768 * KiB),
      large: memoryOf(20 * MiB, 11 * MiB),
      direct: memoryOf(6 * MiB, 0),
    },
    directBytes: 6 * MiB,
    ...{ inTransitBytes: 64 * KiB, loanBytes: 1 * MiB },
  },
  pool: {
    acquires: 10_102,
    hitRate: 10_012 / 10_102,
    refused: 7,
    allocations: 90,
    allocatedBytes: 77 * MiB,
    freedBytes: 39 * MiB,
    utilization: 0.7,
    turnoverPerSecond: 0.125,
    byTier: {
      small: tier(710, 700, 4 * KiB, 6),
      medium: tier(9050, 9000, 64 * KiB, 12),
      large: tier(340, 312, MiB, 11),
      direct: tier(2, 0, 2 * MiB, 0),
    },
  },
  patterns: {
    requestsPerSecond: 164.5,
    sizes: inBytes(stats(10_102, 48_000)),
    sizesByTier: { small: inBytes(stats(710, 1000)), large: inBytes(stats(340, 80_000)) },
    intervalSizes: inBytes(stats(160, 47_000)),
    intervalSizesByTier: { large: inBytes(stats(6, 81_000)) },
  },
  latency: latency(10_000),
  intervalLatency: latency(160),
  usage: {
    lifetimes: inNanoseconds(stats(10_090, 1_500_000)),
    intervalLifetimes: inNanoseconds(stats(150, 1_400_000)),
    reuseRate: 0.991,
    efficiency: 0.73,
  },
  pressure: {
    level: 'elevated',
    ledgerLevel: 'nominal',
    processLevel: 'elevated',
    ledgerShare: 0.38,
    processShare: 0.66,
    rssBytes: 341 * MiB,
    limitBytes: 512 * MiB,
    secondsAtLevel: { nominal: 50, elevated: 9, high: 1.5, critical: 1 },
    heldSeconds: 7.5,
    emergency: false,
  },
  cleanup: {
    trims: 8,
    trimmedBytes: 14 * MiB,
    recoveryRate: 0.9,
    poolTurnover: 39 / 77,
    emergencies: 2,
    recovered: 2,
    recoverySuccessRate: 1,
    recovery: inNanoseconds(stats(2, 300_000_000)),
    intervalRecovery: inNanoseconds(stats(1, 290_000_000)),
    gc: [0, 1, 2].map((number) => pauses(number, 40 + number, stats(2, 3_000_000))),
    intervalGc: [0, 1, 2].map((number) => pauses(number, 1 + number, NONE)),
  },
  clipped: { latency: 1, lifetimes: 2, gc: 3, recovery: 4, sizes: 5 },
  cpu: {
    cores: 2,
    process: { raw: 0.97, smoothed: 0.93 },
    wanted: { raw: 0.98, smoothed: 0.94 },
    system: { raw: 0.99, smoothed: 0.95 },
    byShard: [0, 1, 2].map((number) => ({
      shard: number,
      cpu: { raw: 0.1 + number / 4, smoothed: 0.2 + number / 4 },
      eventLoop: number === 2 ? { raw: null, smoothed: null } : { raw: 0.5, smoothed: 0.4 },
    })),
  },
  block: {
    bytes: 96 * KiB,
    baselineBytes: 64 * KiB,
    leastBytes: 4 * KiB,
    mostBytes: 1 * MiB,
    ceilingBytes: 512 * KiB,
    mostMilliseconds: 500,
  },
  decisions: {
    counts: { shrink: 1, grow: 2, return: 3, trim: 4, rebalance: 5, emergency: 2 },
    verdicts: { good: 6, neutral: 5, regretted: 1 },
    regret: 0.09,
    recent: [
      {
        number: 16,
        atSeconds: 48.2,
        kind: 'trim',
        reason: '9 MiB lay idle through the last interval.',
        inputs: INPUTS,
        bytes: 3 * MiB,
        score: {
          verdict: 'regretted',
          recoveredBytes: 3 * MiB,
          returnedBytes: 2 * MiB,
          p99Ratio: 1.1,
          throughputRatio: null,
          regret: 0.67,
        },
      },
      {
        number: 17,
        atSeconds: 59,
        kind: 'grow',
        reason: 'CPU load is 93 % of 2 cores.',
        inputs: INPUTS,
        blockBytes: 96 * KiB,
        score: null,
      },
    ],
    shadow: {
      blockBytes: 144 * KiB,
      counts: { shrink: 0, grow: 6, return: 1, trim: 2, rebalance: 5, emergency: 1 },
    },
  },
  flow: [
    { acquiredBy: 0, releasedBy: 1, leases: 118 },
    { acquiredBy: 1, releasedBy: 1, leases: 9000 },
    { acquiredBy: -1, releasedBy: 0, leases: 77 },
  ],
  shards: [shard(0, 8 * MiB), shard(1, 15 * MiB), shard(2, 15 * MiB)],
  loans: { count: 1, bytes: 1 * MiB },
  ...{ leaks: 3, quarantined: 1 },
  tasks: {
    ...taskFigures([6, 2, 110, 4, 5, 1], 90_000_000, 400_000_000),
    byJob: {
      transcode: taskFigures([5, 1, 80, 3, 4, 1], 95_000_000, 450_000_000),
      analyze: taskFigures([1, 1, 30, 1, 1, 0], 70_000_000, 250_000_000),
    },
    ...{ oldestSeconds: 2.5, standstillSeconds: 0.75, silentSeconds: 0.25, lostThreads: 0 },
  },
  queue: QUEUE,
};
