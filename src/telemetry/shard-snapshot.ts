/** What one shard holds and has done. Pure, but for the row that it reads as it is. */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { POOLED_TIERS, type TierName } from '../pool/tiers.ts';
import { byName, type HeldBytes, idleBytes, sumOf, utilization } from './tier-snapshot.ts';

export interface ShardTierSnapshot extends HeldBytes {
  readonly utilization: number;
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
  readonly utilization: number;
  /** Audio that its jobs reported as processed. */
  readonly processedBytes: Bytes;
  readonly idle: Readonly<Record<TierName, number>>;
  readonly quota: Readonly<Record<TierName, number>>;
  readonly byTier: Readonly<Record<TierName, ShardTierSnapshot>>;
}

export function shardSnapshot(row: number, ledger: Ledger, rows: RowReader): ShardSnapshot {
  const words = ledger.row(row);
  const { counters } = words;
  const byTier = byName((tier) => {
    const availableBytes = idleBytes(rows, row, tier);
    const usedBytes = Math.max(0, counters.heldKib(tier) * KiB - availableBytes);
    return { usedBytes, availableBytes, utilization: utilization({ usedBytes, availableBytes }) };
  });
  return {
    shard: row - MAIN_ROW,
    chargedBytes: ledger.chargedKib(row) * KiB,
    idleBytes: rows.idleKib(row) * KiB,
    starvingBytes: words.starvingKib * KiB,
    acquires: counters.acquires,
    releases: counters.allReleases,
    utilization: utilization({
      usedBytes: sumOf(byTier, ({ usedBytes }) => usedBytes),
      availableBytes: sumOf(byTier, ({ availableBytes }) => availableBytes),
    }),
    processedBytes: counters.processedBytes,
    idle: byName((tier) => (tier < POOLED_TIERS ? rows.idle(row, tier) : 0)),
    quota: byName((tier) => (tier < POOLED_TIERS ? words.quota(tier) : 0)),
    byTier,
  };
}
