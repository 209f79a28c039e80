/**
 * What the coordinator reads from the rows: counts of the living, kept counts of the dead, and the change since
 * the last round. Main thread only. Everything read here is a hint or a counter; nothing decides about the budget.
 */

import {
  COUNTERS,
  FOREIGN,
  FREE,
  HELD,
  listWord,
  MAIN_ROW,
  OVERFLOWS,
  OWNER,
  RELEASES,
  rowWord,
  SERVED,
  TIERS,
} from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { CAUSES, FRESH, MAILBOX, REFUSED, TRIMMED, WAITED } from '../pool/causes.ts';
import { IDLE, IDLE_HIGH, IDLE_LOW, IDLE_PEAK } from '../pool/free-list.ts';
import { POOLED_TIERS, type TierPolicies, tierFor } from '../pool/tiers.ts';
import type { Quotas } from './quotas.ts';
import type { ShardView } from './rebalance.ts';

/** Requests that the shard's own idle memory could not serve. */
const MISSES = [MAILBOX, FRESH, TRIMMED, WAITED];

export class RowReader {
  /** Sums over the rows of threads that are gone. */
  readonly retired = new Float64Array(COUNTERS);
  readonly retiredPeaks = [0, 0, 0];
  readonly #ledger: Ledger;
  readonly #tiers: TierPolicies;
  readonly #counters: Float64Array[];
  readonly #refused = new Map<number, number>();
  readonly #gone = new Set<number>();
  readonly #before = new Map<number, Float64Array>();

  constructor(ledger: Ledger, tiers: TierPolicies) {
    this.#ledger = ledger;
    this.#tiers = tiers;
    this.#counters = Array.from({ length: ledger.rows }, (_, row) => ledger.counters(row));
  }

  counters(row: number): Float64Array {
    return this.#counters[row];
  }

  /** True while a thread holds the row. */
  taken(row: number): boolean {
    return Atomics.load(this.#ledger.words, rowWord(row) + OWNER) !== FREE;
  }

  /** Rows that a thread holds, rising. */
  live(): number[] {
    const rows = [];
    for (let row = 0; row < this.#ledger.rows; row++) if (this.taken(row)) rows.push(row);
    return rows;
  }

  /** Rows that a thread holds or held, rising. */
  known(): number[] {
    return [...new Set([...this.live(), ...this.#gone])].sort((a, b) => a - b);
  }

  /** A counter over these rows and all threads that are gone. */
  total(rows: readonly number[], counter: number): number {
    let sum = this.retired[counter];
    for (const row of rows) sum += this.#counters[row][counter];
    return sum;
  }

  /** A counter that there is one of for each tier, over all tiers. */
  allTiers(rows: readonly number[], first: number): number {
    let sum = 0;
    for (let tier = 0; tier < TIERS; tier++) sum += this.total(rows, first + tier);
    return sum;
  }

  /** Requests that got memory. */
  acquires(rows: readonly number[]): number {
    let sum = 0;
    for (const cause of CAUSES.keys()) {
      if (cause !== REFUSED) sum += this.allTiers(rows, SERVED + cause * TIERS);
    }
    return sum;
  }

  /** Of these, those of another thread. */
  endedForeign(row: number | null): number {
    return (row === null ? this.retired : this.#counters[row])[FOREIGN];
  }

  /** Leases that ended on a row; null for all threads that are gone. */
  released(row: number | null): number {
    const counters = row === null ? this.retired : this.#counters[row];
    let sum = 0;
    for (let tier = 0; tier < TIERS; tier++) sum += counters[RELEASES + tier];
    return sum;
  }

  idle(row: number, tier: number): number {
    return this.#ledger.words[listWord(row, tier, IDLE)];
  }

  idlePeak(row: number, tier: number): number {
    return this.#ledger.words[listWord(row, tier, IDLE_PEAK)];
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
    const held = Math.round(this.#counters[row][HELD + tier] / this.tierKib(tier));
    return Math.max(0, held - this.idle(row, tier));
  }

  /** Workers' rows with idle memory, those with most first. */
  donors(): number[] {
    const idle = new Map<number, number>();
    for (let row = MAIN_ROW + 1; row < this.#ledger.rows; row++) {
      const kib = this.taken(row) ? this.idleKib(row) : 0;
      if (kib > 0) idle.set(row, kib);
    }
    // Sorted by what was read once: idle memory comes and goes meanwhile.
    return [...idle].sort(([, a], [, b]) => b - a).map(([row]) => row);
  }

  /** Requests that ended without memory since the last call. */
  newlyRefused(row: number): number {
    let refused = 0;
    for (let tier = 0; tier < TIERS; tier++) refused += this.#counters[row][SERVED + REFUSED * TIERS + tier];
    const before = this.#refused.get(row) ?? 0;
    this.#refused.set(row, refused);
    return refused - before;
  }

  /** The rows as the policy sees them, over the time since the last call. */
  views(rows: readonly number[], quotas: Quotas): ShardView[] {
    return rows.map((row) => {
      const now = this.#counters[row].slice();
      const before = this.#before.get(row) ?? new Float64Array(COUNTERS);
      this.#before.set(row, now);
      const since = (counter: number): number => now[counter] - before[counter];
      const each = <T>(of: (tier: number) => T): T[] => [0, 1, 2].map(of);
      const word = (which: number, tier: number): number => this.#ledger.words[listWord(row, tier, which)];
      // Read once: the shard goes on meanwhile, and the three must fit together.
      const idle = each((tier) => word(IDLE, tier));
      return {
        row,
        idle,
        idleLow: each((tier) => Math.min(idle[tier], word(IDLE_LOW, tier))),
        idleHigh: each((tier) => Math.max(idle[tier], word(IDLE_HIGH, tier))),
        quota: quotas.of(row),
        misses: each((tier) => MISSES.reduce((sum, cause) => sum + since(SERVED + cause * TIERS + tier), 0)),
        overflows: each((tier) => since(OVERFLOWS + tier)),
      };
    });
  }

  /** From here on the marks tell of the next interval. */
  resetMarks(rows: readonly number[]): void {
    const { words } = this.#ledger;
    for (const row of rows) {
      for (let tier = 0; tier < POOLED_TIERS; tier++) {
        words[listWord(row, tier, IDLE_LOW)] = 0x7fffffff;
        words[listWord(row, tier, IDLE_HIGH)] = 0;
      }
    }
  }

  /** Keeps the counts of a row before it is cleared. */
  retire(row: number): void {
    const counters = this.#counters[row];
    for (let counter = 0; counter < COUNTERS; counter++) this.retired[counter] += counters[counter];
    for (let tier = 0; tier < POOLED_TIERS; tier++) this.retiredPeaks[tier] += this.idlePeak(row, tier);
    this.#before.delete(row);
    this.#refused.delete(row);
    this.#gone.add(row);
  }
}
