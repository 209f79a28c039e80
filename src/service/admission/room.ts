/**
 * How much one more request may have of what there is: places, bytes and waiting.
 *
 * Owned by `Admission`; it keeps nothing of its own.
 */
import type { Demand } from './demand.ts';
import type { Line } from './line.ts';
import type { Lane } from './predict.ts';
import type { AdmissionSettings } from './settings.ts';
import type { Shares } from './shares.ts';

/**
 * Of the wait that a request's stretch leaves it, the part that may be planned: predictions are not exact.
 */
const CAUTION = 0.4;

export class Room {
  readonly #settings: AdmissionSettings;
  readonly #demand: Demand;
  readonly #shares: Shares;
  readonly #line: Line;

  constructor(settings: AdmissionSettings, demand: Demand, shares: Shares, line: Line) {
    this.#settings = settings;
    this.#demand = demand;
    this.#shares = shares;
    this.#line = line;
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
    const { stretch, graceMs } = this.#settings;
    const overload = this.#demand.overload(nowMs);
    return (stretch[lane] - 1) * serviceMs * (overload * CAUTION + 1 - overload) + (1 - overload) * graceMs;
  }

  /** How long one with a ticket may wait: what others leave for predictions that are wrong is for it. */
  heldMs(roomMs: number): number {
    return Math.max(roomMs / CAUTION, this.#settings.graceMs);
  }

  /** How much later a client's turn comes for what it has here, and earlier for its priority. */
  behindMs(client: string, priority: number, nowMs: number): number {
    const { heldMs, weight, priority: usual } = this.#shares.of(client);
    const { graceMs, ageingMs } = this.#settings;
    const spareMs = (1 - this.#demand.overload(nowMs)) * graceMs;
    return Math.min(spareMs, heldMs / weight) - (priority - usual) * ageingMs;
  }
}
