/**
 * Which requests come in, when they start, and what those are told that don't.
 *
 * Owned by the service; the front's main thread. It has no clock, timer or file: times come with the calls,
 * in milliseconds, and never go back. A request is admitted at its head, before its body has any memory: it
 * gets a place in the line, its bytes, and its share of the threads' time, by what it is predicted to take.
 * Parts: `Speeds` (how long work takes), `Lanes` (threads, and which work may have them), `Shares` (whose
 * turn it is), `Tickets` (who comes back), `Demand` (whether more is asked for than can be done),
 * `RunThrough` (when this would start).
 * Invariant: the line is at most `mostEntries` long, bodies hold at most `mostBytes` by what they said, and
 * what was admitted is left out only by `late` or its body's own size: nothing else drops it. An entry takes
 * about 500 bytes.
 */
import type { Answer, Arrived, Asked, Ended, Refused } from './asked.ts';
import { Demand } from './demand.ts';
import { type Entry, leftMs } from './entry.ts';
import type { AdmissionFigures } from './figures.ts';
import { type Lane, Lanes } from './lanes.ts';
import { RunThrough } from './predict.ts';
import type { AdmissionSettings } from './settings.ts';
import { Shares } from './shares.ts';
import { type Estimate, type Size, Speeds } from './speeds.ts';
import { Tickets } from './tickets.ts';
import { Uploads } from './uploads.ts';

/**
 * Of the wait that a request's stretch leaves it, the part that may be planned: predictions are not exact.
 */
