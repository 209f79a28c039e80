/**
 * Memory that comes to the main thread with results, and what goes back from here. Owned by the coordinator,
 * on the main thread.
 * Invariant: what has arrived is charged to this thread's row, and what leaves is charged to its receiver
 * before it is posted; a buffer that could not be sent is still here, and so is its charge.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Crate, Gift } from '../messages/tasks.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import { type Flow, GONE } from './flow.ts';
import { chargeOf, type Links } from './links.ts';
import type { Loans } from './loans.ts';
import { Outbox } from './outbox.ts';
import type { RowReader } from './row-reader.ts';

interface TransferParts {
  readonly ledger: Ledger;
  /** The main thread's own. */
  readonly shard: Shard;
  readonly rows: RowReader;
  readonly links: Links;
  readonly loans: Loans;
  readonly flow: Flow;
}

export class Transfers {
  readonly #parts: TransferParts;
  readonly #outbox = new Outbox();

  constructor(parts: TransferParts) {
    this.#parts = parts;
  }

  /** Attaches memory that arrived from a worker: its charge moves to this thread, a loan ends. */
  attach(row: number, crates: readonly Crate[]): Store[] {
    const { ledger, loans } = this.#parts;
    const arrived = crates.filter(({ loan }) => loan === 0).map(({ buffer }) => buffer);
    if (arrived.length > 0) ledger.move(row, MAIN_ROW, chargeOf(arrived));
    return crates.map(({ buffer, tier, loan }) => {
      if (loan === 0) return new Store(buffer, tier, 0, row);
      // What one worker made and another one borrowed goes back to the first, which would otherwise allocate
      // each time.
      const origin = loans.originOf(loan);
      loans.settle(loan);
      return new Store(buffer, tier, 0, origin);
    });
  }

  /** Attaches loans that their borrower released, or never got. */
  attachLoans(row: number, crates: readonly Crate[]): void {
    for (const { loan } of crates) this.#parts.flow.count(this.#acquirerOf(loan), row);
    for (const store of this.attach(row, crates)) {
      if (!(store.origin > 0 && this.#putAside(store))) this.#keep(store.buffer);
    }
  }

  /** Attaches a loan whose pin ended after its task. */
  attachLate(row: number, loan: number, buffer: ArrayBuffer): void {
    this.#parts.flow.count(this.#acquirerOf(loan), row);
    if (this.#parts.loans.settle(loan)) this.#keep(buffer);
  }

  /**
   * A store that a result brought here was released here. True when it waits in the outbox: it goes back to
   * its worker with the next task or tick.
   */
  sendBack(store: Store): boolean {
    const here = this.#parts.links.has(store.origin);
    this.#parts.flow.count(here ? store.origin : GONE, MAIN_ROW);
    return here && this.#putAside(store);
  }

  /** What waits here for its way back to a worker. */
  get waitingKib(): number {
    return this.#outbox.kib;
  }

  /** Sends an idle worker what goes back to it, in one batch per tier. */
  returnTo(row: number): void {
    for (const { tier, buffers } of this.#outbox.take(row)) this.send(row, tier, buffers);
  }

  /** Detaches what goes back to a worker and charges it to the worker: for its next task. */
  packReturns(row: number): readonly Gift[] {
    const gifts = this.#outbox.take(row);
    for (const { buffers } of gifts) this.#parts.ledger.move(MAIN_ROW, row, chargeOf(buffers));
    return gifts;
  }

  /**
   * The task did not leave, and neither did what was to go with it. To be called before the worker is buried.
   */
  unpackReturns(row: number, gifts: readonly Gift[]): void {
    for (const { tier, buffers } of gifts) {
      this.#parts.ledger.move(row, MAIN_ROW, chargeOf(buffers));
      this.#reattach(tier, buffers);
    }
  }

  /** Sends buffers that are charged to this thread to a shard; keeps them here when it is gone. */
  send(row: number, tier: number, buffers: ArrayBuffer[]): void {
    if (buffers.length > 0 && !this.#parts.links.send(row, tier, buffers)) this.#reattach(tier, buffers);
  }

  /** What would go back to a worker becomes idle memory of this thread instead. */
  keepHere(row: number): void {
    for (const { buffers } of this.#outbox.take(row)) buffers.forEach((buffer) => void this.#keep(buffer));
  }

  keepAllHere(): void {
    for (const row of this.#outbox.rows) this.keepHere(row);
  }

  #acquirerOf(loan: number): number {
    const origin = this.#parts.loans.originOf(loan);
    return origin === 0 || this.#parts.links.has(origin) ? origin : GONE;
  }

  /** Puts a store aside for its worker; false when it is not worth a message, or the worker is gone. */
  #putAside(store: Store): boolean {
    return this.#parts.links.has(store.origin) && this.#outbox.put(store);
  }

  /** Buffers that could not be sent: one of them may be the reason. */
  #reattach(tier: number, buffers: readonly ArrayBuffer[]): void {
    this.#parts.shard.idle.reattach(buffers.map((buffer) => new Store(buffer, tier)));
  }

  #keep(buffer: ArrayBuffer): void {
    const { shard, rows } = this.#parts;
    shard.idle.attachStore(new Store(buffer, rows.tierOf(buffer.byteLength)));
  }
}
