/**
 * Places that refused clients may come back to: from when they were told to, for `holdMs`.
 *
 * Owned by `Admission`; times come with the calls. A ticket is good for its client only, once. What tickets
 * hold, of the threads' time, is at most a share of it, and each client has few: so most get none.
 * Invariant: at most `most` tickets of about 150 bytes are out, in the order in which they were given.
 */
import type { Lane } from './lanes.ts';

interface Ticket {
  readonly client: string;
  readonly lane: Lane;
  readonly workMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

interface TicketRules {
  readonly holdMs: number;
  readonly most: number;
  readonly mostOfClient: number;
  /** Of the time of all cores while tickets hold, as a part of 1. */
  readonly share: number;
  readonly cores: number;
}

/** How much one that was used, or was not, tells of the others. */
const USED_SHARE = 1 / 20;

export class Tickets {
  readonly #rules: TicketRules;
  readonly #random: () => number;
  readonly #out = new Map<string, Ticket>();
  readonly #ofClient = new Map<string, number>();
  #workMs = 0;
  /** Of all tickets the part that is used. */
  #used = 1;

  /** `random`: from 0 to below 1. */
  constructor(rules: TicketRules, random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  get size(): number {
    return this.#out.size;
  }

  /** Those that are good by then, and so may still be used. */
  held(): Iterable<Ticket> {
    return this.#out.values();
  }

  /** The work that is to be expected of a ticket. */
  expectedMs(ticket: Ticket): number {
    return ticket.workMs * this.#used;
  }

  /** A place for this client from then on; null where no more can be held. */
  give(client: string, lane: Lane, workMs: number, fromMs: number): string | null {
    const { holdMs, most, mostOfClient, share, cores } = this.#rules;
    const own = this.#ofClient.get(client) ?? 0;
    if (own >= mostOfClient || this.#out.size >= most) return null;
    // One may be for work of any length.
    if (this.#out.size > 0 && this.#workMs + workMs > share * cores * holdMs) return null;
    const name =
      Math.floor(this.#random() * 2 ** 52).toString(36) + Math.floor(this.#random() * 2 ** 52).toString(36);
    this.#out.set(name, { client, lane, workMs, fromMs, untilMs: fromMs + holdMs });
    this.#ofClient.set(client, own + 1);
    this.#workMs += workMs;
    return name;
  }

  /** Takes a ticket back. True when it holds a place for this client now. */
  use(name: string, client: string, nowMs: number): boolean {
    const ticket = this.#out.get(name);
    if (ticket === undefined || ticket.client !== client) return false;
    // Who comes too early keeps it.
    if (nowMs < ticket.fromMs) return false;
    this.#remove(name, ticket);
    this.#used += (1 - this.#used) * USED_SHARE;
    return nowMs <= ticket.untilMs;
  }

  /** Forgets those that were not used. */
  expire(nowMs: number): void {
    for (const [name, ticket] of this.#out) {
      if (ticket.untilMs >= nowMs) continue;
      this.#remove(name, ticket);
      this.#used -= this.#used * USED_SHARE;
    }
  }

  #remove(name: string, { client, workMs }: Ticket): void {
    this.#out.delete(name);
    this.#workMs = this.#out.size === 0 ? 0 : this.#workMs - workMs;
    const left = (this.#ofClient.get(client) as number) - 1;
    if (left === 0) this.#ofClient.delete(client);
    else this.#ofClient.set(client, left);
  }
}
