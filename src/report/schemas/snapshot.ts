/**
 * A snapshot as a recording ends with it, and as a run's JSON has it: decisions and all, or what health looks
 * at. Pure.
 */
import * as v from 'valibot';
import { CAUSES } from '../../pool/causes.ts';
import { TIER_NAMES } from '../../pool/tiers.ts';
import { DECISION_KINDS, type Decision, type Score, VERDICTS } from '../../regulation/decision.ts';
import { PRESSURE_LEVELS } from '../../regulation/pressure.ts';
import type { JudgedFigures } from '../../telemetry/health-findings.ts';
import { HEALTH_CHECKS, HEALTH_STATES } from '../../telemetry/health-report.ts';
import { FAMILIES, GC_KINDS } from '../../telemetry/series.ts';
import type { Snapshot } from '../../telemetry/snapshot.ts';
import { byteStats, nanosecondStats, queue, stats, tasks } from './tasks.ts';
import {
  amount,
  cores,
  count,
  each,
  fields,
  flag,
  holder,
  level,
  listOf,
  oneOf,
  seconds,
  shard,
  share,
  some,
  text,
} from './values.ts';

export const pressureLevel = oneOf(PRESSURE_LEVELS);

export const score: v.GenericSchema<unknown, Score> = fields({
  verdict: oneOf(VERDICTS),
  recoveredBytes: count,
  returnedBytes: count,
  p99Ratio: v.nullable(amount),
  throughputRatio: v.nullable(amount),
  regret: share,
});

export const decision: v.GenericSchema<unknown, Decision> = fields({
  number: count,
  atSeconds: seconds,
  kind: oneOf(DECISION_KINDS),
  reason: text(2000),
  inputs: fields({
    cpu: v.nullable(share),
    pressure: pressureLevel,
    usedBytes: count,
    idleBytes: count,
    blockBytes: count,
    bytesPerCpuSecond: v.nullable(amount),
    p99Nanoseconds: v.nullable(amount),
    // Not in recordings of earlier versions.
    acquireShare: v.optional(v.nullable(share), null),
    waitShare: v.optional(v.nullable(share), null),
  }),
  blockBytes: v.exactOptional(amount),
  bytes: v.exactOptional(amount),
  score: v.nullable(score),
});

const healthCheck = fields({
  state: oneOf(HEALTH_STATES),
  value: level,
  warnAt: level,
  failAt: level,
  sentence: text(2000),
});
const UNJUDGED = { state: 'ok', value: 0, warnAt: 0, failAt: 0, sentence: 'It was not judged.' } as const;

const latency = fields({
  unit: v.literal('ns', "'ns'"),
  byCause: each(CAUSES, stats),
  byTier: each(TIER_NAMES, some(CAUSES, stats)),
  clipped: count,
});
const load = fields({ raw: v.nullable(share), smoothed: v.nullable(share) });
const gc = listOf(fields({ shard, byKind: each(GC_KINDS, nanosecondStats) }));
const usedAndAvailable = { usedBytes: count, availableBytes: count } as const;
const tierCounts = each(TIER_NAMES, count);

const budget = fields({ limitBytes: count, usedBytes: count, peakBytes: count, utilization: share });
const pool = fields({
  acquires: count,
  hitRate: share,
  refused: count,
  allocations: count,
  allocatedBytes: count,
  freedBytes: count,
  utilization: share,
  turnoverPerSecond: amount,
  byTier: each(
    TIER_NAMES,
    fields({
      acquires: count,
      hits: count,
      hitRate: share,
      releases: count,
      overflows: count,
      allocatedBytes: count,
      freedBytes: count,
      idle: count,
      idlePeak: count,
      utilization: share,
    }),
  ),
});
const pressure = fields({
  level: pressureLevel,
  ledgerLevel: pressureLevel,
  processLevel: pressureLevel,
  ledgerShare: share,
  processShare: v.nullable(share),
  rssBytes: count,
  limitBytes: v.nullable(count),
  secondsAtLevel: each(PRESSURE_LEVELS, seconds),
  heldSeconds: seconds,
  emergency: flag,
});
const cleanup = fields({
  trims: count,
  trimmedBytes: count,
  recoveryRate: amount,
  poolTurnover: amount,
  emergencies: count,
  recovered: count,
  recoverySuccessRate: share,
  recovery: nanosecondStats,
  intervalRecovery: nanosecondStats,
  gc,
  intervalGc: gc,
});

