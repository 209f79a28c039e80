/**
 * Who may have how much: fair by client, by weights. Under overload the line is short, and shares are made by
 * who is admitted to it: who had more than another that was refused has to leave it room.
 *
 * Owned by `Admission`; times come with the calls. As in start-time fair queueing a client has a tag, what it
 * was given and promised, by its weight; one that wanted nothing for a while goes on from `#virtual`, so that
 * it neither saves up turns nor owes any. One that was refused counts as wanting for `WANTS_MS`, whatever it
 * got since.
 * Invariant: `#virtual` never goes back; at most `mostClients` clients are known, of about 250 bytes each,
 * and those that have something here are never forgotten.
 */
import { Heap, type Placed } from '../../runtime/heap.ts';
import type { Entry } from './entry.ts';

export interface ShareRules {
  /** Of a client; 1 of most. */
  weightOf(client: string): number;
  readonly mostClients: number;
}

interface Client extends Placed {
  readonly weight: number;
  tag: number;
  /** What it has here: coming, waiting and running. */
  held: number;
  bytes: number;
  /** What that was predicted to take. */
  heldMs: number;
  wantsUntilMs: number;
  /** Of what it asked for lately. */
  priority: number;
}

/** Longer than most wait before they come back. */
const WANTS_MS = 5_000;
const PRIORITY_SHARE = 1 / 8;

export class Shares {
  readonly #rules: ShareRules;
  /** The one that was touched last stands last. */
  readonly #clients = new Map<string, Client>();
  readonly #wanting = new Heap<Client>((a, b) => a.tag < b.tag);
  #virtual = 0;
  /** The largest tag of all. */
  #most = 0;
  #bytes = 0;

  constructor(rules: ShareRules) {
    this.#rules = rules;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get clients(): number {
    return this.#clients.size;
  }

  of(client: string): Readonly<Pick<Client, 'weight' | 'held' | 'bytes' | 'heldMs' | 'priority'>> {
    const known = this.#clients.get(client);
    return known ?? { weight: this.#rules.weightOf(client), held: 0, bytes: 0, heldMs: 0, priority: 0 };
  }

  /** By how much a client has had more than the one that had least, of the others that still want. */
  aheadMs(client: string, nowMs: number): number {
    const own = this.#clients.get(client);
    const least = this.#leastWanting(own, nowMs);
    return Math.max(0, Math.max(own?.tag ?? 0, this.#virtual) - least);
  }

  add(entry: Entry): void {
    const client = this.#touch(entry.client);
    client.held++;
    client.priority += (entry.priority - client.priority) * PRIORITY_SHARE;
    client.tag = Math.max(client.tag, this.#virtual);
    this.#count(client, entry.costMs, entry.costMs, entry.bytes);
  }

  /** It counts for more or less than was thought. */
  recount(entry: Entry, costMs: number, bytes: number): void {
    const client = this.#clients.get(entry.client) as Client;
    this.#count(client, costMs - entry.costMs, costMs - entry.costMs, bytes - entry.bytes);
    entry.costMs = costMs;
    entry.bytes = bytes;
  }

  /** It is over, and took so long of a thread. */
  end(entry: Entry, tookMs: number): void {
    const client = this.#clients.get(entry.client) as Client;
    client.held--;
    this.#count(client, tookMs - entry.costMs, -entry.costMs, -entry.bytes);
    // Sums of what comes and goes gather errors of rounding.
    if (client.held === 0) client.heldMs = 0;
  }

  refused(name: string, nowMs: number): void {
    const client = this.#touch(name);
    client.wantsUntilMs = nowMs + WANTS_MS;
    if (client.at >= 0) return;
    client.tag = Math.max(client.tag, this.#virtual);
    this.#wanting.add(client);
  }

  #count(client: Client, tagMs: number, heldMs: number, bytes: number): void {
    client.tag += tagMs / client.weight;
    client.heldMs += heldMs;
    client.bytes += bytes;
    this.#bytes += bytes;
    this.#most = Math.max(this.#most, client.tag);
    if (client.at >= 0) this.#wanting.moved(client);
  }

  /** The least tag of those that want, but this one; infinite where there is none. */
  #leastWanting(but: Client | undefined, nowMs: number): number {
    for (let { first } = this.#wanting; first !== undefined; first = this.#wanting.first) {
      if (first.wantsUntilMs > nowMs) break;
      this.#wanting.remove(first);
    }
    const { first, items } = this.#wanting;
    // Where everybody got what it wanted nobody owes anything.
    this.#virtual = Math.max(this.#virtual, first?.tag ?? this.#most);
    if (first !== but) return first?.tag ?? Infinity;
    // The second of a heap is one of these.
    return Math.min(items[1]?.tag ?? Infinity, items[2]?.tag ?? Infinity);
  }

  #touch(name: string): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) {
      this.#clients.delete(name);
      this.#clients.set(name, known);
      return known;
    }
    const client: Client = {
      at: -1,
      weight: this.#rules.weightOf(name),
      tag: this.#virtual,
      held: 0,
      bytes: 0,
      heldMs: 0,
      wantsUntilMs: -Infinity,
      priority: 0,
    };
    this.#clients.set(name, client);
    if (this.#clients.size > this.#rules.mostClients) this.#forget();
    return client;
  }

  /** The one that was touched longest ago and has nothing here. */
  #forget(): void {
    for (const [name, client] of this.#clients) {
      if (client.held > 0) continue;
      if (client.at >= 0) this.#wanting.remove(client);
      this.#clients.delete(name);
      return;
    }
  }
}