const CAUTION = 0.6;
/** So much more than others that still want, by weight, and a client gets only what is idle. */
const AHEAD_MS = 2_000;
const SECOND_MS = 1_000;
const MOST_RETRY_MS = 120_000;

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #speeds = new Speeds();
  readonly #uploads = new Uploads();
  readonly #lanes: Lanes;
  readonly #shares: Shares;
  readonly #tickets: Tickets;
  readonly #demand: Demand;
  readonly #run: RunThrough;
  readonly #running = new Set<Entry>();
  /** By when they are expected to be whole. */
  readonly #coming: Entry[] = [];
  readonly #counts = { admitted: 0, full: 0, client: 0, late: 0, tickets: 0, used: 0, right: 0, told: 0 };

  constructor(settings: AdmissionSettings, nowMs: number) {
    const { cores, ticketHoldMs, ticketsOfClient } = settings;
    this.#settings = settings;
    this.#lanes = new Lanes(cores, nowMs);
    this.#shares = new Shares(settings);
    this.#demand = new Demand(cores, nowMs);
    this.#run = new RunThrough(this.#lanes.threads, cores);
    const rules = { holdMs: ticketHoldMs, mostOfClient: ticketsOfClient, most: 1000, share: 0.25, cores };
    this.#tickets = new Tickets(rules, settings.random);
  }

  /** At the head of a request. What is admitted has to come to `arrived` or to `gone`. */
  ask(asked: Asked, nowMs: number): Answer {
    const { client, kind, seconds, bodyBytes, priority, withinMs } = asked;
    const size: Size = { kind, seconds, bytes: bodyBytes };
    const estimate = this.#speeds.estimate(size);
    const lane = this.#laneOf(estimate);
    const bytes = bodyBytes ?? this.#settings.unknownBytes;
    this.#demand.asked(estimate.medianMs, nowMs);
    this.#tickets.expire(nowMs);
    const held = asked.ticket !== undefined && this.#tickets.use(asked.ticket, client, nowMs);
    if (held) this.#counts.used++;

    const full = this.#limitOf(client, bytes);
    const readyMs = nowMs + this.#uploads.expectedMs(bytes);
    const startMs = this.#startOf(lane, readyMs, nowMs, !held);
    const waitMs = startMs - readyMs;
    const slowing = this.#slowing(1);
    const endMs = startMs + estimate.medianMs * slowing;
    const dueMs = nowMs + withinMs;
    const late = startMs + estimate.safeMs * slowing > dueMs;
    const roomMs = this.#roomMs(lane, estimate.medianMs * slowing, nowMs);
    const shareMs = held
      ? roomMs
      : roomMs * (1 - Math.min(1, this.#shares.aheadMs(client, nowMs) / AHEAD_MS));
    const why = full ?? (late ? 'late' : waitMs > roomMs ? 'full' : waitMs > shareMs ? 'client' : null);
    if (why !== null) {
      const needMs = Math.max(waitMs - roomMs, late ? startMs + estimate.safeMs * slowing - dueMs : 0);
      const never = estimate.safeMs + readyMs > dueMs;
      return this.#refuse(client, why, { lane, workMs: estimate.medianMs, needMs, never }, nowMs);
    }

    const entry: Entry = {
      client,
      priority,
      askedMs: nowMs,
      dueMs,
      state: 'coming',
      left: false,
      lane,
      size,
      estimate,
      expectedEndMs: endMs,
      readyMs,
      startedMs: Number.NaN,
      bytes,
      costMs: estimate.medianMs,
      tag: 0,
      key: this.#shares.keyOf(priority, nowMs),
      startedWorkMs: 0,
    };
    this.#shares.add(entry);
    this.#comes(entry);
    this.#counts.admitted++;
    return { admitted: true, entry };
  }

  /** The body is whole, and was looked at. Refused is what now can't be done by its time: it is over then. */
  arrived(entry: Entry, { kind, bytes, seconds }: Arrived, nowMs: number): Answer {
    this.#uploads.came(bytes, nowMs - entry.askedMs);
    this.#came(entry);
    entry.size = { kind, bytes, seconds };
    entry.estimate = this.#speeds.estimate(entry.size);
    entry.lane = this.#laneOf(entry.estimate);
    entry.state = 'waiting';
    entry.readyMs = nowMs;
    this.#shares.recount(entry, entry.estimate.medianMs, bytes);
    const startMs = this.#startOf(entry.lane, nowMs, nowMs, false, entry);
    const slowing = this.#slowing(0);
    entry.expectedEndMs = startMs + entry.estimate.medianMs * slowing;
    if (entry.expectedEndMs <= entry.dueMs) return { admitted: true, entry };
    return this.#tooLate(entry, nowMs);
  }

  /** Those that wait and can't be done by their time any more: they are over. To be asked before `next`. */
  late(nowMs: number): { readonly entry: Entry; readonly refused: Refused }[] {
    const late = this.#shares.line.filter(
      ({ state, estimate, dueMs }) => state === 'waiting' && nowMs + estimate.medianMs > dueMs,
    );
    return late.map((entry) => ({ entry, refused: this.#tooLate(entry, nowMs) }));
  }

  /** The entry that starts now; it has a thread until `ended`. Null when none can start. */
  next(nowMs: number): Entry | null {
    const entry = this.#shares.line.find(({ state, lane }) => state === 'waiting' && this.#lanes.has(lane));
    if (entry === undefined) return null;
    this.#lanes.begin(entry.lane, nowMs);
    this.#shares.start(entry);
    entry.state = 'running';
    entry.startedMs = nowMs;
    entry.startedWorkMs = this.#lanes.workAt(nowMs);
    this.#running.add(entry);
    return entry;
  }

  /** One that `next` gave is over, and its thread is free. */
  ended(entry: Entry, { serviceMs, outcome }: Ended, nowMs: number): void {
    if (entry.state !== 'running') return;
    const workMs = this.#lanes.workAt(nowMs) - entry.startedWorkMs;
    const wholeMs = nowMs - entry.startedMs;
    this.#lanes.end(entry.lane, nowMs);
    this.#running.delete(entry);
    this.#shares.end(entry, workMs);
    entry.state = 'over';
    if (outcome !== 'done') return;
    // What the runner measured has no way to it and back.
    this.#speeds.learn(entry.size, wholeMs > 0 ? (workMs * Math.min(serviceMs, wholeMs)) / wholeMs : workMs);
    const [told, took] = [entry.expectedEndMs - entry.readyMs, nowMs - entry.readyMs];
    this.#counts.told++;
    if (took <= 2 * told && told <= 2 * took) this.#counts.right++;
  }

  /** Its client left. A running one keeps its thread until `ended`; any other is over. */
  gone(entry: Entry, nowMs: number): void {
    if (entry.state === 'over') return;
    entry.left = true;
    if (entry.state === 'running') return;
    this.#drop(entry);
    this.#lanes.workAt(nowMs);
  }

  figures(nowMs: number): AdmissionFigures {
    const { admitted, full, client, late, tickets, used, right, told } = this.#counts;
    const { line, bytes, clients } = this.#shares;
    return {
      coming: this.#coming.length,
      waiting: line.length - this.#coming.length,
      running: { ...this.#lanes.running },
      bytes,
      clients,
      demand: this.#demand.at(nowMs),
      waitMs: {
        short: this.#startOf('short', nowMs, nowMs, false) - nowMs,
        long: this.#startOf('long', nowMs, nowMs, false) - nowMs,
      },
      admitted,
      refused: { full, client, late },
      tickets: { out: this.#tickets.size, given: tickets, used },
      predictions: { told, right },
    };
  }

  #laneOf({ safeMs }: Estimate): Lane {
    return safeMs <= this.#settings.shortMs ? 'short' : 'long';
  }

  /** Which limit one more of this client would break. A client may have as much as it leaves to others. */
  #limitOf(client: string, bytes: number): 'full' | 'client' | null {
    const { mostEntries, mostBytes } = this.#settings;
    const { held, bytes: own, weight } = this.#shares.of(client);
    const places = mostEntries - this.#shares.line.length;
    const freeBytes = mostBytes - this.#shares.bytes;
    if (places <= 0 || freeBytes < bytes) return 'full';
    if (held === 0) return null;
    return held >= places * weight || own + bytes > freeBytes * weight ? 'client' : null;
  }

  /** How long a request may be planned to wait. */
  #roomMs(lane: Lane, serviceMs: number, nowMs: number): number {
    const { stretch, graceMs } = this.#settings;
    const overload = this.#demand.overload(nowMs);
    return (stretch[lane] - 1) * serviceMs * (overload * CAUTION + 1 - overload) + (1 - overload) * graceMs;
  }

  /** How much slower threads will be with one more than are here. */
  #slowing(more: number): number {
    return this.#lanes.slowingAmong(this.#running.size + this.#shares.line.length + more);
  }

  /** When work of a lane would start that is ready by then, or this entry that waits. */
  #startOf(lane: Lane, readyMs: number, nowMs: number, tickets: boolean, own?: Entry): number {
    const slowing = this.#slowing(own === undefined ? 1 : 0);
    const workMs = this.#lanes.workAt(nowMs);
    this.#run.begin(nowMs);
    for (const entry of this.#running) this.#run.add(entry.lane, nowMs, leftMs(entry, workMs) * slowing);
    for (const entry of this.#shares.line) {
      if (entry === own) break;
      if (entry.state === 'waiting') this.#run.add(entry.lane, nowMs, entry.estimate.medianMs * slowing);
    }
    for (const entry of this.#coming) {
      if (entry.readyMs > readyMs || own !== undefined) break;
      this.#run.add(entry.lane, Math.max(nowMs, entry.readyMs), entry.estimate.medianMs * slowing);
    }
    for (const ticket of tickets ? this.#tickets.held() : []) {
      if (ticket.fromMs > readyMs) continue;
      this.#run.add(ticket.lane, Math.max(nowMs, ticket.fromMs), this.#tickets.expectedMs(ticket) * slowing);
    }
    return this.#run.startOf(lane, readyMs);
  }

  #comes(entry: Entry): void {
    let at = this.#coming.length;
    while (at > 0 && this.#coming[at - 1].readyMs > entry.readyMs) at--;
    this.#coming.splice(at, 0, entry);
  }

  #came(entry: Entry): void {
    this.#coming.splice(this.#coming.indexOf(entry), 1);
  }

  #drop(entry: Entry): void {
    if (entry.state === 'coming') this.#came(entry);
    this.#shares.drop(entry);
    entry.state = 'over';
  }

  #tooLate(entry: Entry, nowMs: number): Refused {
    this.#drop(entry);
    const { medianMs: workMs, safeMs } = entry.estimate;
    const needMs = this.#startOf(entry.lane, nowMs, nowMs, false) - nowMs;
    const never = entry.askedMs + safeMs > entry.dueMs;
    return this.#refuse(entry.client, 'late', { lane: entry.lane, workMs, needMs, never }, nowMs);
  }

  #refuse(
    client: string,
    why: Refused['why'],
    work: { lane: Lane; workMs: number; needMs: number; never: boolean },
    nowMs: number,
  ): Refused {
    this.#counts[why]++;
    this.#shares.refused(client, nowMs);
    if (work.never && why === 'late') return { admitted: false, why, retryAfterMs: null, ticket: null };
    const inMs = Math.max(SECOND_MS, Math.ceil(work.needMs / SECOND_MS) * SECOND_MS);
    const ticket = this.#tickets.give(client, work.lane, work.workMs, nowMs + inMs);
    if (ticket !== null) this.#counts.tickets++;
    // Without a ticket, those that come back are spread over as long as what is asked for takes.
    const spreadMs = ticket === null ? this.#settings.random() * SECOND_MS * this.#demand.at(nowMs) : 0;
    const retryAfterMs = Math.min(MOST_RETRY_MS, inMs + Math.round(spreadMs / SECOND_MS) * SECOND_MS);
    return { admitted: false, why, retryAfterMs: Math.max(inMs, retryAfterMs), ticket };
  }
}
