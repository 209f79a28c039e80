/** Builds a snapshot: reads the ledger's rows, the recorded distributions and the regulator. Main thread. */
import {
  ALLOCATED,
  ALLOCATIONS,
  FREED,
  HELD,
  LEAKS,
  MAIN_ROW,
  OVERFLOWS,
  PROCESSED,
  QUARANTINED,
  QUOTA,
  RELEASES,
  rowWord,
  SERVED,
  STARVING,
  TIERS,
} from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { type Crossing, GONE } from '../coordinator/flow.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { CAUSES, type CauseName, REFUSED, REUSING } from '../pool/causes.ts';
import { DIRECT, POOLED_TIERS, TIER_NAMES, type TierName } from '../pool/tiers.ts';
import type { Regulator } from '../regulation/regulator.ts';
import { evaluateHealth, type HealthThresholds } from './health.ts';
import type { Rates } from './rates.ts';
import type { ShardSnapshot, Snapshot, TaskCounts } from './snapshot.ts';
import type { Totals } from './totals.ts';

export interface SnapshotSources {
  readonly threads: number;
  readonly uptimeSeconds: number;
  readonly ledger: Ledger;
  readonly coordinator: Coordinator;
  readonly regulator: Regulator;
  readonly totals: Totals;
  readonly rates: Rates;
  readonly tasks: TaskCounts;
  readonly health: HealthThresholds;
}

const SERVING = CAUSES.map((_, cause) => cause).filter((cause) => cause !== REFUSED);

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { ledger, coordinator, regulator, totals, rates } = sources;
  const { rows, loans, cleanup } = coordinator;
  const { sinceStart, lastInterval } = totals;
  const live = rows.live();
  const total = (counter: number): number => rows.total(live, counter);
  const served = (causes: readonly number[], tier: number): number =>
    causes.reduce((sum, cause) => sum + total(SERVED + cause * TIERS + tier), 0);

  const held = heldByTier(rows, live);
  const byTier = byName((tier, name) => {
    const acquires = served(SERVING, tier);
    const hits = served(REUSING, tier);
    return {
      acquires,
      hits,
      hitRate: share(hits, acquires),
      releases: total(RELEASES + tier),
      overflows: total(OVERFLOWS + tier),
      allocatedBytes: total(ALLOCATED + tier) * KiB,
      freedBytes: total(FREED + tier) * KiB,
      idle: tier < POOLED_TIERS ? live.reduce((sum, row) => sum + rows.idle(row, tier), 0) : 0,
      idlePeak:
        tier < POOLED_TIERS
          ? live.reduce((sum, row) => sum + rows.idlePeak(row, tier), rows.retiredPeaks[tier])
          : 0,
      utilization: utilization(held[name]),
    };
  });
  const sum = (of: (tier: (typeof byTier)[TierName]) => number): number =>
    Object.values(byTier).reduce((all, tier) => all + of(tier), 0);
  const acquires = sum((tier) => tier.acquires);
  const hits = sum((tier) => tier.hits);
  const allocations = rows.allTiers(live, ALLOCATIONS);
  const allocatedBytes = sum((tier) => tier.allocatedBytes);
  const freedBytes = sum((tier) => tier.freedBytes);
  const limitBytes = ledger.limitKib * KiB;
  const usedBytes = (ledger.sumKib() ?? 0) * KiB;
  const handsBytes = Object.values(held).reduce((all, tier) => all + tier.usedBytes + tier.availableBytes, 0);
  const exactCounts = Object.fromEntries(
    CAUSES.map((cause, at) => [cause, TIER_NAMES.reduce((all, _name, tier) => all + served([at], tier), 0)]),
  ) as Record<CauseName, number>;

  const figures: Omit<Snapshot, 'health'> = {
    threads: sources.threads,
    uptimeSeconds: sources.uptimeSeconds,
    budget: {
      limitBytes,
      usedBytes,
      peakBytes: ledger.peakKib * KiB,
      utilization: share(usedBytes, limitBytes),
    },
    memory: {
      totalBytes: usedBytes,
      byTier: held,
      directBytes: held.direct.usedBytes,
      // What is charged and in nobody's hands. The rows are read one after the other while their threads go on.
      inTransitBytes: Math.max(0, usedBytes - handsBytes - loans.bytes),
      loanBytes: loans.bytes,
    },
    pool: {
      acquires,
      hitRate: share(hits, acquires),
      refused: exactCounts.refused,
      allocations,
      allocatedBytes,
      freedBytes,
      utilization: utilization({
        usedBytes: sumOf(held, ({ usedBytes }) => usedBytes),
        availableBytes: sumOf(held, ({ availableBytes }) => availableBytes),
      }),
      turnoverPerSecond: share(rates.turnoverBytesPerSecond, usedBytes),
      byTier,
    },
    patterns: {
      requestsPerSecond: rates.requestsPerSecond,
      sizes: sinceStart.sizes(),
      sizesByTier: sinceStart.sizesByTier(),
      intervalSizes: lastInterval.sizes(),
      intervalSizesByTier: lastInterval.sizesByTier(),
    },
    latency: sinceStart.latency(exactCounts),
    intervalLatency: lastInterval.latency(),
    usage: {
      lifetimes: sinceStart.lifetimes(),
      intervalLifetimes: lastInterval.lifetimes(),
      reuseRate: acquires === 0 ? 0 : Math.max(0, 1 - allocations / acquires),
      efficiency: sinceStart.efficiency(),
    },
    pressure: regulator.pressure,
    cleanup: {
      trims: regulator.decisions.counts.trim + regulator.decisions.counts.emergency,
      trimmedBytes: cleanup.freedKib * KiB,
      recoveryRate: cleanup.askedKib === 0 ? 1 : Math.min(1, cleanup.trimmedKib / cleanup.askedKib),
      poolTurnover: share(freedBytes, allocatedBytes),
      ...regulator.recoveries,
      recovery: sinceStart.recovery(),
      intervalRecovery: lastInterval.recovery(),
      gc: sinceStart.gc(rows.known()),
      intervalGc: lastInterval.gc(rows.known()),
    },
    clipped: sinceStart.clipped(),
    cpu: regulator.cpu,
    block: regulator.block,
    decisions: regulator.decisions,
    flow: flowOf(coordinator.flow.crossings, live, rows),
    shards: live.map((row) => shardSnapshot(row, ledger, rows)),
    loans: { count: loans.count, bytes: loans.bytes },
    leaks: total(LEAKS),
    quarantined: total(QUARANTINED),
    tasks: sources.tasks,
  };
  return { ...figures, health: evaluateHealth(figures, sources.health) };
}

