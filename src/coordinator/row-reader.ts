/**
 * What the coordinator reads from the rows: counts of live rows, kept counts of dead ones, and the change
 * since the last round. Main thread only. Everything read here is a hint or a counter; nothing decides about
 * the budget.
 */

import { Counters } from '../budget/counters.ts';
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { LedgerRow } from '../budget/row.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { CAUSES, FRESH, MAILBOX, TRIMMED, WAITED } from '../pool/causes.ts';
import { POOLED_TIERS, TIER_NAMES, type TierPolicies, tierFor } from '../pool/tiers.ts';
import type { Quotas } from './quotas.ts';
import type { ShardView } from './rebalance.ts';

/** Requests that the shard's own idle memory could not serve. */
const MISSES = [MAILBOX, FRESH, TRIMMED, WAITED];
/** What a row that is new had counted before. */
const NOTHING = new Counters();

interface RequestTime {
  readonly count: number;
  readonly nanoseconds: number;
}

export class RowReader {
  /** Sums over the rows of threads that are gone. */
  readonly retired = new Counters();
  readonly retiredPeaks = [0, 0, 0];
  readonly #tiers: TierPolicies;
  readonly #rows: readonly LedgerRow[];
  readonly #refused = new Map<number, number>();
  readonly #gone = new Set<number>();
  readonly #before = new Map<number, Counters>();

  constructor(ledger: Ledger, tiers: TierPolicies) {
    this.#tiers = tiers;
    this.#rows = Array.from({ length: ledger.rows }, (_, row) => ledger.row(row));
  }

  /** True while a thread holds the row. */
  taken(row: number): boolean {
    return this.#rows[row].taken;
  }

