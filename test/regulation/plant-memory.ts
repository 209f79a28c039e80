/**
 * Owns the shards of a made-up runtime, the main thread's as well: buffers in use and idle, and quotas.
 * Stands where the regulator expects the coordinator and the ledger. What a shard is told reaches it with
 * `deliver`, as mail does at a safepoint.
 * Invariant: what is held is within the budget, always; quotas are all with a shard, spare or in the mail.
 */
import { Ledger } from '../../src/budget/ledger.ts';
import { type Bytes, KiB } from '../../src/bytes.ts';
import { EVERYTHING } from '../../src/coordinator/cleanup.ts';
import { SPARE } from '../../src/coordinator/quota-moves.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import type { ShardView } from '../../src/coordinator/rebalance.ts';
import { Usage } from '../../src/coordinator/usage.ts';
import { CAUSES } from '../../src/pool/causes.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { RegulatedLedger, RegulatedMemory } from '../../src/regulation/ports.ts';
import type { Lowered } from './closed-loop.ts';

interface Row {
  readonly use: number[];
  readonly idle: number[];
  /** Fewest and most idle since the last round. */
  readonly low: number[];
  readonly high: number[];
  /** Freed since then because the list was at its quota. */
  readonly overflows: number[];
}

type Mail =
  | { readonly kind: 'clear'; readonly row: number; readonly counts: readonly number[] }
  | { readonly kind: 'quota'; readonly row: number; readonly tier: number; readonly count: number };

const none = (): number[] => [0, 0, 0];

export class PlantMemory implements RegulatedMemory, RegulatedLedger {
  readonly header = Ledger.create(1, 0).header;
  readonly limitKib: number;
  readonly loans = { bytes: 0 };
  readonly rows: RegulatedMemory['rows'];
  readonly cleanup: RegulatedMemory['cleanup'];
  readonly lowered: Lowered[] = [];
  readonly capacities: readonly Bytes[];
  scarce = false;
  critical = false;
  processedBytes = 0;
  longestBytes: Bytes | null = null;
  /** By cause, of requests of all workers. */
  readonly requests = CAUSES.map(() => ({ count: 0, nanoseconds: 0 }));
  readonly #rows: readonly Row[];
  readonly #quotas: Quotas;
  readonly #usage = new Usage();
  readonly #allocatedKib = none();
  readonly #dropped = new Map<number, number[]>();
  #mail: Mail[] = [];
  #draining = false;
  #heldKib = 0;

