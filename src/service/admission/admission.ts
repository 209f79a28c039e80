/**
 * Which requests come in, when they start, and what those are told that don't.
 *
 * Owned by the service; the front's main thread. It has no clock, timer or file: times come with the calls,
 * in milliseconds, and never go back. A request is admitted at its head, before its body has any memory: it
 * gets a place in the line, its bytes, and its part of the threads' time, by what it is predicted to take. It
 * is admitted where a run through all that is here shows that it would start soon enough, and that nothing
 * which was admitted before would start too late for it. Parts: `Speeds` (how long work takes), `Uploads`
 * (how long bodies do), `Lanes` (threads, and which work may have them), `Line` (who is here), `RunThrough`
 * (when work would start), `Demand` (whether more is asked for than can be done), `Shares` (who had how
 * much), `Tickets` (who comes back).
 * Invariant: the line is at most `mostEntries` long, bodies hold at most `mostBytes` by what they said, and
 * what was admitted is dropped only by `arrived`, `late` and `gone`. An entry takes about 800 bytes.
 */
import type { Answer, Arrived, Asked, Ended, Refused } from './asked.ts';
import { Demand } from './demand.ts';
import type { Entry } from './entry.ts';
import type { AdmissionFigures } from './figures.ts';
import { Forecast } from './forecast.ts';
import { Lanes } from './lanes.ts';
import { Line } from './line.ts';
import type { Lane, Planned } from './predict.ts';
import { Refusals } from './refusals.ts';
import { Room } from './room.ts';
import type { AdmissionSettings } from './settings.ts';
import { Shares } from './shares.ts';
import { type Estimate, type Size, Speeds } from './speeds.ts';
import { Tickets } from './tickets.ts';
import { Uploads } from './uploads.ts';
import { yields, yieldsUntilMs } from './yields.ts';