export const snapshot: v.GenericSchema<unknown, Snapshot> = fields({
  threads: count,
  uptimeSeconds: seconds,
  budget,
  memory: fields({
    totalBytes: count,
    byTier: each(TIER_NAMES, fields(usedAndAvailable)),
    directBytes: count,
    inTransitBytes: count,
    loanBytes: count,
  }),
  pool,
  patterns: fields({
    requestsPerSecond: amount,
    sizes: byteStats,
    sizesByTier: some(TIER_NAMES, byteStats),
    intervalSizes: byteStats,
    intervalSizesByTier: some(TIER_NAMES, byteStats),
  }),
  latency,
  intervalLatency: latency,
  usage: fields({
    lifetimes: nanosecondStats,
    intervalLifetimes: nanosecondStats,
    reuseRate: share,
    efficiency: v.nullable(share),
  }),
  pressure,
  cleanup,
  clipped: each(FAMILIES, count),
  cpu: fields({
    cores,
    process: load,
    // Not in what earlier versions wrote.
    wanted: v.optional(load, { raw: null, smoothed: null }),
    system: load,
    byShard: listOf(fields({ shard, cpu: load, eventLoop: load })),
  }),
  block: fields({
    bytes: amount,
    baselineBytes: amount,
    leastBytes: amount,
    mostBytes: amount,
    ceilingBytes: amount,
    mostMilliseconds: amount,
  }),
  decisions: fields({
    counts: each(DECISION_KINDS, count),
    verdicts: each(VERDICTS, count),
    regret: share,
    recent: listOf(decision),
    shadow: v.nullable(fields({ blockBytes: amount, counts: each(DECISION_KINDS, count) })),
  }),
  flow: listOf(fields({ acquiredBy: holder, releasedBy: holder, leases: count })),
  health: fields({
    verdict: oneOf(HEALTH_STATES),
    sentence: text(2000),
    live: flag,
    ready: flag,
    // Versions differ in their checks; reports judge the figures anew.
    checks: each(HEALTH_CHECKS, v.optional(healthCheck, UNJUDGED)),
  }),
  shards: listOf(
    fields({
      shard,
      chargedBytes: count,
      idleBytes: count,
      starvingBytes: count,
      acquires: count,
      releases: count,
      utilization: share,
      processedBytes: count,
      idle: tierCounts,
      quota: tierCounts,
      byTier: each(TIER_NAMES, fields({ ...usedAndAvailable, utilization: share })),
    }),
  ),
  loans: fields({ count, bytes: count }),
  leaks: count,
  quarantined: count,
  tasks,
  queue,
});

/** Of a snapshot that may lack whatever health does not look at. */
export const judgedFigures: v.GenericSchema<unknown, JudgedFigures> = fields({
  uptimeSeconds: seconds,
  budget: v.pick(budget, ['limitBytes', 'peakBytes']),
  pool: v.pick(pool, ['acquires', 'hitRate', 'utilization']),
  pressure: v.pick(pressure, [
    'level',
    'ledgerLevel',
    'processLevel',
    'secondsAtLevel',
    'heldSeconds',
    'emergency',
  ]),
  latency: fields({ byCause: each(CAUSES, v.omit(stats, ['sum', 'mean'])) }),
  cleanup: v.pick(cleanup, ['trims', 'trimmedBytes', 'emergencies', 'recovered']),
  threads: count,
  tasks: v.pick(tasks, [
    'queued',
    'running',
    'oldestSeconds',
    'standstillSeconds',
    'silentSeconds',
    'lostThreads',
  ]),
  queue,
});