/** By tier, what these rows hold: under a lease or in quarantine, and idle. */
export function heldByTier(
  rows: RowReader,
  live: readonly number[],
): Record<TierName, { readonly usedBytes: Bytes; readonly availableBytes: Bytes }> {
  return byName((tier) => {
    const availableBytes = live.reduce((sum, row) => sum + idleBytes(rows, row, tier), 0);
    const heldBytes = live.reduce((sum, row) => sum + rows.counters(row)[HELD + tier], 0) * KiB;
    return { usedBytes: Math.max(0, heldBytes - availableBytes), availableBytes };
  });
}

function shardSnapshot(row: number, ledger: Ledger, rows: RowReader): ShardSnapshot {
  const counters = rows.counters(row);
  const sum = (first: number, count: number): number =>
    counters.subarray(first, first + count).reduce((total, value) => total + value, 0);
  const byTier = byName((tier) => {
    const availableBytes = idleBytes(rows, row, tier);
    const usedBytes = Math.max(0, counters[HELD + tier] * KiB - availableBytes);
    return { usedBytes, availableBytes, utilization: utilization({ usedBytes, availableBytes }) };
  });
  return {
    shard: row - MAIN_ROW,
    chargedBytes: ledger.chargedKib(row) * KiB,
    idleBytes: rows.idleKib(row) * KiB,
    starvingBytes: ledger.words[rowWord(row) + STARVING] * KiB,
    acquires: SERVING.reduce((total, cause) => total + sum(SERVED + cause * TIERS, TIERS), 0),
    releases: sum(RELEASES, TIERS),
    utilization: utilization({
      usedBytes: sumOf(byTier, ({ usedBytes }) => usedBytes),
      availableBytes: sumOf(byTier, ({ availableBytes }) => availableBytes),
    }),
    processedBytes: counters[PROCESSED],
    idle: byName((tier) => (tier < POOLED_TIERS ? rows.idle(row, tier) : 0)),
    quota: byName((tier) => (tier < POOLED_TIERS ? ledger.words[rowWord(row) + QUOTA + tier] : 0)),
    byTier,
  };
}

/** Leases that changed their thread, and those that did not: what each shard released, less those of others. */
function flowOf(crossings: readonly Crossing[], live: readonly number[], rows: RowReader): Crossing[] {
  const own = [...live, GONE].map((row): Crossing => {
    const released = rows.released(row === GONE ? null : row);
    // A worker tells of loans only with its result, but counts them itself.
    const foreign =
      row === MAIN_ROW
        ? crossings.reduce((sum, { releasedBy, leases }) => sum + (releasedBy === row ? leases : 0), 0)
        : rows.endedForeign(row === GONE ? null : row);
    return { acquiredBy: row, releasedBy: row, leases: Math.max(0, released - foreign) };
  });
  const others = crossings.filter(({ acquiredBy, releasedBy }) => acquiredBy !== releasedBy);
  return [...own, ...others].filter(({ leases }) => leases > 0);
}

function idleBytes(rows: RowReader, row: number, tier: number): number {
  return tier === DIRECT ? 0 : rows.idle(row, tier) * rows.tierKib(tier) * KiB;
}

function utilization({ usedBytes, availableBytes }: { usedBytes: number; availableBytes: number }): number {
  return share(usedBytes, usedBytes + availableBytes);
}

/** 0 where there is nothing to share. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sumOf<T>(record: Readonly<Record<TierName, T>>, of: (value: T) => number): number {
  return Object.values(record).reduce((sum, value) => sum + of(value as T), 0);
}

function byName<T>(of: (tier: number, name: TierName) => T): Record<TierName, T> {
  return Object.fromEntries(TIER_NAMES.map((name, tier) => [name, of(tier, name)])) as Record<TierName, T>;
}
