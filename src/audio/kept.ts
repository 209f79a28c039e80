/**
 * What a thread keeps of native code from one file to the next, because short clips would spend their time on
 * making it anew (docs/decisions/023). Module state of whoever holds it, so each thread has its own.
 * Invariant: what is kept holds nothing of the file that it served.
 */

/** Objects that serve one file at a time, interchangeable within a kind. */
export class Spares<Item> {
  readonly #kept: { readonly kind: string; readonly item: Item }[] = [];
  readonly #most: number;
  readonly #free: (item: Item) => void;

  /** @param free gets what is put while `most` are kept already, of all kinds together */
  constructor(most: number, free: (item: Item) => void) {
    this.#most = most;
    this.#free = free;
  }

  take(kind = ''): Item | null {
    const at = this.#kept.findLastIndex((spare) => spare.kind === kind);
    return at < 0 ? null : this.#kept.splice(at, 1)[0].item;
  }

  put(item: Item, kind = ''): void {
    if (this.#kept.length < this.#most) this.#kept.push({ kind, item });
    else this.#free(item);
  }
}

/** Asks once for each key, and remembers the answer. */
export function remembered<Key, Value>(ask: (key: Key) => Value): (key: Key) => Value {
  const answers = new Map<Key, Value>();
  return (key) => {
    if (!answers.has(key)) answers.set(key, ask(key));
    return answers.get(key) as Value;
  };
}
