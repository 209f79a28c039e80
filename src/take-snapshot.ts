/** What a runtime shows of itself: plain JSON, read from the ledger's rows by the main thread. */

import {
  BLOCK,
  LEAKS,
  MAIN_ROW,
  OVERFLOWS,
  QUARANTINED,
  QUOTA,
  RELEASES,
  rowWord,
  SERVED,
  STARVING,
  TIERS,
} from './budget/layout.ts';
import type { Ledger } from './budget/ledger.ts';
import { type Bytes, KiB } from './bytes.ts';
import type { RowReader } from './coordinator/row-reader.ts';
import { CAUSES, type CauseName, HIT, LARGER, MAILBOX, REFUSED } from './pool/causes.ts';
import { POOLED_TIERS, TIER_NAMES, type TierName } from './pool/tiers.ts';
import type { LatencySummary } from './telemetry/snapshot.ts';
import type { Totals } from './telemetry/totals.ts';

export interface TierSnapshot {
  /** Requests that got memory. */
  readonly acquires: number;
  /** Of these, served from memory already pooled: own list, mailbox, next tier up. */
  readonly hits: number;
  /** Leases that ended: released, or reclaimed at the end of their task. */
  readonly releases: number;
  /** Buffers freed because the free list was full. */
  readonly overflows: number;
  readonly idle: number;
  /** The sum of each shard's largest number of idle buffers. */
  readonly idlePeak: number;
}

export interface ShardSnapshot {
  /** 0 is the main thread. */
  readonly shard: number;
  readonly chargedBytes: Bytes;
  readonly idleBytes: Bytes;
  /** The largest request that waits for memory now, 0 when none does. */
  readonly starvingBytes: Bytes;
  readonly acquires: number;
  readonly releases: number;
  readonly idle: Readonly<Record<TierName, number>>;
  readonly quota: Readonly<Record<TierName, number>>;
}

export interface Snapshot {
  readonly threads: number;
  readonly budget: {
    readonly limitBytes: Bytes;
    readonly usedBytes: Bytes;
    /** The largest sum that a successful reservation accepted. */
    readonly peakBytes: Bytes;
  };
  readonly pool: {
    readonly acquires: number;
    /** Share of `acquires` served from memory already pooled, 0 to 1. */
    readonly hitRate: number;
    readonly refused: number;
    readonly byTier: Readonly<Record<TierName, TierSnapshot>>;
  };
  readonly latency: LatencySummary;
  readonly block: { readonly bytes: Bytes };
  readonly shards: readonly ShardSnapshot[];
  readonly loans: { readonly count: number; readonly bytes: Bytes };
  readonly leaks: number;
  readonly quarantined: number;
  readonly tasks: TaskCounts;
}

export interface TaskCounts {
  readonly queued: number;
  readonly running: number;
  readonly succeeded: number;
  /** Ended with the job's own error. */
  readonly failed: number;
  readonly cancelled: number;
  /** Died with their worker. */
  readonly lost: number;
}

export interface SnapshotSources {
  readonly threads: number;
  readonly ledger: Ledger;
  readonly rows: RowReader;
  readonly totals: Totals;
  readonly loans: { readonly count: number; readonly bytes: Bytes };
  readonly tasks: TaskCounts;
}

export function takeSnapshot(sources: SnapshotSources): Snapshot {
  const { ledger, rows, loans } = sources;
  const live = Array.from({ length: ledger.rows }, (_, row) => row).filter((row) => rows.taken(row));
  const total = (counter: number): number =>
    live.reduce((sum, row) => sum + rows.counters(row)[counter], rows.retired[counter]);
  const served = (cause: number, tier: number): number => total(SERVED + cause * TIERS + tier);

  const byTier = byName((tier) => {
    const acquires = SERVING.reduce((sum, cause) => sum + served(cause, tier), 0);
    const pooled = tier < POOLED_TIERS;
    return {
      acquires,
      hits: served(HIT, tier) + served(MAILBOX, tier) + served(LARGER, tier),
      releases: total(RELEASES + tier),
      overflows: total(OVERFLOWS + tier),
      idle: pooled ? live.reduce((sum, row) => sum + rows.idle(row, tier), 0) : 0,
      idlePeak: pooled
        ? live.reduce((sum, row) => sum + rows.idlePeak(row, tier), rows.retiredPeaks[tier])
        : 0,
    };
  });
  const tiers = Object.values(byTier);
  const acquires = tiers.reduce((sum, tier) => sum + tier.acquires, 0);
  const hits = tiers.reduce((sum, tier) => sum + tier.hits, 0);
  const byCause = CAUSES.map((_, cause) =>
    TIER_NAMES.reduce((sum, _name, tier) => sum + served(cause, tier), 0),
  );

  return {
    threads: sources.threads,
    budget: {
      limitBytes: ledger.limitKib * KiB,
      usedBytes: (ledger.sumKib() ?? 0) * KiB,
      peakBytes: ledger.peakKib * KiB,
    },
    pool: {
      acquires,
      hitRate: acquires === 0 ? 0 : hits / acquires,
      refused: byCause[REFUSED],
      byTier,
    },
    latency: sources.totals.latency(
      Object.fromEntries(CAUSES.map((cause, at) => [cause, byCause[at]])) as Record<CauseName, number>,
    ),
    block: { bytes: ledger.words[BLOCK] },
    shards: live.map((row) => shardSnapshot(row, ledger, rows)),
    loans: { count: loans.count, bytes: loans.bytes },
    leaks: total(LEAKS),
    quarantined: total(QUARANTINED),
    tasks: sources.tasks,
  };
}

const SERVING = CAUSES.map((_, cause) => cause).filter((cause) => cause !== REFUSED);

function shardSnapshot(row: number, ledger: Ledger, rows: RowReader): ShardSnapshot {
  const counters = rows.counters(row);
  const sum = (first: number, count: number): number =>
    counters.subarray(first, first + count).reduce((total, value) => total + value, 0);
  return {
    shard: row - MAIN_ROW,
    chargedBytes: ledger.chargedKib(row) * KiB,
    idleBytes: rows.idleKib(row) * KiB,
    starvingBytes: ledger.words[rowWord(row) + STARVING] * KiB,
    acquires: SERVING.reduce((total, cause) => total + sum(SERVED + cause * TIERS, TIERS), 0),
    releases: sum(RELEASES, TIERS),
    idle: byName((tier) => (tier < POOLED_TIERS ? rows.idle(row, tier) : 0)),
    quota: byName((tier) => (tier < POOLED_TIERS ? ledger.words[rowWord(row) + QUOTA + tier] : 0)),
  };
}

function byName<T>(of: (tier: number) => T): Record<TierName, T> {
  return Object.fromEntries(TIER_NAMES.map((name, tier) => [name, of(tier)])) as Record<TierName, T>;
}
