/**
 * Places that refused clients may come back to: from when they were told to, for `holdMs`.
 *
 * Owned by `Admission`; times come with the calls. A ticket is good for its client only, once. What tickets
 * hold, of the threads' time, is at most a share of it, and each client has few: so most get none.
 * Invariant: at most `most` tickets of about 150 bytes are out, in the order in which they were given.
 */
import type { Planned } from './predict.ts';

interface Ticket extends Planned, Omit<Place, 'lane' | 'workMs'> {
  readonly client: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** `workMs` is what of this is to be expected: not all come back. */
  readonly wholeMs: number;
}

/** What a ticket is for. */
export interface Place {
  readonly lane: Planned['lane'];
  readonly workMs: number;
  /** From the head of the request until its body is whole. */
  readonly bodyMs: number;
  /** What it may wait beside that. */
  readonly roomMs: number;
  /** That is longer than its stretch allows. */
  readonly hurries: boolean;
  /** It has to start by then, from the head of the request on. */
  readonly startInMs: number;
}

interface TicketRules {
  readonly holdMs: number;
  readonly mostOfClient: number;
  readonly cores: number;
}

/** Over all clients. */
const MOST = 1000;
/** Of the time of all cores while tickets hold, as a part of 1. */
const SHARE = 1 / 8;
/**
 * Work that may have to wait longer than its stretch breaks what is promised to all but one of a hundred, so
 * that of these there may be one ticket for so many that are admitted.
 */
const ADMITTED_FOR_ONE = 400;
const MOST_SPARE = 10;
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
  /** How long after their time they are used. */
  #lateMs = 500;
  /** Tickets that may be given for work that hurries. */
  readonly #spare = { short: 1, long: 1 };

  /** `random`: from 0 to below 1. */
  constructor(rules: TicketRules, random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  get size(): number {
    return this.#out.size;
  }

  /** The work that is to be expected of those that are out, as of now. */
  planned(nowMs: number): Planned[] {
    const planned: Planned[] = [];
    for (const ticket of this.#out.values()) planned.push(this.#expect(ticket, nowMs));
    return planned;
  }

  /** As a ticket for this would be planned. */
  plannedFor(place: Place, fromMs: number, nowMs: number): Planned {
    return this.#expect(this.#ticketFor('', place, fromMs), nowMs);
  }

  /** Whether one more may be given for this. */
  allows(client: string, { lane, workMs, roomMs, hurries }: Place): boolean {
    if ((this.#ofClient.get(client) ?? 0) >= this.#rules.mostOfClient || this.#out.size >= MOST) return false;
    if (hurries && this.#spare[lane] < 1) return false;
    const { holdMs, cores } = this.#rules;
    // One may be for work of any length.
    return this.#out.size === 0 || this.#workMs + workMs <= SHARE * cores * (holdMs + roomMs);
  }

  /** Holds a place for this client from then on. */
  give(client: string, place: Place, fromMs: number): string {
    const name =
      Math.floor(this.#random() * 2 ** 52).toString(36) + Math.floor(this.#random() * 2 ** 52).toString(36);
    this.#out.set(name, this.#ticketFor(client, place, fromMs));
    this.#ofClient.set(client, (this.#ofClient.get(client) ?? 0) + 1);
    this.#workMs += place.workMs;
    if (place.hurries) this.#spare[place.lane]--;
    return name;
  }

  /** One more was admitted. */
  admitted(lane: Place['lane']): void {
    this.#spare[lane] = Math.min(MOST_SPARE, this.#spare[lane] + 1 / ADMITTED_FOR_ONE);
  }

  /** Takes a ticket back. True when it holds a place for this client now. */
  use(name: string, client: string, nowMs: number): boolean {
    const ticket = this.#out.get(name);
    if (ticket === undefined || ticket.client !== client) return false;
    // Who comes too early keeps it.
    if (nowMs < ticket.fromMs) return false;
    this.#remove(name, ticket);
    this.#used += (1 - this.#used) * USED_SHARE;
    this.#lateMs += (nowMs - ticket.fromMs - this.#lateMs) * USED_SHARE;
    return nowMs <= ticket.untilMs;
  }

  /** Forgets those that were not used. */
  expire(nowMs: number): void {
    for (const [name, ticket] of this.#out) {
      if (ticket.untilMs >= nowMs) continue;
      this.#remove(name, ticket);
      if (ticket.hurries) this.#spare[ticket.lane]++;
      this.#used -= this.#used * USED_SHARE;
    }
  }

  #ticketFor(client: string, place: Place, fromMs: number): Ticket {
    const untilMs = fromMs + this.#rules.holdMs;
    const planned = { readyMs: fromMs, startByMs: fromMs, key: fromMs };
    return { ...place, ...planned, client, fromMs, untilMs, wholeMs: place.workMs };
  }

  #expect(ticket: Ticket, nowMs: number): Planned {
    const overMs = Math.max(0, nowMs - ticket.fromMs);
    ticket.readyMs = Math.max(ticket.fromMs, nowMs) + Math.max(this.#lateMs, overMs / 2) + ticket.bodyMs;
    ticket.startByMs = ticket.readyMs + ticket.roomMs;
    ticket.key = ticket.startByMs;
    ticket.workMs = ticket.wholeMs * this.#used;
    return ticket;
  }

  #remove(name: string, { client, wholeMs }: Ticket): void {
    this.#out.delete(name);
    this.#workMs = this.#out.size === 0 ? 0 : this.#workMs - wholeMs;
    const left = (this.#ofClient.get(client) as number) - 1;
    if (left === 0) this.#ofClient.delete(client);
    else this.#ofClient.set(client, left);
  }
}
