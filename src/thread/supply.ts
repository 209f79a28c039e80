/**
 * What a shard's thread draws from: its row of the ledger, its mailbox, and waiting for memory.
 * Owned by that thread. Invariant: the row's starving words show the largest need in the set, 0 when it is empty.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ALLOCATED,
  ALLOCATIONS,
  CANCEL,
  CRITICAL,
  DECLARED,
  FOREIGN,
  FREED,
  HELD,
  HUNGER,
  LEAKS,
  LISTS,
  MAIL,
  OVERFLOWS,
  QUARANTINED,
  QUOTA,
  RELEASES,
  rowWord,
  SERVED,
  STARVED,
  STARVING,
  STARVING_TIER,
  TIERS,
  WAKE,
} from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type Bytes, KiB } from '../bytes.ts';
import { HIT } from '../pool/causes.ts';
import type { ShardWords } from '../pool/idle.ts';
import type { Store } from '../pool/store.ts';
import type { Need, ShardCounts, Supply } from '../pool/supply.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import { channels } from '../telemetry/channels.ts';

/** What differs between the main thread and a worker. */
export interface Surroundings {
  readonly canBlock: boolean;
  safepoint(): void;
  returnLoan(store: Store): void;
  sendBack(store: Store): boolean;
  /** The task that runs on this thread, 0 for none. */
  currentTask(): number;
}

export class ThreadSupply implements Supply {
  readonly canBlock: boolean;
  readonly #ledger: Ledger;
  readonly #row: number;
  readonly #around: Surroundings;
  readonly #needs = new Set<Need>();

  constructor(ledger: Ledger, row: number, around: Surroundings) {
    this.#ledger = ledger;
    this.#row = row;
    this.#around = around;
    this.canBlock = around.canBlock;
  }

  get limitBytes(): Bytes {
    return this.#ledger.limitKib * KiB;
  }

  get critical(): boolean {
    const { words } = this.#ledger;
    return words[CRITICAL] !== 0 && words[rowWord(this.#row) + DECLARED] === 0;
  }

  usedBytes(): Bytes {
    return (this.#ledger.sumKib() ?? this.#ledger.limitKib) * KiB;
  }

  reserve(kib: number): boolean {
    return this.#ledger.reserve(this.#row, kib);
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

  sendBack(store: Store): boolean {
    return this.#around.sendBack(store);
  }

  starve(need: Need): void {
    this.#needs.add(need);
    this.#publishNeed();
    // The row is written before the flag and the word that wakes the coordinator: it then finds the need. Two that
    // raise the flag at once may lose the larger need; each raises it again with its next slice.
    const { words } = this.#ledger;
    if (Atomics.load(words, HUNGER) < need.kib) Atomics.store(words, HUNGER, need.kib);
    this.#wakeCoordinator();
  }

  fed(need: Need): void {
    this.#needs.delete(need);
    this.#publishNeed();
    // It takes the hunger word back, so that others keep again what they release.
    this.#wakeCoordinator();
  }

  wakeWord(): number {
    return this.#ledger.wakeWord();
  }

  wait(seen: number, milliseconds: number): void {
    Atomics.wait(this.#ledger.words, WAKE, seen, milliseconds);
  }

  async waitAsync(seen: number, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const wait = Atomics.waitAsync(this.#ledger.words, WAKE, seen, milliseconds);
    if (!wait.async) return;
    // waitAsync alone does not keep the process alive, and knows no signal: a timer beside it does both.
    const over = new AbortController();
    const watched = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    try {
      await Promise.race([wait.value, sleep(milliseconds, undefined, { signal: watched })]);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      over.abort();
    }
  }

  cancelled(): boolean {
    const task = this.#around.currentTask();
    return task !== 0 && Atomics.load(this.#ledger.words, rowWord(this.#row) + CANCEL) === task;
  }

  now(): number {
    return performance.now() * 1e6;
  }

  #wakeCoordinator(): void {
    const { words } = this.#ledger;
    Atomics.add(words, STARVED, 1);
    Atomics.notify(words, STARVED);
  }

  #publishNeed(): void {
    let largest: Need = { kib: 0, tier: 0 };
    for (const need of this.#needs) if (need.kib > largest.kib) largest = need;
    const { words } = this.#ledger;
    Atomics.store(words, rowWord(this.#row) + STARVING_TIER, largest.tier);
    Atomics.store(words, rowWord(this.#row) + STARVING, largest.kib);
  }
}

/** The words of a row as its shard uses them. */
export function shardWords(ledger: Ledger, row: number): ShardWords {
  const first = rowWord(row);
  return {
    words: ledger.words,
    mail: first + MAIL,
    hunger: HUNGER,
    lists: first + LISTS,
    quota: first + QUOTA,
  };
}

/** Counts straight into the row, by plain stores: only the row's thread writes them. */
export class RowCounts implements ShardCounts {
  readonly hits: Float64Array;
  readonly releases: Float64Array;
  readonly #counters: Float64Array;

  constructor(ledger: Ledger, row: number) {
    this.#counters = ledger.counters(row);
    this.hits = this.#counters.subarray(SERVED + HIT * TIERS, SERVED + (HIT + 1) * TIERS);
    this.releases = this.#counters.subarray(RELEASES, RELEASES + TIERS);
  }

  served(cause: number, tier: number): void {
    this.#counters[SERVED + cause * TIERS + tier]++;
  }

  overflowed(tier: number): void {
    this.#counters[OVERFLOWS + tier]++;
  }

  leaked(): void {
    this.#counters[LEAKS]++;
  }

  quarantined(): void {
    this.#counters[QUARANTINED]++;
  }

  endedForeign(): void {
    this.#counters[FOREIGN]++;
  }

  held(tier: number, kib: number): void {
    this.#counters[HELD + tier] += kib;
  }

  allocated(tier: number, kib: number): void {
    this.#counters[ALLOCATIONS + tier]++;
    this.#counters[ALLOCATED + tier] += kib;
    this.held(tier, kib);
  }

  freed(tier: number, kib: number): void {
    this.#counters[FREED + tier] += kib;
    channels.releaseToMemory.publish(() => ({ tier: TIER_NAMES[tier], bytes: kib * KiB }));
    this.held(tier, -kib);
  }
}
