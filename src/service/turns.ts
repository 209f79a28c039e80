/**
 * The places of requests, from admission until their work is over: asks the policy and keeps its promises.
 * Owned by the front process's thread. Invariant: each place that was given ends once, as done, failed or
 * gone; a turn is given to places that are there.
 */
import { type ErrorCode, MillpondError } from '../errors.ts';
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';
import type { Admission } from './admission/admission.ts';
import type { Arrived, Asked, Ended, Refused } from './admission/asked.ts';
import type { Entry } from './admission/entry.ts';

const LONGEST_LOOK_MS = 60_000;

/** A refusal that says when to come back. */
export class Refusal extends MillpondError {
  /** Null where it can never be done in the time that it gave. */
  readonly retryAfterMs: number | null;
  readonly ticket: string | null;

  constructor(code: ErrorCode, message: string, { retryAfterMs, ticket }: Omit<Refused, 'admitted' | 'why'>) {
    // An answer that many get a second: nobody asks where it was made, and that is what it would cost most.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(code, message);
    Error.stackTraceLimit = stackTraceLimit;
    this.retryAfterMs = retryAfterMs;
    this.ticket = ticket;
  }
}

export class Turns {
  readonly #admission: Admission;
  readonly #otherCores: (nowMs: number) => number;
  readonly #waiting = new Map<Entry, { start(): void; refuse(refusal: Refusal): void }>();
  /** They have a thread already, and nobody has asked for their turn yet. */
  readonly #early = new Set<Entry>();
  #look: ReturnType<typeof setTimeout> | undefined;
  #idle: (() => void)[] = [];
  #open = 0;
  /** New requests are refused. */
  isLeaving = false;

  /** @param otherCores how many of the cores are taken by others than the work */
  constructor(admission: Admission, otherCores: (nowMs: number) => number) {
    this.#admission = admission;
    this.#otherCores = otherCores;
  }

  /** New requests are refused from now on. */
  leave(): void {
    this.isLeaving = true;
  }

  /** @throws Refusal; MillpondError `ERR_SERVICE_DRAINING` */
  ask(asked: Asked): Place {
    if (this.isLeaving) throw draining();
    const now = nowMs();
    this.#admission.otherCores(this.#otherCores(now), now);
    const answer = this.#admission.ask(asked, now);
    if (!answer.admitted) throw refusal(answer);
    this.#open++;
    return new Place(this, answer.entry);
  }

  /** Resolves when no place is held any more. */
  async settled(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** @internal */
  came(entry: Entry, bytes: number): void {
    this.#admission.came(entry, bytes, nowMs());
  }

  /** @internal @throws Refusal where it cannot be done in time */
  arrived(entry: Entry, arrived: Arrived): void {
    const answer = this.#admission.arrived(entry, arrived, nowMs());
    if (!answer.admitted) throw refusal(answer);
  }

  /** @internal */
  async turn(entry: Entry, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.set(entry, { start: resolve, refuse: reject });
    if (this.#early.delete(entry)) resolve();
    this.#pump();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
      this.#waiting.delete(entry);
    }
  }

  /** @internal @param ended null where it never had its turn */
  over(entry: Entry, ended: Ended | null): void {
    this.#early.delete(entry);
    if (ended === null) this.#admission.gone(entry);
    // One that left as it got its thread gives it back, too.
    this.#admission.ended(entry, ended ?? 'cancelled', nowMs());
    this.#open--;
    this.#pump();
    if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #pump(): void {
    for (const { entry, refused } of this.#admission.late(nowMs())) {
      this.#waiting.get(entry)?.refuse(refusal(refused));
    }
    for (;;) {
      const entry = this.#admission.next(nowMs());
      if (entry === null) break;
      const waits = this.#waiting.get(entry);
      if (waits === undefined) this.#early.add(entry);
      else waits.start();
    }
    clearTimeout(this.#look);
    const inMs = this.#admission.lookMs(nowMs()) - nowMs();
    if (inMs < Infinity) {
      this.#look = setTimeout(() => this.#pump(), Math.min(LONGEST_LOOK_MS, Math.max(0, inMs))).unref();
    }
  }
}

export class Place implements Disposable {
  readonly #turns: Turns;
  readonly #entry: Entry;
  #ended: Ended | null = null;
  #over = false;

  constructor(turns: Turns, entry: Entry) {
    this.#turns = turns;
    this.#entry = entry;
  }

  /** Of its body so many bytes are there. */
  came(bytes: number): void {
    this.#turns.came(this.#entry, bytes);
  }

  /** The body is there. @throws Refusal */
  arrived(arrived: Arrived): void {
    this.#turns.arrived(this.#entry, arrived);
  }

  /**
   * Resolves when its turn has come.
   * @throws Refusal where it cannot be done in time any more; the signal's reason
   */
  async turn(signal: AbortSignal): Promise<void> {
    await this.#turns.turn(this.#entry, signal);
  }

  /**
   * Does its work, at its turn, and ends.
   * @param work resolves to its result, and how long it took by the clock of its thread
   * @throws what `work` throws
   */
  async run<T extends { readonly workMs: number }>(work: () => Promise<T>): Promise<T> {
    this.#ended = 'failed';
    try {
      const result = await work();
      this.#ended = 'done';
      return result;
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (this.#over) return;
    this.#over = true;
    this.#turns.over(this.#entry, this.#ended);
  }
}

const CODES = { full: 'ERR_SERVICE_FULL', client: 'ERR_CLIENT_FULL', late: 'ERR_TOO_LATE' } as const;

function refusal({ why, ...when }: Refused): Refusal {
  const { retryAfterMs, ticket } = when;
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1000);
  const back = `Come back in ${seconds} s${ticket === null ? '' : ', with the ticket'}`;
  const messages = {
    full: `A service takes work that it can do in time, got as much as it has room for. ${back}.`,
    client: `A client has its share of a service, got more work than that from this one. ${back}.`,
    late:
      retryAfterMs === null
        ? 'Work is done by the time that its request gives, got some that takes longer even alone. Allow more by Prefer: wait=.'
        : `Work is done by the time that its request gives, got some that would take longer now. ${back}, or allow more by Prefer: wait=.`,
  };
  return new Refusal(CODES[why], messages[why], when);
}

function draining(): MillpondError {
  return new MillpondError(
    'ERR_SERVICE_DRAINING',
    'A service takes work until it is told to leave, got a request after that. Send it to another one, or come back later.',
  );
}
