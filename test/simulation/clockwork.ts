/**
 * What drives the main thread of a simulated runtime by itself: the timer of its heartbeat, and the word that
 * tells of shards that starve. Owned by its world. Invariant: as in a runtime, one timer is pending at most.
 */
import type { Ledger } from '../../src/budget/ledger.ts';
import type { Machine } from './thread.ts';

export class Clockwork {
  /** The word, as it was when shards were last served. */
  servedWord = -1;
  readonly #machine: Machine;
  readonly #ledger: Ledger;
  #timer: { readonly fire: () => void; readonly dueNs: number } | null = null;

  constructor(machine: Machine, ledger: Ledger) {
    this.#machine = machine;
    this.#ledger = ledger;
  }

  startTimer(fire: () => void, milliseconds: number) {
    if (this.#timer !== null) throw new Error('rest: two timers are pending');
    const timer = { fire, dueNs: this.#machine.clock + milliseconds * 1e6 };
    this.#timer = timer;
    return {
      ref: () => {},
      unref: () => {},
      [Symbol.dispose]: () => {
        if (this.#timer === timer) this.#timer = null;
      },
    };
  }

  /** The timer goes off, if there is one. */
  beat(): void {
    const timer = this.#timer;
    this.#timer = null;
    timer?.fire();
  }

  /** The runtime hears of the word's change, if it has changed. */
  hear(serveStarving: () => void): void {
    const seen = this.#ledger.header.starvedWord;
    if (seen === this.servedWord) return;
    this.servedWord = seen;
    serveStarving();
  }

  /** By so much, for everybody: what is due by then happens. */
  pass(milliseconds: number, serveStarving: () => void): void {
    this.#machine.clock += milliseconds * 1e6;
    this.hear(serveStarving);
    if (this.#timer !== null && this.#timer.dueNs <= this.#machine.clock) this.beat();
  }
}
