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

  add(atMs: number, happens: () => void): void {
    this.#heap.add({ at: -1, atMs, order: this.#order++, happens });
  }

  take(): void {
    const event = this.#heap.first as Event;
    this.#heap.remove(event);
    event.happens();
  }
}
