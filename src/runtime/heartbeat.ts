/**
 * When a runtime makes its rounds: often while there is something to do, seldom while time alone still
 * changes something, and else not at all. Owned by the runtime, on the main thread; what a round does is the
 * parts'.
 * Invariant: one timer is pending at most. While something is queued, running or starving, or leased on the
 * main thread otherwise than by a hit at rest, one is, and goes off within `BEAT_MS`: who brings such a thing
 * calls `wake`.
 */

/** Goes off once; disposed, never. `setTimeout` returns one. */
interface Timer extends Disposable {
  /** It keeps the process alive, or does not. */
  ref(): unknown;
  unref(): unknown;
}

export type StartTimer = (fire: () => void, milliseconds: number) => Timer;

export interface HeartbeatPorts {
  /** Milliseconds. */
  now(): number;
  readonly startTimer: StartTimer;
  /** Milliseconds without anything to do, before a rest. Default 2000. */
  readonly settleMs?: number;
}

interface HeartbeatParts {
  round(): void;
  /** Something is leased, queued, running or starving, or somebody wants rounds at all times. */
  occupied(): boolean;
  /** Rounds still find something to do, as time passes, though nothing happens. */
  unsettled(): boolean;
  /** A rest is over: what there is to compare with is of long ago. */
  woken(): void;
}

const BEAT_MS = 50;
/** What threads recorded has come by then, and an interval without anything is over. */
const SETTLE_MS = 2000;
/** At rest, from one round to the next: at first, and twice as long each time. */
const FIRST_PAUSE_MS = 5000;
/** What is not settled after that never will be: nothing holds idle memory for longer. */
const LAST_PAUSE_MS = 3_600_000;
/** What is younger is as good as new. */
const FRESH_MS = 200;

export class Heartbeat {
  readonly #ports: HeartbeatPorts;
  readonly #parts: HeartbeatParts;
  readonly #settleMs: number;
  #timer: Timer | null = null;
  #state: 'awake' | 'resting' | 'ended' = 'resting';
  /** Something happened since the last round, though it may be over. */
  #stirred = false;
  #occupiedMs = 0;
  #roundMs = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #keepsAlive = false;

  /** Rests until it is woken. */
  constructor(ports: HeartbeatPorts, parts: HeartbeatParts) {
    this.#ports = ports;
    this.#parts = parts;
    this.#settleMs = ports.settleMs ?? SETTLE_MS;
  }

  get resting(): boolean {
    return this.#state === 'resting';
  }

  /** Something happens. Costs nothing while it is awake. */
  wake(): void {
    this.#stirred = true;
    if (this.#state !== 'resting') return;
    this.#state = 'awake';
    this.#parts.woken();
    // In a turn of its own: what happens comes first.
    this.#schedule(0);
  }

  /** For a reader: at rest the last round may be long ago. */
  refresh(): void {
    if (this.#state !== 'resting' || this.#ports.now() - this.#roundMs < FRESH_MS) return;
    this.#round();
    if (this.#parts.occupied()) this.wake();
  }

  /** From now on it keeps the process alive, and does not begin to rest. */
  ref(): void {
    this.#keepsAlive = true;
    this.#timer?.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#timer?.unref();
  }

  end(): void {
    this.#state = 'ended';
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #schedule(milliseconds: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#ports.startTimer(() => this.#beat(), milliseconds);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  #beat(): void {
    this.#timer = null;
    try {
      this.#round();
    } finally {
      // A round may wake it, or end it.
      if (this.#timer === null && this.#state !== 'ended') this.#goOn();
    }
  }

  #round(): void {
    this.#roundMs = this.#ports.now();
    this.#parts.round();
  }

  #goOn(): void {
    const occupied = this.#stirred || this.#keepsAlive || this.#parts.occupied();
    this.#stirred = false;
    if (this.#state === 'resting') {
      if (occupied) this.wake();
      else this.#rest(2 * this.#pauseMs);
      return;
    }
    if (occupied) this.#occupiedMs = this.#roundMs;
    if (occupied || this.#roundMs - this.#occupiedMs < this.#settleMs) this.#schedule(BEAT_MS);
    else this.#rest(FIRST_PAUSE_MS);
  }

  #rest(pauseMs: number): void {
    this.#state = 'resting';
    this.#pauseMs = pauseMs;
    if (pauseMs <= LAST_PAUSE_MS && this.#parts.unsettled()) this.#schedule(pauseMs);
  }
}
