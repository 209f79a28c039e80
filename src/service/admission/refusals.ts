/**
 * What a request is told that does not come in: why, when to come back, and whether a place is held for it.
 *
 * Owned by `Admission`; times come with the calls.
 */
import type { Refused } from './asked.ts';
import type { Demand } from './demand.ts';
import type { Forecast } from './forecast.ts';
import type { Shares } from './shares.ts';
import type { Place, Tickets } from './tickets.ts';

interface RefusalParts {
  readonly tickets: Tickets;
  readonly forecast: Forecast;
  readonly demand: Demand;
  readonly shares: Shares;
  readonly random: () => number;
}

/** What was found of a request. */
interface Found {
  readonly place: Place;
  /** Until it would fit, at least. */
  readonly needMs: number;
  /** It does not fit with all threads idle. */
  readonly never: boolean;
}

const SECOND_MS = 1_000;
const MOST_SPREAD_MS = 60_000;
/** A place is held no later than so long after a request could be admitted. */
const MOST_AFTER_MS = 7_000;

export class Refusals {
  readonly #parts: RefusalParts;
  readonly counts: Record<Refused['why'], number> & { tickets: number } = {
    full: 0,
    client: 0,
    late: 0,
    tickets: 0,
  };

  constructor(parts: RefusalParts) {
    this.#parts = parts;
  }

  refuse(client: string, why: Refused['why'], { place, needMs, never }: Found, nowMs: number): Refused {
    const { tickets, demand, shares, random } = this.#parts;
    this.counts[why]++;
    shares.refused(client, nowMs);
    if (never) return { admitted: false, why, retryAfterMs: null, ticket: null };
    const needsMs = inSeconds(needMs);
    const fromMs = tickets.allows(client, place) ? this.#placeFrom(place, nowMs + needsMs, nowMs) : null;
    if (fromMs !== null) {
      this.counts.tickets++;
      const ticket = tickets.give(client, place, fromMs);
      return { admitted: false, why, retryAfterMs: fromMs - nowMs, ticket };
    }
    // Those that come back are spread over as long as what is asked for takes.
    const spreadMs = Math.min(MOST_SPREAD_MS, SECOND_MS * Math.max(1, demand.at(nowMs)));
    return { admitted: false, why, retryAfterMs: inSeconds(needMs + random() * spreadMs), ticket: null };
  }

  /** From when on a place can be held; null where that is too far away. */
  #placeFrom(place: Place, earliestMs: number, nowMs: number): number | null {
    const { tickets, forecast } = this.#parts;
    const others = tickets.planned(nowMs);
    for (let afterMs = 0; afterMs <= MOST_AFTER_MS; afterMs = 2 * afterMs + SECOND_MS) {
      const planned = tickets.plannedFor(place, earliestMs + afterMs, nowMs);
      const { startMs, breaks } = forecast.of(planned, others, nowMs);
      const inTime = startMs - earliestMs - afterMs < place.startInMs;
      if (inTime && startMs <= planned.startByMs && !breaks) return earliestMs + afterMs;
    }
    return null;
  }
}

/** At least one. */
function inSeconds(ms: number): number {
  return Math.max(SECOND_MS, Math.ceil(ms / SECOND_MS) * SECOND_MS);
}
