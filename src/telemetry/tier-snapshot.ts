/** What the tiers of a runtime hold and have served. Pure, but for the rows that it reads as they are. */
import type { Counters } from '../budget/counters.ts';
import { type Bytes, KiB } from '../bytes.ts';
import type { RowReader } from '../coordinator/row-reader.ts';
import { CAUSES, REFUSED, REUSING } from '../pool/causes.ts';
import { DIRECT, POOLED_TIERS, TIER_NAMES, type TierName } from '../pool/tiers.ts';

export interface TierSnapshot {
  /** Requests that got memory. */
  readonly acquires: number;
  /** Of these, served from memory already pooled: own list, mailbox, next tier up. */
  readonly hits: number;
  readonly hitRate: number;
  /** Leases that ended: released, or reclaimed at the end of their task. */
  readonly releases: number;
  /** Buffers freed because the free list was full. */
  readonly overflows: number;
  /** Bytes that were allocated from the system, and freed to it, since the start. */
  readonly allocatedBytes: Bytes;
  readonly freedBytes: Bytes;
  /** Buffers. */
  readonly idle: number;
  /** The sum of each shard's largest number of idle buffers. */
  readonly idlePeak: number;
  /** Of the tier's bytes, the share under a lease. */
  readonly utilization: number;
}

/** Bytes held: under a lease or in quarantine, and idle. */
export interface HeldBytes {
  readonly usedBytes: Bytes;
  readonly availableBytes: Bytes;
}

/** The causes that served memory. */
const SERVING = CAUSES.map((_, cause) => cause).filter((cause) => cause !== REFUSED);

export function tierSnapshots(
  rows: RowReader,
  live: readonly number[],
  held: Readonly<Record<TierName, HeldBytes>>,
): Record<TierName, TierSnapshot> {
  const total = (of: (counters: Counters) => number): number => rows.total(live, of);
  const served = (causes: readonly number[], tier: number): number =>
    causes.reduce((sum, cause) => sum + total((counters) => counters.served(cause, tier)), 0);
  return byName((tier, name) => {
    const acquires = served(SERVING, tier);
    const hits = served(REUSING, tier);
    return {
      acquires,
      hits,
      hitRate: share(hits, acquires),
      releases: total((counters) => counters.releases(tier)),
      overflows: total((counters) => counters.overflows(tier)),
      allocatedBytes: rows.allocatedKib(live, tier) * KiB,
      freedBytes: total((counters) => counters.freedKib(tier)) * KiB,
      idle: tier < POOLED_TIERS ? live.reduce((sum, row) => sum + rows.idle(row, tier), 0) : 0,
      idlePeak:
        tier < POOLED_TIERS
          ? live.reduce((sum, row) => sum + rows.idlePeak(row, tier), rows.retiredPeaks[tier])
          : 0,
      utilization: utilization(held[name]),
    };
  });
}

/** By tier, what these rows hold: under a lease or in quarantine, and idle. */
export function heldByTier(rows: RowReader, live: readonly number[]): Record<TierName, HeldBytes> {
  return byName((tier) => {
    const availableBytes = live.reduce((sum, row) => sum + idleBytes(rows, row, tier), 0);
    const heldBytes = rows.heldKib(live, tier) * KiB;
    return { usedBytes: Math.max(0, heldBytes - availableBytes), availableBytes };
  });
}

export function idleBytes(rows: RowReader, row: number, tier: number): number {
  return tier === DIRECT ? 0 : rows.idle(row, tier) * rows.tierKib(tier) * KiB;
}

export function utilization({ usedBytes, availableBytes }: HeldBytes): number {
  return share(usedBytes, usedBytes + availableBytes);
}

/** 0 where there is nothing to share. */
export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

export function sumOf<T>(record: Readonly<Record<TierName, T>>, of: (value: T) => number): number {
  return Object.values(record).reduce((sum, value) => sum + of(value as T), 0);
}

export function byName<T>(of: (tier: number, name: TierName) => T): Record<TierName, T> {
  return Object.fromEntries(TIER_NAMES.map((name, tier) => [name, of(tier, name)])) as Record<TierName, T>;
}
