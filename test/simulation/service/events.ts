/** What will happen when, in a simulated world. */
import { Heap, type Placed } from '../../../src/runtime/heap.ts';

interface Event extends Placed {
  readonly atMs: number;
  readonly order: number;
  readonly happens: () => void;
}

export class Events {
  readonly #heap = new Heap<Event>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #order = 0;

  get firstMs(): number {
    return this.#heap.first?.atMs ?? Infinity;
  }

  /** @returns what it is called off by */
  add(atMs: number, happens: () => void): Event {
    const event = { at: -1, atMs, order: this.#order++, happens };
    this.#heap.add(event);
    return event;
  }

  callOff(event: Event): void {
    if (event.at >= 0) this.#heap.remove(event);
  }

  take(): void {
    const event = this.#heap.first as Event;
    this.#heap.remove(event);
    event.happens();
  }
}
