/**
 * What a shard's thread draws from: its row of the ledger, its mailbox, and waiting for memory.
 * Owned by that thread. Invariant: the row's starving words show the need of the set whose turn is the
 * earliest, or else the largest; 0 when it is empty.
 */
import { Counting } from '../budget/counting.ts';
import { isBefore, type Ledger } from '../budget/ledger.ts';
import type { LedgerRow } from '../budget/row.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { REFUSED } from '../pool/causes.ts';
import type { Store } from '../pool/store.ts';
import type { Need, Supply } from '../pool/supply.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import { channels } from '../telemetry/channels.ts';
import { nowMs, sleep } from '../timers.ts';

/** What differs between the main thread and a worker. */
export interface Surroundings {
  readonly canBlock: boolean;
  safepoint(): void;
  returnLoan(store: Store): void;
  goesBack(store: Store): boolean;
  /** The task that runs on this thread, 0 for none. */
  currentTask(): number;
  /** A message said that its caller does not wait for it any more. */
  currentCancelled(): boolean;
  /** Memory of other tasks waits here for the end of the one that runs. */
  othersHold(): boolean;
}

export class ThreadSupply implements Supply {
  readonly canBlock: boolean;
  readonly #ledger: Ledger;
  readonly #row: number;
  readonly #words: LedgerRow;
  readonly #around: Surroundings;
  readonly #needs = new Set<Need>();
  /** The word that changes with each cancel, as it was when messages were last read for it. */
  #cancels: number;

  constructor(ledger: Ledger, row: number, around: Surroundings) {
    this.#ledger = ledger;
    this.#row = row;
    this.#words = ledger.row(row);
    this.#around = around;
    this.#cancels = this.#words.cancels;
    this.canBlock = around.canBlock;
  }

  get limitBytes(): Bytes {
    return this.#ledger.limitKib * KiB;
  }

  get critical(): boolean {
    return this.#ledger.header.critical && !this.#words.declared;
  }

  usedBytes(): Bytes {
    return (this.#ledger.sumKib() ?? this.#ledger.limitKib) * KiB;
  }

  reserve(kib: number, leaveKib = 0): boolean {
    return this.#ledger.reserve(this.#row, kib, leaveKib);
  }

  uncharge(kib: number): void {
    this.#ledger.uncharge(this.#row, kib);
  }

  allocate(capacity: Bytes): ArrayBuffer {
    return new ArrayBuffer(capacity);
  }

  safepoint(): void {
    this.#around.safepoint();
  }

  returnLoan(store: Store): void {
    this.#around.returnLoan(store);
  }

  goesBack(store: Store): boolean {
    return this.#around.goesBack(store);
  }

  starve(need: Need): void {
    this.#needs.add(need);
    this.#publishNeed();
    // The row is written before the words that point to it, so that the coordinator finds the need.
    const { header } = this.#ledger;
    header.raiseHunger(need.kib);
    header.wakeCoordinator();
  }

  fed(need: Need): void {
    this.#needs.delete(need);
    this.#publishNeed();
    // It lowers the hunger word, so that others keep again what they release.
    this.#ledger.header.wakeCoordinator();
    // Those that gave way to it sleep, though nothing comes free.
    if (need.turn !== undefined) this.#ledger.wake();
  }

  drawTurn(): number {
    return this.#ledger.header.drawTurn();
  }

  owedKib(need: Need | null): number {
    // Nobody waits; or a word that was lowered too early is raised again within a slice of the wait.
    if (this.#ledger.header.hungerKib === 0) return 0;
    // What a task declared is kept for it.
    if (this.#words.declared) return 0;
    // The first may wait for that.
    if (this.#around.othersHold()) return 0;
    const own = this.#first();
    const other = this.#ledger.firstTurn(this.#row, own?.turn);
    if (other !== null) return other.kib;
    return own === null || own === need ? 0 : own.kib;
  }

  wakeWord(): number {
    return this.#ledger.wakeWord();
  }

  wait(seen: number, milliseconds: number): void {
    this.#ledger.header.waitForWake(seen, milliseconds);
  }

  async waitAsync(seen: number, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const wake = this.#ledger.header.waitForWakeAsync(seen, milliseconds);
    if (wake === null) return;
    // That alone does not keep the process alive, and knows no signal: a timer beside it does both.
    const over = new AbortController();
    const watched = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    try {
      await Promise.race([wake, sleep(milliseconds, undefined, { signal: watched })]);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      over.abort();
    }
  }

  cancelled(): boolean {
    const { cancels } = this.#words;
    if (cancels !== this.#cancels) {
      this.#cancels = cancels;
      // Which task it is, its message says: that was posted before the word changed.
      this.#around.safepoint();
    }
    return this.#around.currentCancelled();
  }

  now(): number {
    return nowMs() * 1e6;
  }

  #publishNeed(): void {
    let shown = this.#first();
    if (shown === null) for (const need of this.#needs) if (need.kib > (shown?.kib ?? 0)) shown = need;
    this.#words.starve(shown?.kib ?? 0, shown?.tier ?? 0, shown?.turn);
  }

  /** The need of this thread whose turn is the earliest. */
  #first(): Need | null {
    let first: Need | null = null;
    for (const need of this.#needs) {
      if (need.turn !== undefined && isBefore(need.turn, first?.turn ?? 0)) first = need;
    }
    return first;
  }
}

/**
 * The counters of this thread's row. What it frees is also announced, and what was in use at a refusal kept.
 */
export class RowCounts extends Counting {
  readonly #ledger: Ledger;
  readonly #words: LedgerRow;

  constructor(ledger: Ledger, row: number) {
    super(ledger.row(row));
    this.#ledger = ledger;
    this.#words = ledger.row(row);
  }

  override served(cause: number, tier: number): void {
    if (cause === REFUSED) this.#words.refusedAtKib = this.#ledger.sumKib() ?? this.#ledger.limitKib;
    super.served(cause, tier);
  }

  override freed(tier: number, kib: number): void {
    super.freed(tier, kib);
    channels.releaseToMemory.publish(() => ({ tier: TIER_NAMES[tier], bytes: kib * KiB }));
  }
}
