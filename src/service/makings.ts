/**
 * What is being made, each result once for all who ask for it meanwhile. Owned by the front process's thread.
 * Invariants: a making is cancelled when the last one who waits for it has gone, and not before; it has until
 * the latest of their times; nobody gets to wait for one that is cancelled.
 */
import { setImmediate } from '../timers.ts';
import type { Result, Results } from './results.ts';
import { SharedTurn } from './shared-turn.ts';
import type { Place } from './turns.ts';

interface Asker {
  readonly client: string;
  /** It waits no longer. */
  readonly signal: AbortSignal;
  /** Goes to the making. */
  readonly place: Place;
  /** By then it has to be done, by the clock. */
  readonly untilMs: number;
}

interface Making {
  readonly made: Promise<Result>;
  readonly cancel: AbortController;
  readonly turn: SharedTurn;
  /** Those who asked, also those who have gone: it is theirs to fetch. */
  readonly clients: Set<string>;
  waiting: number;
}

export class Makings {
  readonly #results: Results;
  readonly #making = new Map<string, Making>();

  constructor(results: Results) {
    this.#results = results;
  }

  has(address: string): boolean {
    return this.#making.has(address);
  }

  /**
   * The result of this address, made unless somebody else makes it.
   * @throws what making throws; the signal's reason
   */
  async get(
    address: string,
    { client, signal, place, untilMs }: Asker,
    make: (turn: SharedTurn, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const making = this.#making.get(address) ?? this.#begin(address, make);
    making.turn.add(place, untilMs);
    making.clients.add(client);
    making.waiting++;
    const gone = Promise.withResolvers<never>();
    const leave = (): void => gone.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([making.made, gone.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      if (--making.waiting === 0) {
        this.#forget(address, making);
        making.cancel.abort(new Error('nobody waits for it'));
      }
    }
  }

  #begin(address: string, make: (turn: SharedTurn, signal: AbortSignal) => Promise<Result>): Making {
    const cancel = new AbortController();
    const turn = new SharedTurn();
    const clients = new Set<string>();
    const made = make(turn, cancel.signal).then(
      (result) => {
        this.#forget(address, making);
        // Those who wait hear of it, and retain it, before this turn of the event loop is over.
        const held = result.made.retain();
        setImmediate(() => held[Symbol.dispose]());
        this.#results.keep(result, clients);
        return result;
      },
      (error) => {
        this.#forget(address, making);
        throw error;
      },
    );
    made.catch(() => {});
    const making: Making = { made, cancel, turn, clients, waiting: 0 };
    this.#making.set(address, making);
    return making;
  }

  /** Another one of this address may have begun since it was cancelled. */
  #forget(address: string, making: Making): void {
    if (this.#making.get(address) === making) this.#making.delete(address);
  }
}