/** Of all threads, what who had more than its share leaves to the others. */
const LEAVES = 1 / 4;

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #speeds = new Speeds();
  readonly #uploads = new Uploads();
  readonly #lanes: Lanes;
  readonly #line = new Line();
  readonly #forecast: Forecast;
  readonly #demand: Demand;
  readonly #shares: Shares;
  readonly #tickets: Tickets;
  readonly #room: Room;
  readonly #refusals: Refusals;
  readonly #counts = { admitted: 0, used: 0, right: 0, told: 0 };

  constructor(settings: AdmissionSettings, nowMs: number) {
    const { cores, ticketHoldMs, ticketsOfClient } = settings;
    this.#settings = settings;
    this.#lanes = new Lanes(cores, nowMs);
    this.#forecast = new Forecast(this.#lanes, this.#line);
    this.#demand = new Demand(cores, nowMs);
    this.#shares = new Shares(settings);
    const rules = { holdMs: ticketHoldMs, mostOfClient: ticketsOfClient, cores };
    this.#tickets = new Tickets(rules, settings.random);
    this.#room = new Room(settings, {
      demand: this.#demand,
      shares: this.#shares,
      line: this.#line,
      lanes: this.#lanes,
    });
    this.#refusals = new Refusals({
      tickets: this.#tickets,
      forecast: this.#forecast,
      demand: this.#demand,
      shares: this.#shares,
      random: settings.random,
    });
  }

  /** At the head of a request. What is admitted has to come to `arrived` or to `gone`. */
  ask(asked: Asked, nowMs: number): Answer {
    const { client, kind, seconds, bodyBytes, priority, withinMs } = asked;
    const size: Size = { kind, seconds, bytes: bodyBytes };
    const estimate = this.#speeds.estimate(size);
    const lane = this.#laneOf(estimate.safeMs);
    const bytes = bodyBytes ?? this.#settings.unknownBytes;
    this.#demand.asked(estimate.medianMs, nowMs);
    this.#tickets.expire(nowMs);
    const held = asked.ticket !== undefined && this.#tickets.use(asked.ticket, client, nowMs);
    if (held) this.#counts.used++;

    const seen = seconds !== null;
    const slowing = this.#forecast.slowing;
    const bodyMs = this.#uploads.expectedMs(bytes);
    const readyMs = nowMs + bodyMs;
    const dueMs = nowMs + withinMs;
    const strictMs = this.#room.waitMs(lane, estimate.leastMs * slowing, nowMs);
    const back = this.#room.held(lane, strictMs);
    const roomMs = held ? back.roomMs : strictMs;
    const planned: Planned = {
      lane,
      readyMs,
      key: readyMs + roomMs - this.#room.spareMs(nowMs) + this.#room.behindMs(client, priority, nowMs),
      startByMs: readyMs + roomMs,
      workMs: seen ? estimate.medianMs : this.#unseenMs(estimate, nowMs),
    };
    const refuse = (why: Refused['why'], needMs: number): Refused => {
      const never = why === 'late' && seen && readyMs + estimate.safeMs > dueMs;
      const endMs = withinMs - estimate.safeMs * slowing;
      const place = { lane, workMs: estimate.medianMs, bodyMs, startInMs: endMs, ...back };
      return this.#refusals.refuse(client, why, { place, needMs, never }, nowMs);
    };

    const limit = this.#room.limitOf(client, bytes);
    const tickets = held ? [] : this.#tickets.planned(nowMs);
    const { startMs, breaks } = this.#forecast.of(planned, tickets, nowMs);
    // Who was told to come back had all of this considered; and only what a probe has seen is too long.
    const likelyMs = seen ? estimate.safeMs : estimate.leastMs;
    const safeEndMs = startMs + (held ? Math.min(likelyMs, estimate.medianMs) : likelyMs) * slowing;
    const waitMs = startMs - readyMs;
    if (limit !== null) return refuse(limit, waitMs);
    if (safeEndMs > dueMs) return refuse('late', safeEndMs - dueMs);
    if (waitMs > roomMs || (breaks && !held)) return refuse('full', Math.max(0, waitMs - roomMs));
    const ahead = held ? 0 : this.#room.ahead(client, nowMs);
    if (waitMs > roomMs * (1 - ahead)) return refuse('client', waitMs);
    if (ahead === 1) {
      // It leaves threads to those that are behind.
      const left = Array.from({ length: Math.ceil(this.#settings.cores * LEAVES) }, () => ({
        ...planned,
        key: -Infinity,
        startByMs: Infinity,
      }));
      const besideMs = this.#forecast.of(planned, [...tickets, ...left], nowMs).startMs;
      if (besideMs > readyMs) return refuse('client', besideMs - readyMs);
    }

    const entry: Entry = {
      ...planned,
      client,
      priority,
      askedMs: nowMs,
      dueMs,
      state: 'coming',
      left: false,
      held,
      headSize: size,
      size,
      estimate,
      expectedEndMs: startMs + estimate.medianMs * slowing,
      startedMs: Number.NaN,
      cameBytes: 0,
      cameMs: nowMs,
      bytes,
      costMs: estimate.medianMs,
      startedWorkMs: 0,
      yieldsFromMs: null,
    };
    this.#shares.add(entry);
    this.#line.add(entry);
    this.#counts.admitted++;
    this.#tickets.admitted(lane);
    return { admitted: true, entry };
  }

  /** Of its body so many bytes are here. */
  came(entry: Entry, bytes: number, nowMs: number): void {
    entry.cameBytes = bytes;
    entry.cameMs = nowMs;
  }

  /** The cores have so much else to do: from 0 to their number. */
  otherCores(cores: number, nowMs: number): void {
    this.#lanes.others(cores, nowMs);
  }

  /** The body is whole, and was looked at. Refused is what now can't be done by its time: it is over then. */
  arrived(entry: Entry, { kind, bytes, seconds }: Arrived, nowMs: number): Answer {
    this.#uploads.came(bytes, nowMs - entry.askedMs);
    this.#line.remove(entry);
    entry.size = { kind, bytes, seconds };
    const { medianMs, safeMs } = this.#speeds.estimate(entry.size);
    entry.workMs = medianMs;
    // What was thought to be short stays so unless it is plainly not: its place is there.
    entry.lane = this.#laneOf(entry.lane === 'short' ? medianMs / 2 : safeMs);
    this.#shares.recount(entry, medianMs, bytes);
    const slowing = this.#forecast.slowing;
    entry.state = 'waiting';
    entry.readyMs = nowMs;
    const roomMs = this.#room.waitMs(entry.lane, medianMs * slowing, nowMs);
    entry.startByMs = nowMs + (entry.held ? this.#room.held(entry.lane, roomMs).roomMs : roomMs);
    entry.key =
      entry.startByMs - this.#room.spareMs(nowMs) + this.#room.behindMs(entry.client, entry.priority, nowMs);
    entry.expectedEndMs = this.#forecast.of(entry, [], nowMs).startMs + medianMs * slowing;
    this.#line.add(entry);
    if (entry.expectedEndMs <= entry.dueMs) return { admitted: true, entry };
    return this.#tooLate(entry, nowMs);
  }

  /** Those that wait and can't be done by their time any more: they are over. To be asked before `next`. */
  late(nowMs: number): { readonly entry: Entry; readonly refused: Refused }[] {
    const late = this.#line.waiting.filter(({ dueMs, workMs }) => nowMs >= dueMs - workMs);
    return late.map((entry) => ({ entry, refused: this.#tooLate(entry, nowMs) }));
  }

  /** The entry that starts now; it has a thread until `ended`. Null when none can start. */
  next(nowMs: number): Entry | null {
    const entry = this.#line.waiting.find(
      (waits) => this.#lanes.has(waits.lane) && !yields(waits, this.#lanes, this.#line, nowMs),
    );
    if (entry === undefined) return null;
    this.#line.remove(entry);
    this.#lanes.begin(entry, nowMs);
    entry.state = 'running';
    entry.startedMs = nowMs;
    return entry;
  }

  /**
   * When `late` or `next` may say something new by itself; infinite where only other calls can change that.
   */
  lookMs(nowMs: number): number {
    let lookMs = Infinity;
    for (const entry of this.#line.waiting) {
      const yieldsMs = yieldsUntilMs(entry);
      if (yieldsMs > nowMs && this.#lanes.has(entry.lane)) lookMs = Math.min(lookMs, yieldsMs);
      lookMs = Math.min(lookMs, entry.dueMs - entry.workMs);
    }
    return lookMs;
  }

  /** One that `next` gave is over, and its thread is free. */
  ended(entry: Entry, outcome: Ended, nowMs: number): void {
    if (entry.state !== 'running') return;
    const workMs = this.#lanes.end(entry, nowMs);
    this.#shares.end(entry, workMs);
    entry.state = 'over';
    if (outcome !== 'done') return;
    // The way to the thread and back is in it: so long nobody else has the thread.
    this.#speeds.learn(entry.size, workMs);
    this.#speeds.learn(entry.headSize, workMs);
    const [told, took] = [entry.expectedEndMs - entry.readyMs, nowMs - entry.readyMs];
    this.#counts.told++;
    if (took <= 2 * told && told <= 2 * took) this.#counts.right++;
  }

  /** Its client left. A running one keeps its thread until `ended`; any other is over. */
  gone(entry: Entry): void {
    if (entry.state === 'over') return;
    entry.left = true;
    if (entry.state !== 'running') this.#drop(entry);
  }

  figures(nowMs: number): AdmissionFigures {
    const { admitted, used, right, told } = this.#counts;
    const { full, client, late, tickets } = this.#refusals.counts;
    const { bytes, clients } = this.#shares;
    return {
      coming: this.#line.coming.length,
      waiting: this.#line.waiting.length,
      running: this.#lanes.counts,
      bytes,
      clients,
      demand: this.#demand.at(nowMs),
      waitMs: { short: this.#forecast.waitMs('short', nowMs), long: this.#forecast.waitMs('long', nowMs) },
      admitted,
      refused: { full, client, late },
      tickets: { out: this.#tickets.size, given: tickets, used },
      predictions: { told, right },
    };
  }

  /** What counts of work that nobody has seen: without overload nobody is refused for what may be. */
  #unseenMs({ leastMs, medianMs }: Estimate, nowMs: number): number {
    return leastMs + (medianMs - leastMs) * this.#demand.overload(nowMs);
  }

  #laneOf(workMs: number): Lane {
    return workMs <= this.#settings.shortMs ? 'short' : 'long';
  }

  #drop(entry: Entry): void {
    this.#line.remove(entry);
    this.#shares.end(entry, 0);
    entry.state = 'over';
  }

  #tooLate(entry: Entry, nowMs: number): Refused {
    this.#drop(entry);
    const { lane, workMs, readyMs, startByMs } = entry;
    const place = {
      lane,
      workMs,
      bodyMs: readyMs - entry.askedMs,
      ...this.#room.held(lane, startByMs - readyMs),
      startInMs: Infinity,
    };
    const never = entry.askedMs + workMs > entry.dueMs;
    return this.#refusals.refuse(
      entry.client,
      'late',
      { place, needMs: this.#forecast.waitMs(lane, nowMs), never },
      nowMs,
    );
  }
}
