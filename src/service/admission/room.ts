/**
 * How much one more request may have of what there is: places, bytes and waiting.
 *
 * Owned by `Admission`; it keeps nothing of its own.
 */
import type { Demand } from './demand.ts';
import type { Lanes } from './lanes.ts';
import type { Line } from './line.ts';
import type { Lane } from './predict.ts';
import type { AdmissionSettings } from './settings.ts';
import type { Shares } from './shares.ts';

/**
 * Of the wait that a request's stretch leaves it, the part that may be planned: predictions are not exact.
 */
const CAUTION = 0.25;
/** The same for one that comes back with its ticket. */
const HELD = 0.35;
/** So much more than others that still want, by weight, and a client leaves them all of it. */
const AHEAD_MS = 2_000;
/** So often a thread has to become free for it while it may wait. */
const FREES = 3;

interface RoomParts {
  readonly demand: Demand;
  readonly shares: Shares;
  readonly line: Line;
  readonly lanes: Lanes;
}

export class Room {
  readonly #settings: AdmissionSettings;
  readonly #demand: Demand;
  readonly #shares: Shares;
  readonly #line: Line;
  readonly #lanes: Lanes;

  constructor(settings: AdmissionSettings, { demand, shares, line, lanes }: RoomParts) {
    this.#settings = settings;
    this.#demand = demand;
    this.#shares = shares;
    this.#line = line;
    this.#lanes = lanes;
  }

  /** Which limit one more of this client would break. A client may have as much as it leaves to others. */
  limitOf(client: string, bytes: number): 'full' | 'client' | null {
    const { mostEntries, mostBytes } = this.#settings;
    const { held, bytes: own, weight } = this.#shares.of(client);
    const places = mostEntries - this.#line.length;
    const freeBytes = mostBytes - this.#shares.bytes;
    if (places <= 0 || freeBytes < bytes) return 'full';
    if (held === 0) return null;
    return held >= places * weight || own + bytes > freeBytes * weight ? 'client' : null;
  }

  /** How long a request may be planned to wait. */
  waitMs(lane: Lane, serviceMs: number, nowMs: number): number {
    const { stretch } = this.#settings;
    const overload = this.#demand.overload(nowMs);
    return (stretch[lane] - 1) * serviceMs * (overload * CAUTION + 1 - overload) + this.spareMs(nowMs);
  }

  /** Of that, what is given since there is no overload. */
  spareMs(nowMs: number): number {
    return (1 - this.#demand.overload(nowMs)) * this.#settings.graceMs;
  }

  /**
   * How long one may wait that comes back with a ticket: until a thread is free at any rate. It hurries where
   * that is longer than its stretch allows.
   */
  held(lane: Lane, roomMs: number): { roomMs: number; hurries: boolean } {
    const own = (roomMs / CAUTION) * HELD;
    const least = Math.max(this.#settings.graceMs, this.#lanes.freesMs(lane) * FREES);
    return { roomMs: Math.max(own, least), hurries: own < least };
  }

  /** From 0 to 1: how much of its room a client leaves to others, under overload, for what it had before. */
  ahead(client: string, nowMs: number): number {
    const aheadMs = this.#shares.aheadMs(client, nowMs);
    return Math.min(1, aheadMs / AHEAD_MS) * this.#demand.overload(nowMs);
  }

  /** How much later a client's turn comes for what it has here, and earlier for its priority. */
  behindMs(client: string, priority: number, nowMs: number): number {
    const { heldMs, weight, priority: usual } = this.#shares.of(client);
    const { ageingMs } = this.#settings;
    return Math.min(this.spareMs(nowMs), heldMs / weight) - (priority - usual) * ageingMs;
  }
}
