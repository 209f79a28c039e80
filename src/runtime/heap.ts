/**
 * A binary heap whose items know where they stand, so that each can be taken out, or moved once its order has
 * changed, in as few steps as the first: the logarithm of how many there are. Pure data.
 */

/** What can stand in one heap at a time. */
export interface Placed {
  /** The heap's own: its place there; -1 while it is in none. */
  at: number;
}

export class Heap<T extends Placed> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** @param before whether an item comes before another; never so of both */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  /** In no order that means anything. */
  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    item.at = this.#items.push(item) - 1;
    this.#rise(item);
  }

  /** The item is in this heap. */
  remove(item: T): void {
    const { at } = item;
    const last = this.#items.pop() as T;
    item.at = -1;
    if (last === item) return;
    this.#put(last, at);
    this.moved(last);
  }

  /** To be called when the order of an item in this heap may have changed. */
  moved(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  #rise(item: T): void {
    const items = this.#items;
    let { at } = item;
    while (at > 0) {
      const parent = items[(at - 1) >> 1];
      if (!this.#before(item, parent)) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(item, at);
  }

  #sink(item: T): void {
    const items = this.#items;
    let { at } = item;
    for (let child = 2 * at + 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.#before(items[child + 1], items[child])) child++;
      if (!this.#before(items[child], item)) break;
      this.#put(items[child], at);
      at = child;
    }
    this.#put(item, at);
  }

  #put(item: T, at: number): void {
    this.#items[at] = item;
    item.at = at;
  }
}
