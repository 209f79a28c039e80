/**
 * Buffers that a worker's results brought to the main thread, that were released here, and that wait for
 * their way back. Owned by the coordinator, on the main thread. Invariant: what is in here is charged to the
 * main thread's row.
 */

import type { Gift } from '../messages/tasks.ts';
import type { Store } from '../pool/store.ts';
import { POOLED_TIERS } from '../pool/tiers.ts';
import { chargeOf } from './links.ts';

/**
 * The first tier whose buffers go back to the worker that made them: smaller ones are cheaper to allocate.
 */
const FIRST_SENT_BACK = 1;
const NOTHING: readonly Gift[] = [];

export class Outbox {
  readonly #gifts = new Map<number, Gift[]>();

  /** Workers that something waits for; a list of its own. */
  get rows(): number[] {
    return [...this.#gifts.keys()];
  }

  get kib(): number {
    let kib = 0;
    for (const gifts of this.#gifts.values()) for (const { buffers } of gifts) kib += chargeOf(buffers);
    return kib;
  }

  /** False when a store is not worth the message: it is still the caller's. */
  put({ origin, tier, buffer }: Store): boolean {
    if (tier < FIRST_SENT_BACK || tier >= POOLED_TIERS) return false;
    const gifts = this.#gifts.get(origin) ?? [];
    let gift = gifts.find((gift) => gift.tier === tier);
    if (gift === undefined) {
      gift = { tier, buffers: [] };
      gifts.push(gift);
      this.#gifts.set(origin, gifts);
    }
    gift.buffers.push(buffer);
    return true;
  }

  take(row: number): readonly Gift[] {
    const gifts = this.#gifts.get(row) ?? NOTHING;
    this.#gifts.delete(row);
    return gifts;
  }
}
