/**
 * The links to the workers: which are connected, posting, and sending buffers with their charge. Owned by the
 * coordinator, on the main thread.
 * Invariant: a buffer that was sent is charged to the receiver's row from before it is posted; one that could
 * not be posted is still here, and so is its charge.
 */
import { MAIN_ROW } from '../budget/layout.ts';
import type { Ledger } from '../budget/ledger.ts';
import { KiB } from '../bytes.ts';
import type { Answer, ToWorker } from '../messages/asks.ts';

/** The coordinator's end of a worker's port. */
export interface Link {
  /** @throws when the message cannot be posted; the buffers are then still here */
  post(message: ToWorker, transfer: ArrayBuffer[]): void;
  /** The next message that waits, if any. */
  receive(): Answer | undefined;
  close(): void;
}

export class Links {
  readonly #ledger: Ledger;
  readonly #links = new Map<number, Link>();
  readonly #now: () => number;
  /** How many messages a row was sent, in 32 bits, and when the first that it has not read. */
  readonly #sent = new Map<number, { readonly messages: number; readonly unreadMs: number }>();

  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger;
    this.#now = now;
  }

  get rows(): Iterable<number> {
    return this.#links.keys();
  }

  has(row: number): boolean {
    return this.#links.has(row);
  }

  add(row: number, link: Link): void {
    this.#links.set(row, link);
  }

  /** Removes a link; the caller reads what is still in it and closes it. */
  remove(row: number): Link | undefined {
    const link = this.#links.get(row);
    this.#links.delete(row);
    this.#sent.delete(row);
    return link;
  }

  /** Posts a message to a worker, if it is connected. */
  post(row: number, message: ToWorker): void {
    const link = this.#links.get(row);
    if (link === undefined) return;
    link.post(message, []);
    this.#flag(row);
  }

  /** Sends buffers that are charged to this thread to a worker. False when they are still here. */
  send(row: number, gift: Extract<ToWorker, { kind: 'gift' }>): boolean {
    const link = this.#links.get(row);
    if (link === undefined) return false;
    const kib = chargeOf(gift.buffers);
    this.#ledger.move(MAIN_ROW, row, kib);
    try {
      link.post(gift, gift.buffers);
    } catch {
      // Nothing was detached: the buffers are still here, and so must be their charge.
      this.#ledger.move(row, MAIN_ROW, kib);
      return false;
    }
    this.#flag(row);
    return true;
  }

  /** After the post. */
  #flag(row: number): void {
    const words = this.#ledger.row(row);
    const { messages, unreadMs } = this.#sent.get(row) ?? { messages: 0, unreadMs: 0 };
    const unread = words.mailRead !== messages;
    this.#sent.set(row, { messages: (messages + 1) | 0, unreadMs: unread ? unreadMs : this.#now() });
    words.raiseMail();
    this.#ledger.wake();
  }

  /** Milliseconds since a worker was sent what it has not read yet, of the one that is longest silent. */
  silentMs(nowMs: number): number {
    let longest = 0;
    for (const [row, { messages, unreadMs }] of this.#sent) {
      if (this.#ledger.row(row).mailRead !== messages) longest = Math.max(longest, nowMs - unreadMs);
    }
    return longest;
  }
}

/** KiB that buffers are charged. */
export function chargeOf(buffers: readonly ArrayBuffer[]): number {
  return buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0) / KiB;
}
