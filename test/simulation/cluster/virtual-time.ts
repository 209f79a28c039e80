/**
 * The time of a simulated cluster: nothing passes but by what was planned for later. Owns what will happen;
 * whatever promises a happening settles are through before the next one.
 */
import { Events } from '../service/events.ts';

export class VirtualTime {
  readonly #events = new Events();
  nowMs = 0;

  /** @returns calls it off */
  at(ms: number, happens: () => void): () => void {
    const event = this.#events.add(Math.max(ms, this.nowMs), happens);
    return () => this.#events.callOff(event);
  }

  /** Until it is over, or nothing is left to happen. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#events.firstMs < Infinity) {
      this.nowMs = this.#events.firstMs;
      this.#events.take();
      await settled();
    }
  }
}

/** A tick comes when no promise is left that could go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
