/**
 * Who may have how much: fair by client, by weights. What waits and comes stands in one line, in the order of
 * start-time fair queueing: an entry's tag is what its client was given before it, by its weight, and the
 * least comes first.
 *
 * Owned by `Admission`; times come with the calls. A client that wanted nothing for a while goes on from
 * `#virtual`, so that it neither saves up turns nor owes any. One that was refused still wants, for
 * `WANTS_MS`: where nearly all are refused the line is short, and shares are made by who is admitted to it.
 * Within a client an entry's key is when it was asked for, less a head start for its priority: it is
 * overtaken by none that comes later than that.
 * Invariant: `line` is sorted by tag; a client's entries have rising tags in the order of their keys; at most
 * `mostClients` clients are known, of about 300 bytes each, and those that have entries are never forgotten.
 */
import { Heap, type Placed } from '../../runtime/heap.ts';
import type { Entry } from './entry.ts';

/** For so long one that was refused counts as one that still wants. */
const WANTS_MS = 5_000;

export interface ShareRules {
  /** Of a client; 1 of most. */
  weightOf(client: string): number;
  readonly mostClients: number;
  /** Milliseconds that one step of priority is worth. */
  readonly ageingMs: number;
}

interface Client extends Placed {
  readonly weight: number;
  /** What it was given and promised, by its weight. */
  tag: number;
  /** Coming and waiting, by key. */
  readonly entries: Entry[];
  /** All that it has, running ones too. */
  held: number;
  bytes: number;
  wantsUntilMs: number;
}

export class Shares {
  /** Coming and waiting. */
  readonly line: Entry[] = [];
  readonly #rules: ShareRules;
  /** The one that was touched last stands last. */
  readonly #clients = new Map<string, Client>();
  /** Those that were refused what they wanted, until they get something. */
  readonly #wanting = new Heap<Client>((a, b) => a.tag < b.tag);
  #virtual = 0;
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

  /** What a client has of the limits. */
  of(client: string): { readonly held: number; readonly bytes: number; readonly weight: number } {
    return this.#clients.get(client) ?? { held: 0, bytes: 0, weight: this.#rules.weightOf(client) };
  }

  /** By how much a client has had more than the one of the others that had least and still wants. */
  aheadMs(client: string, nowMs: number): number {
    const own = this.#clients.get(client);
    const least = this.#leastWanting(own, nowMs);
    return least === null ? 0 : Math.max(0, this.#tagOf(own) - Math.max(least, this.#virtual));
  }

  /** Where one more of this client would stand in the line. */
  placeOf(client: string, key: number): number {
    const own = this.#clients.get(client);
    const before = own?.entries.find((entry) => entry.key > key);
    return before === undefined ? this.#after(this.#tagOf(own)) : this.line.indexOf(before);
  }

  keyOf(priority: number, nowMs: number): number {
    return nowMs - priority * this.#rules.ageingMs;
  }

  add(entry: Entry): void {
    const client = this.#touch(entry.client);
    client.held++;
    client.bytes += entry.bytes;
    this.#bytes += entry.bytes;
    this.#contented(client);
    client.tag = this.#tagOf(client);
    const behind = client.entries.findIndex(({ key }) => key > entry.key);
    const at = behind < 0 ? client.entries.length : behind;
    entry.tag = at < client.entries.length ? client.entries[at].tag : client.tag;
    client.entries.splice(at, 0, entry);
    this.#insert(entry);
    this.#charge(client, entry, at, entry.costMs);
  }

  /** It counts for more or less than was thought. */
  recount(entry: Entry, costMs: number, bytes: number): void {
    const client = this.#clients.get(entry.client) as Client;
    client.bytes += bytes - entry.bytes;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    const moreMs = costMs - entry.costMs;
    entry.costMs = costMs;
    this.#charge(client, entry, client.entries.indexOf(entry), moreMs);
  }

  /** It leaves the line: it has a thread. */
  start(entry: Entry): void {
    this.#leave(entry);
    this.#advance(entry.tag);
  }

  /** It leaves the line, and never has a thread. */
  drop(entry: Entry): void {
    const client = this.#clients.get(entry.client) as Client;
    this.#charge(client, entry, client.entries.indexOf(entry), -entry.costMs);
    this.#leave(entry);
    this.#end(client, entry);
  }

  /** One that had a thread is over, and took so long of it. */
  end(entry: Entry, tookMs: number): void {
    const client = this.#clients.get(entry.client) as Client;
    client.tag += (tookMs - entry.costMs) / client.weight;
    if (client.at >= 0) this.#wanting.moved(client);
    this.#end(client, entry);
  }

  refused(name: string, nowMs: number): void {
    const client = this.#touch(name);
    client.wantsUntilMs = nowMs + WANTS_MS;
    if (client.at >= 0) return;
    client.tag = this.#tagOf(client);
    this.#wanting.add(client);
  }

  #end(client: Client, entry: Entry): void {
    client.held--;
    client.bytes -= entry.bytes;
    this.#bytes -= entry.bytes;
  }

  #leave(entry: Entry): void {
    const { entries } = this.#clients.get(entry.client) as Client;
    entries.splice(entries.indexOf(entry), 1);
    this.line.splice(this.line.indexOf(entry), 1);
  }

  /** The tag of what a client gets next. */
  #tagOf(client: Client | undefined): number {
    return Math.max(client?.tag ?? 0, this.#virtual);
  }

  /** Adds to what a client was promised, by one entry, and so moves those behind it. */
  #charge(client: Client, entry: Entry, at: number, moreMs: number): void {
    const more = moreMs / client.weight;
    client.tag += more;
    for (const later of client.entries.slice(at + 1)) {
      this.line.splice(this.line.indexOf(later), 1);
      later.tag = Math.max(later.tag + more, entry.tag);
      this.#insert(later);
    }
    if (client.at >= 0) this.#wanting.moved(client);
  }

  #insert(entry: Entry): void {
    this.line.splice(this.#after(entry.tag), 0, entry);
  }

  /** The place behind all that have this tag or less. */
  #after(tag: number): number {
    let [from, to] = [0, this.line.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.line[middle].tag <= tag) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Time goes on with what starts, but not past what others were refused. */
  #advance(startedTag: number): void {
    const least = this.#wanting.first?.tag ?? Infinity;
    const first = this.line[0]?.tag ?? Infinity;
    const reached = Math.min(least, first);
    this.#virtual = Math.max(
      this.#virtual,
      reached === Infinity ? startedTag : Math.min(reached, startedTag),
    );
  }

  #contented(client: Client): void {
    if (client.at >= 0) this.#wanting.remove(client);
  }

  #leastWanting(but: Client | undefined, nowMs: number): number | null {
    for (let { first } = this.#wanting; first !== undefined; first = this.#wanting.first) {
      if (first.wantsUntilMs > nowMs) break;
      this.#wanting.remove(first);
    }
    const { first, items } = this.#wanting;
    if (first !== but) return first?.tag ?? null;
    // The second of a heap is one of these.
    const next = [items[1], items[2]].filter((client) => client !== undefined);
    return next.length === 0 ? null : Math.min(...next.map(({ tag }) => tag));
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
      entries: [],
      held: 0,
      bytes: 0,
      wantsUntilMs: -Infinity,
    };
    this.#clients.set(name, client);
    if (this.#clients.size > this.#rules.mostClients) this.#forget();
    return client;
  }

  /** The one without entries that was touched longest ago. */
  #forget(): void {
    for (const [name, client] of this.#clients) {
      if (client.held > 0) continue;
      this.#contented(client);
      this.#clients.delete(name);
      return;
    }
  }
}