  constructor({ budgetBytes, tiers }: PoolOptions, threads: number) {
    this.limitKib = Math.floor(budgetBytes / KiB);
    this.capacities = tiers.map(({ capacity }) => capacity);
    this.#quotas = new Quotas(tiers, threads + 1);
    this.#rows = Array.from({ length: threads + 1 }, () => ({
      use: none(),
      idle: none(),
      low: none(),
      high: none(),
      overflows: none(),
    }));
    const live = [...this.#rows.keys()];
    for (const row of live) this.#quotas.open(row);
    this.rows = {
      live: () => live,
      idle: (row, tier) => this.#rows[row].idle[tier],
      idleKib: (row) => this.#kib(this.#rows[row].idle),
      tierKib: (tier) => this.#tierKib(tier),
      processedBytes: () => this.processedBytes,
      longestBlockBytes: () => this.longestBytes,
      requests: () => this.requests,
      allocatedKib: (_rows, tier) => this.#allocatedKib[tier] ?? 0,
    };
    this.cleanup = {
      takeUse: () => this.#usage.take().map((use) => ({ ...use, quota: [...this.#quotas.of(use.row)] })),
      clear: (row, counts) => this.#clear(row, counts),
      keptKib: () => 0,
      lowerQuota: (row, tier, count) => {
        const taken = this.#takeQuota(row, tier, count) > 0;
        if (taken) this.lowered.push({ row, tier, left: this.#quotas.of(row)[tier] });
        return taken;
      },
      refill: () => {
        this.#draining = false;
        this.#giveBack();
      },
    };
  }

  sumKib(): number {
    return this.#heldKib;
  }

  chargedKib(row: number): number {
    const { use, idle } = this.#rows[row];
    return this.#kib(use) + this.#kib(idle);
  }

  /** As the coordinator's, but nothing stays; quotas are dropped until `refill`. */
  drain(): number {
    this.#draining = true;
    let kib = 0;
    for (const row of this.#rows.keys()) {
      kib += this.#clear(row, EVERYTHING);
      const dropped = this.#dropped.get(row) ?? none();
      this.#dropped.set(row, dropped);
      this.#quotas.of(row).forEach((quota, tier) => {
        dropped[tier] += this.#takeQuota(row, tier, quota);
      });
    }
    return kib;
  }

  get quotas(): readonly (readonly number[])[] {
    return this.rows.live().map((row) => this.#quotas.of(row));
  }

  // The shards' side.

  inUse(row: number, tier: number): number {
    return this.#rows[row].use[tier];
  }

  acquire(at: number, tier: number): boolean {
    const row = this.#rows[at];
    if (row.idle[tier] > 0) this.#setIdle(row, tier, row.idle[tier] - 1);
    else {
      const kib = this.#tierKib(tier);
      if (this.#heldKib + kib > this.limitKib) this.#freeIdle();
      if (this.#heldKib + kib > this.limitKib) return false;
      this.#heldKib += kib;
      this.#allocatedKib[tier] += kib;
    }
    row.use[tier]++;
    return true;
  }

  release(at: number, tier: number): void {
    const row = this.#rows[at];
    row.use[tier]--;
    if (row.idle[tier] < this.#quotas.of(at)[tier]) this.#setIdle(row, tier, row.idle[tier] + 1);
    else {
      row.overflows[tier]++;
      this.#heldKib -= this.#tierKib(tier);
    }
  }

  /** All shards come by a safepoint and do what they were told. */
  deliver(): void {
    const mail = this.#mail;
    this.#mail = [];
    for (const message of mail) {
      const row = this.#rows[message.row];
      if (message.kind === 'clear') {
        message.counts.forEach((count, tier) => void this.#free(row, tier, count));
      } else {
        const { tier, count } = message;
        this.#free(row, tier, row.idle[tier] - this.#quotas.of(message.row)[tier]);
        this.#quotas.raise(SPARE, tier, count);
      }
    }
  }

  /** One round of the coordinator: notes what was used, and gives spare quota to who freed for lack of it. */
  round(): void {
    this.#usage.observe(
      this.#rows.map((row, at) => this.#view(row, at)),
      (row, tier) => this.inUse(row, tier),
    );
    if (!this.#draining) this.#giveBack();
    for (const [at, row] of this.#rows.entries()) {
      for (let tier = 0; tier < row.idle.length; tier++) {
        if (!this.scarce) this.#spend(at, tier, row.overflows[tier]);
        row.overflows[tier] = 0;
        row.low[tier] = row.idle[tier];
        row.high[tier] = row.idle[tier];
      }
    }
  }

  #view({ idle, low, high, overflows }: Row, row: number): ShardView {
    const quota = this.#quotas.of(row);
    return { row, idle, idleLow: low, idleHigh: high, quota, misses: overflows, overflows };
  }

  #clear(row: number, counts: readonly number[]): number {
    const kib = this.#kib(this.#rows[row].idle.map((idle, tier) => Math.min(idle, counts[tier])));
    if (kib > 0) this.#mail.push({ kind: 'clear', row, counts });
    return kib;
  }

  /** Returns how much is on its way: none while the shard still owes an answer. */
  #takeQuota(row: number, tier: number, most: number): number {
    const owes = this.#mail.some((mail) => mail.kind === 'quota' && mail.row === row && mail.tier === tier);
    const count = owes ? 0 : Math.min(most, this.#quotas.of(row)[tier]);
    if (count === 0) return 0;
    this.#quotas.lower(row, tier, count);
    this.#mail.push({ kind: 'quota', row, tier, count });
    return count;
  }

  #giveBack(): void {
    for (const [row, dropped] of this.#dropped) {
      dropped.forEach((count, tier) => {
        dropped[tier] -= this.#spend(row, tier, count);
      });
      if (dropped.every((count) => count === 0)) this.#dropped.delete(row);
    }
  }

  #spend(row: number, tier: number, most: number): number {
    const count = this.#quotas.takeSpare(tier, most);
    if (count > 0) this.#quotas.raise(row, tier, count);
    return count;
  }

  /** Who starves makes all others free what is idle. */
  #freeIdle(): void {
    for (const row of this.#rows) {
      for (let tier = 0; tier < row.idle.length; tier++) this.#free(row, tier, row.idle[tier]);
    }
  }

  #free(row: Row, tier: number, most: number): void {
    const count = Math.max(0, Math.min(most, row.idle[tier]));
    this.#setIdle(row, tier, row.idle[tier] - count);
    this.#heldKib -= count * this.#tierKib(tier);
  }

  #setIdle(row: Row, tier: number, idle: number): void {
    row.idle[tier] = idle;
    row.low[tier] = Math.min(row.low[tier], idle);
    row.high[tier] = Math.max(row.high[tier], idle);
  }

  #tierKib(tier: number): number {
    return this.capacities[tier] / KiB;
  }

  #kib(counts: readonly number[]): number {
    return counts.reduce((sum, count, tier) => sum + count * this.#tierKib(tier), 0);
  }
}
