/**
 * The broker of a simulated cluster, as BullMQ's scripts make it: one thing after the other, each with a
 * time that others wait for. Owns the queue; hosts have a connection each.
 */
import type { Announcement, Broker, Delivery, PageCounts } from '../../../src/cluster/broker.ts';
import { type PageRef, pageKey } from '../../../src/cluster/page.ts';
import { chance, drawn } from './chance.ts';
import type { SimulatedProcess } from './process.ts';
import type { BrokerStep, Times } from './times.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Held {
  readonly ref: PageRef;
  readonly token: string;
  untilMs: number;
  /** It was held at the last check, and has not been renewed since. */
  isSuspect: boolean;
}

interface BrokerParts {
  readonly time: VirtualTime;
  readonly times: Times;
  readonly seed: number;
  readonly lockMs: number;
  readonly stalledMs: number;
}

/** A client that was cut off tries again within so much. */
const RECONNECT_MS = 1000;

export class SimulatedBroker {
  readonly parts: BrokerParts;
  readonly #announced = new Map<string, Announcement>();
  /** Pages that wait: those that came back, the last one first, and then all others in their order. */
  #back: PageRef[] = [];
  #queue: PageRef[] = [];
  #first = 0;
  readonly #waiting = new Set<string>();
  readonly #held = new Map<string, Held>();
  /** Who may look through the results of a batch, and until when. */
  readonly #looks = new Map<string, { readonly token: string; readonly untilMs: number }>();
  #checkedMs = Number.NEGATIVE_INFINITY;
  #freeMs = 0;
  #awayUntilMs = 0;
  readonly #cutUntilMs = new Map<number, number>();
  #asked = 0;
  /** What it was asked, and the time that it took, in ms. */
  readonly load: Record<string, number> = {};
  busyMs = 0;
  /** In each second, of it. */
  readonly busyBySecond: number[] = [];
  /** From when a lock was renewed last until its page waits again. */
  readonly holesMs: number[] = [];

  constructor(parts: BrokerParts) {
    this.parts = parts;
  }

  /** It is not there for so long, and comes back with all that it had. */
  restart(forMs: number): void {
    this.#awayUntilMs = this.parts.time.nowMs + forMs;
    this.#freeMs = this.#awayUntilMs;
  }

  /** One host does not reach it for so long. */
  cutOff(host: number, forMs: number): void {
    this.#cutUntilMs.set(host, this.parts.time.nowMs + forMs);
  }

  fill(batch: Announcement, pages: number): void {
    this.#announced.set(batch.id, batch);
    for (let page = 0; page < pages; page++) this.#add({ round: 0, page });
  }

