/**
 * Whether a host has to wait, since its folders cannot be read or written. Owns for how long; main thread of
 * the host. It is over when something was written.
 */
import type { HostClock, HostEvent } from './host-events.ts';
import type { Store } from './store.ts';

const FIRST_MS = 1000;
const MOST_MS = 30_000;

export class Illness {
  readonly #clock: HostClock;
  readonly #say: (event: HostEvent) => void;
  #untilMs = Number.NEGATIVE_INFINITY;
  /** 0 while all is well. */
  #lastsMs = 0;

  constructor({ clock, say }: { readonly clock: HostClock; say(event: HostEvent): void }) {
    this.#clock = clock;
    this.#say = say;
  }

  get isIll(): boolean {
    return this.#lastsMs > 0;
  }

  /** False where it is waited for already. */
  fall(error: Error): boolean {
    if (this.#clock.nowMs() < this.#untilMs) return false;
    this.#lastsMs = Math.min(MOST_MS, Math.max(FIRST_MS, this.#lastsMs * 2));
    this.#untilMs = this.#clock.nowMs() + this.#lastsMs;
    this.#say({ event: 'ill', why: error.message });
    return true;
  }

  /** Tries to write, where it is time to. */
  async isOver(stores: readonly Store[]): Promise<boolean> {
    if (!this.isIll) return true;
    if (this.#clock.nowMs() < this.#untilMs) return false;
    try {
      for (const store of stores) await store.probe();
    } catch (error) {
      this.fall(error as Error);
      return false;
    }
    this.#lastsMs = 0;
    this.#say({ event: 'well' });
    return true;
  }
}
