/**
 * Memory that comes to the main thread with results, and what goes back from here with tasks. Owned by the
 * coordinator, on the main thread.
 * Invariant: what has arrived is charged to this thread's row, and what leaves is charged to its receiver
 * before it is posted; what was released here is idle memory of this thread until then.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Crate, Gift } from '../messages/tasks.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import { type Flow, GONE } from './flow.ts';
import { chargeOf, type Links } from './links.ts';
import type { Loans } from './loans.ts';
import type { QuotaMoves } from './quota-moves.ts';
import type { RowReader } from './row-reader.ts';

interface TransferParts {
  readonly ledger: Ledger;
  /** The main thread's own. */
  readonly shard: Shard;
  readonly rows: RowReader;
  readonly links: Links;
  readonly loans: Loans;
  readonly flow: Flow;
  readonly quotaMoves: QuotaMoves;
}

const NOTHING: readonly Gift[] = [];

export class Transfers {
  readonly #parts: TransferParts;

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
      if (!this.#parts.links.has(store.origin)) store.origin = 0;
      this.#parts.shard.idle.attachStore(store);
    }
  }

  /** Attaches a loan whose pin ended after its task. */
  attachLate(row: number, loan: number, buffer: ArrayBuffer): void {
    const { flow, loans, shard, rows } = this.#parts;
    flow.count(this.#acquirerOf(loan), row);
    if (loans.settle(loan)) shard.idle.attachStore(new Store(buffer, rows.tierOf(buffer.byteLength)));
  }

  /** A store that a result brought here was released here. True when its worker is still there. */
  goesBack({ origin }: Store): boolean {
    const here = this.#parts.links.has(origin);
    this.#parts.flow.count(here ? origin : GONE, MAIN_ROW);
    return here;
  }

  /**
   * Detaches what is still idle here of a worker's results and charges it to the worker: for its next task.
   */
  packReturns(row: number): readonly Gift[] {
    const { ledger, shard, quotaMoves } = this.#parts;
    let gifts = NOTHING;
    for (let tier = 0; tier < POOLED_TIERS; tier++) {
      const stores = shard.idle.detachReturns(row, tier);
      if (stores.length === 0) continue;
      const buffers = stores.map((store) => store.buffer);
      quotaMoves.leave(row, tier, buffers.length);
      ledger.move(MAIN_ROW, row, chargeOf(buffers));
      gifts = [...gifts, { tier, buffers }];
    }
    return gifts;
  }

  /**
   * The task did not leave, and neither did what was to go with it. To be called before the worker is buried.
   */
  unpackReturns(row: number, gifts: readonly Gift[]): void {
    const { ledger, quotaMoves } = this.#parts;
    quotaMoves.arrived(row);
    for (const { tier, buffers } of gifts) {
      ledger.move(row, MAIN_ROW, chargeOf(buffers));
      quotaMoves.reattach(tier, buffers);
    }
  }

  /** The task of a worker has ended: what left with it was attached before. */
  arrived(row: number): void {
    this.#parts.quotaMoves.arrived(row);
  }

  #acquirerOf(loan: number): number {
    const origin = this.#parts.loans.originOf(loan);
    return origin === 0 || this.#parts.links.has(origin) ? origin : GONE;
  }
}