  /** Rows that a thread holds, rising. */
  live(): number[] {
    const rows = [];
    for (const row of this.#rows.keys()) if (this.taken(row)) rows.push(row);
    return rows;
  }

  /** Rows that a thread holds or held, rising. */
  known(): number[] {
    return [...new Set([...this.live(), ...this.#gone])].sort((a, b) => a - b);
  }

  /** A counter over these rows and all threads that are gone. */
  total(rows: readonly number[], of: (counters: Counters) => number): number {
    let sum = of(this.retired);
    for (const row of rows) sum += of(this.#rows[row].counters);
    return sum;
  }

  /** As `total`, a counter that there is one of for each tier, over all tiers. */
  allTiers(rows: readonly number[], of: (counters: Counters, tier: number) => number): number {
    return this.total(rows, (counters) => TIER_NAMES.reduce((sum, _, tier) => sum + of(counters, tier), 0));
  }

  /** Of audio, as jobs reported it; as `total`. */
  processedBytes(rows: readonly number[]): Bytes {
    return this.total(rows, (counters) => counters.processedBytes);
  }

  /** Of the longest block that a job on any of these rows would work in; null where none has said. */
  longestBlockBytes(rows: readonly number[]): Bytes | null {
    const longest = Math.max(0, ...rows.map((row) => this.#rows[row].longestBlockBytes));
    return longest === 0 ? null : longest;
  }

  /**
   * By cause, the requests of worker threads and the nanoseconds that these spent in them; as `total`. Those
   * of the main thread wait beside other work: their times are a share of nothing.
   */
  requests(rows: readonly number[]): RequestTime[] {
    const workers = rows.filter((row) => row !== MAIN_ROW);
    const tiers = [...TIER_NAMES.keys()];
    return CAUSES.map((_, cause) => ({
      count: this.total(workers, (counters) =>
        tiers.reduce((sum, tier) => sum + counters.served(cause, tier), 0),
      ),
      nanoseconds: this.total(workers, (counters) => counters.spentNanoseconds(cause)),
    }));
  }

  /** From the system, of a tier; as `total`. */
  allocatedKib(rows: readonly number[], tier: number): number {
    return this.total(rows, (counters) => counters.allocatedKib(tier));
  }

  /** KiB of a tier that these rows' threads hold: idle, leased or in quarantine. */
  heldKib(rows: readonly number[], tier: number): number {
    return rows.reduce((sum, row) => sum + this.#rows[row].counters.heldKib(tier), 0);
  }

  /** Leases that ended on a row; null for all threads that are gone. */
  released(row: number | null): number {
    return this.#countersOf(row).allReleases;
  }

  /** Of these, those of another thread. */
  endedForeign(row: number | null): number {
    return this.#countersOf(row).endedForeign;
  }

  idle(row: number, tier: number): number {
    return this.#rows[row].idle(tier);
  }

  idlePeak(row: number, tier: number): number {
    return this.#rows[row].idlePeak(tier);
  }

  tierKib(tier: number): number {
    return tier < POOLED_TIERS ? this.#tiers[tier].capacity / KiB : 0;
  }

  tierOf(bytes: Bytes): number {
    return tierFor(bytes, this.#tiers);
  }

  idleKib(row: number): number {
    let kib = 0;
    for (let tier = 0; tier < POOLED_TIERS; tier++) kib += this.idle(row, tier) * this.tierKib(tier);
    return kib;
  }

  /** Buffers of a tier that the row's thread has, but not idle: under a lease or in quarantine. */
  inUse(row: number, tier: number): number {
    const held = Math.round(this.#rows[row].counters.heldKib(tier) / this.tierKib(tier));
    return Math.max(0, held - this.idle(row, tier));
  }

  /** Workers' rows with idle memory, those with most first. */
  donors(): number[] {
    const idle = new Map<number, number>();
    for (let row = MAIN_ROW + 1; row < this.#rows.length; row++) {
      const kib = this.taken(row) ? this.idleKib(row) : 0;
      if (kib > 0) idle.set(row, kib);
    }
    // Sorted by what was read once: idle memory comes and goes meanwhile.
    return [...idle].sort(([, a], [, b]) => b - a).map(([row]) => row);
  }

  /** Requests that ended without memory since the last call. */
  newlyRefused(row: number): number {
    const { refused } = this.#rows[row].counters;
    const before = this.#refused.get(row) ?? 0;
    this.#refused.set(row, refused);
    return refused - before;
  }

  /** What all shards together were charged when a request of the row was last refused. */
  refusedAtBytes(row: number): Bytes {
    return this.#rows[row].refusedAtKib * KiB;
  }

  /** The rows as the policy sees them, over the time since the last call. */
  views(rows: readonly number[], quotas: Quotas): ShardView[] {
    return rows.map((row) => {
      const shard = this.#rows[row];
      const now = shard.counters.copy();
      const before = this.#before.get(row) ?? NOTHING;
      this.#before.set(row, now);
      const since = (of: (counters: Counters) => number): number => of(now) - of(before);
      const each = <T>(of: (tier: number) => T): T[] => [0, 1, 2].map(of);
      // Read once: the shard goes on meanwhile, and the three must fit together.
      const idle = each((tier) => shard.idle(tier));
      return {
        row,
        idle,
        idleLow: each((tier) => Math.min(idle[tier], shard.idleLow(tier))),
        idleHigh: each((tier) => Math.max(idle[tier], shard.idleHigh(tier))),
        quota: quotas.of(row),
        misses: each((tier) =>
          MISSES.reduce((sum, cause) => sum + since((counters) => counters.served(cause, tier)), 0),
        ),
        overflows: each((tier) => since((counters) => counters.overflows(tier))),
      };
    });
  }

  /** The marks are those of the next interval from here on. */
  resetMarks(rows: readonly number[]): void {
    for (const row of rows) this.#rows[row].resetMarks();
  }

  /** Keeps the counts of a row before it is cleared. */
  retire(row: number): void {
    this.retired.add(this.#rows[row].counters);
    for (let tier = 0; tier < POOLED_TIERS; tier++) this.retiredPeaks[tier] += this.idlePeak(row, tier);
    this.#before.delete(row);
    this.#refused.delete(row);
    this.#gone.add(row);
  }

  #countersOf(row: number | null): Counters {
    return row === null ? this.retired : this.#rows[row].counters;
  }
}
