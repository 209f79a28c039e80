/** Builds a snapshot: reads the ledger's rows, the recorded distributions and the regulator. Main thread. */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import type { Coordinator } from '../coordinator/coordinator.ts';
import { type Crossing, GONE } from '../coordinator/flow.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { CAUSES, type CauseName } from '../pool/causes.ts';
import type { TierName } from '../pool/tiers.ts';
import type { Regulator } from '../regulation/regulator.ts';
import { evaluateHealth } from './health.ts';
import type { HealthThresholds } from './health-findings.ts';
import type { QueueSnapshot } from './queue-snapshot.ts';
import type { Rates } from './rates.ts';
import { shardSnapshot } from './shard-snapshot.ts';
import type { Snapshot, TasksSnapshot } from './snapshot.ts';
import type { JobCounts, TaskCounts } from './task-end.ts';
import { heldByTier, share, sumOf, tierSnapshots, utilization } from './tier-snapshot.ts';
import type { Totals } from './totals.ts';

interface SnapshotSources {
  readonly threads: number;
  readonly uptimeSeconds: number;
  readonly nowMs: number;
  readonly ledger: Ledger;
  readonly coordinator: Coordinator;
  readonly regulator: Regulator;
  readonly totals: Totals;
  readonly rates: Rates;
  readonly tasks: TaskCounts & Pick<TasksSnapshot, 'oldestSeconds' | 'standstillSeconds' | 'lostThreads'>;
  readonly jobs: readonly JobCounts[];
  readonly queue: QueueSnapshot;
  readonly health: HealthThresholds;
}

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { ledger, coordinator, regulator, totals, rates } = sources;
  const { rows, loans, cleanup } = coordinator;
  const { sinceStart, lastInterval } = totals;
  const live = rows.live();
  const held = heldByTier(rows, live);
  const byTier = tierSnapshots(rows, live, held);
  const sum = (of: (tier: (typeof byTier)[TierName]) => number): number =>
    Object.values(byTier).reduce((all, tier) => all + of(tier), 0);
  const acquires = sum((tier) => tier.acquires);
  const hits = sum((tier) => tier.hits);
  const allocations = rows.allTiers(live, (counters, tier) => counters.allocations(tier));
  const allocatedBytes = sum((tier) => tier.allocatedBytes);
  const freedBytes = sum((tier) => tier.freedBytes);
  const limitBytes = ledger.limitKib * KiB;
  const usedBytes = (ledger.sumKib() ?? 0) * KiB;
  const handsBytes = Object.values(held).reduce((all, tier) => all + tier.usedBytes + tier.availableBytes, 0);
  const exactCounts = Object.fromEntries(
    CAUSES.map((name, cause) => [
      name,
      rows.allTiers(live, (counters, tier) => counters.served(cause, tier)),
    ]),
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
      // What is charged and held by no thread. The rows are read one after the other while their threads run
      // on.
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
    leaks: rows.total(live, (counters) => counters.leaks),
    quarantined: rows.total(live, (counters) => counters.quarantined),
    tasks: {
      ...sources.tasks,
      ...taskTimes(totals),
      byJob: Object.fromEntries(
        sources.jobs.map(([name, counts], job) => [name, { ...counts, ...taskTimes(totals, job) }]),
      ),
      silentSeconds: coordinator.silentMs(sources.nowMs) / 1000,
    },
    queue: sources.queue,
  };
  return { ...figures, health: evaluateHealth(figures, sources.health) };
}

type TaskTimes = Pick<
  TasksSnapshot,
  'queueWait' | 'intervalQueueWait' | 'serviceTime' | 'intervalServiceTime'
>;

/** Of one job, or of all. */
function taskTimes({ sinceStart, lastInterval }: Totals, job?: number): TaskTimes {
  return {
    queueWait: sinceStart.queueWait(job),
    intervalQueueWait: lastInterval.queueWait(job),
    serviceTime: sinceStart.serviceTime(job),
    intervalServiceTime: lastInterval.serviceTime(job),
  };
}

/**
 * Leases that changed their thread, and those that did not: what each shard released, less those of others.
 */
function flowOf(crossings: readonly Crossing[], live: readonly number[], rows: RowReader): Crossing[] {
  const own = [...live, GONE].map((row): Crossing => {
    const released = rows.released(row === GONE ? null : row);
    // A worker reports loans only with its result, but counts them itself.
    const foreign =
      row === MAIN_ROW
        ? crossings.reduce((sum, { releasedBy, leases }) => sum + (releasedBy === row ? leases : 0), 0)
        : rows.endedForeign(row === GONE ? null : row);
    return { acquiredBy: row, releasedBy: row, leases: Math.max(0, released - foreign) };
  });
  const others = crossings.filter(({ acquiredBy, releasedBy }) => acquiredBy !== releasedBy);
  return [...own, ...others].filter(({ leases }) => leases > 0);
}