  /** Whether a host has a page, or a part of it, whose lock has not ended. */
  holds(host: number, page: number): boolean {
    const isHeld = (held: Held | undefined): boolean =>
      held?.token.split(':')[0] === `${host}` && held.untilMs >= this.parts.time.nowMs;
    if (isHeld(this.#held.get(pageKey({ round: 0, page })))) return true;
    return [...this.#held.values()].some((held) => held.ref.page === page && isHeld(held));
  }

  connect(process: SimulatedProcess, host: number): Broker {
    const { time, lockMs, stalledMs } = this.parts;
    let checks = false;
    let seenAway = 0;
    const ask = <Answer>(step: BrokerStep, count: number, act: () => Answer): Promise<Answer> => {
      const until = Math.max(this.#awayUntilMs, this.#cutUntilMs.get(host) ?? 0);
      if (until > seenAway) {
        const backMs = until + RECONNECT_MS * chance(this.parts.seed, host, until);
        if (time.nowMs < backMs) {
          return process.takes(0, () => {
            throw new Error('the broker is away.');
          });
        }
        seenAway = until;
      }
      const wayMs = drawn(this.parts.times.way, chance(this.parts.seed, host, this.#asked++));
      const { answer, atMs } = this.#do(step, count, wayMs / 2, act);
      return process.takes(atMs + wayMs / 2 - time.nowMs, () => answer);
    };
    // As BullMQ does: the time from an answer, not from a question, or two of a host would be too near each
    // other for the broker now and then, and a page would be left for twice as long.
    const check = (): void => {
      const again = (): void => void process.after(stalledMs, check);
      ask('stalled', 1, () => this.#check()).then(again, again);
    };
    return {
      lockMs,
      announce: (batch) => ask('announce', 1, () => void this.#announced.set(batch.id, batch)),
      batches: () => ask('batches', 1, () => [...this.#announced.values()]),
      forget: (id) =>
        ask('forget', 1, () => {
          this.#announced.delete(id);
          this.#looks.delete(id);
        }),
      mayLook: (id, token) => ask('mayLook', 1, () => this.#mayLook(id, token)),
      put: (_id, refs) =>
        ask('put', refs.length, () => {
          for (const ref of refs) this.#add(ref);
        }),
      take: (batch, token) => {
        if (!checks) {
          checks = true;
          check();
        }
        return ask(this.#count > 0 ? 'take' : 'empty', 1, () => this.#take(batch, token));
      },
      renew: (held) => ask('renew', held.length, () => held.filter((one) => !this.#renew(one))),
      done: (held) => ask('done', 1, () => this.#let(held)),
      giveBack: (held) =>
        ask('giveBack', 1, () => {
          if (!this.#let(held)) return false;
          this.#back.push(held.ref);
          this.#waiting.add(pageKey(held.ref));
          return true;
        }),
      counts: () => ask('counts', 1, (): PageCounts => ({ waiting: this.#count, held: this.#held.size })),
      [Symbol.asyncDispose]: async () => {},
    };
  }

  get #count(): number {
    return this.#waiting.size;
  }

  /** The time of the broker at which it is done; what it does is done at once, in the order it comes. */
  #do<Answer>(step: BrokerStep, count: number, wayMs: number, act: () => Answer) {
    const { time, times } = this.parts;
    const ms = times.broker[step] * count;
    const beginsMs = Math.max(time.nowMs + wayMs, this.#freeMs);
    this.#freeMs = beginsMs + ms;
    this.load[step] = (this.load[step] ?? 0) + 1;
    this.busyMs += ms;
    const second = Math.floor(beginsMs / 1000);
    this.busyBySecond[second] = (this.busyBySecond[second] ?? 0) + ms;
    return { answer: act(), atMs: this.#freeMs };
  }

  #add(ref: PageRef): void {
    const key = pageKey(ref);
    if (this.#waiting.has(key) || this.#held.has(key)) return;
    this.#waiting.add(key);
    this.#queue.push(ref);
  }

  #take(batch: string, token: string): Delivery | null {
    const back = this.#back.pop();
    const ref = back ?? this.#queue[this.#first];
    if (ref === undefined) return null;
    if (back === undefined) this.#first++;
    const key = pageKey(ref);
    this.#waiting.delete(key);
    const { lockMs } = this.parts;
    this.#held.set(key, { ref, token, untilMs: this.#freeMs + lockMs, isSuspect: false });
    return { batch, ref, token };
  }

  #renew({ ref, token }: Delivery): boolean {
    const held = this.#held.get(pageKey(ref));
    // A lock that has ended by itself is nobody's, even where nobody has noticed.
    if (held?.token !== token || held.untilMs < this.#freeMs) return false;
    held.untilMs = this.#freeMs + this.parts.lockMs;
    held.isSuspect = false;
    return true;
  }

  #let({ ref, token }: Delivery): boolean {
    const held = this.#held.get(pageKey(ref));
    if (held?.token !== token || held.untilMs < this.#freeMs) return false;
    return this.#held.delete(pageKey(ref));
  }

  #mayLook(id: string, token: string): boolean {
    const before = this.#looks.get(id);
    if (before !== undefined && before.token !== token && before.untilMs >= this.#freeMs) return false;
    this.#looks.set(id, { token, untilMs: this.#freeMs + this.parts.lockMs });
    return true;
  }

  #check(): void {
    const { stalledMs, lockMs } = this.parts;
    if (this.#freeMs - this.#checkedMs < stalledMs) return;
    this.#checkedMs = this.#freeMs;
    for (const [key, held] of this.#held) {
      if (held.isSuspect && held.untilMs < this.#freeMs) {
        this.#held.delete(key);
        this.#waiting.add(key);
        this.#back.push(held.ref);
        this.holesMs.push(this.#freeMs - (held.untilMs - lockMs));
      } else held.isSuspect = true;
    }
  }
}
