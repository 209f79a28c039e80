/**
 * What the main thread lent to tasks. Owned by the coordinator, on the main thread.
 * Invariant: every loan's charge is on the lender's row until it is settled, by its return or by the end of
 * the thread that held it; each is settled once.
 */
import type { Bytes } from '../bytes.ts';

interface Loan {
  readonly bytes: Bytes;
  /**
   * The row of the worker whose result brought the memory, to which it goes back afterwards; 0 for the
   * lender's own.
   */
  readonly origin: number;
  /** The row of the worker that holds it, -1 while its task is not dispatched. */
  row: number;
}

export class Loans {
  readonly #open = new Map<number, Loan>();
  #last = 0;

  get count(): number {
    return this.#open.size;
  }

  get bytes(): Bytes {
    let bytes = 0;
    for (const loan of this.#open.values()) bytes += loan.bytes;
    return bytes;
  }

  /** What the worker of a row holds of them. */
  bytesOf(row: number): Bytes {
    let bytes = 0;
    for (const loan of this.#open.values()) if (loan.row === row) bytes += loan.bytes;
    return bytes;
  }

  /** Opens a loan and returns its number, 1 or more. */
  open(bytes: Bytes, origin = 0): number {
    const loan = ++this.#last;
    this.#open.set(loan, { bytes, origin, row: -1 });
    return loan;
  }

  /** The loan left for the worker of `row`. */
  dispatch(loan: number, row: number): void {
    const entry = this.#open.get(loan);
    if (entry !== undefined) entry.row = row;
  }

  /** Where the memory of an open loan came from before it was lent; 0 for nowhere else. */
  originOf(loan: number): number {
    return this.#open.get(loan)?.origin ?? 0;
  }

  /** The loan came home; false when it had been settled before. */
  settle(loan: number): boolean {
    return this.#open.delete(loan);
  }

  /** Settles what a dead worker held and returns the bytes that are gone. */
  bury(row: number): Bytes {
    let bytes = 0;
    for (const [number, loan] of this.#open) {
      if (loan.row !== row) continue;
      bytes += loan.bytes;
      this.#open.delete(number);
    }
    return bytes;
  }
}
