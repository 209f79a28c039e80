/** What has ended of a `map` and was not read. Owned by the thread that called `map`. */
import { releaseLeases } from '../messages/release-leases.ts';
import type { MapFailure, Mapped } from './runner.ts';

export type Item = Mapped<unknown, unknown> | MapFailure<unknown>;

export class MapItems {
  /** How many were taken. */
  delivered = 0;
  /** By index, in the order of the ends. */
  readonly #items = new Map<number, Item>();
  readonly #ordered: boolean;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  put(item: Item): void {
    this.#items.set(item.index, item);
  }

  /** The one that is to be read next; none where it has not ended. */
  take(): Item | undefined {
    const item = this.#ordered ? this.#items.get(this.delivered) : this.#oldest();
    if (item !== undefined) {
      this.#items.delete(item.index);
      this.delivered++;
    }
    return item;
  }

  /** Nobody will read them. */
  drop(): void {
    for (const item of this.#items.values()) dropItem(item);
    this.#items.clear();
  }

  #oldest(): Item | undefined {
    for (const item of this.#items.values()) return item;
    return undefined;
  }
}

export function dropItem(item: Item): void {
  releaseLeases(item.ok ? item.result : item.input);
}
