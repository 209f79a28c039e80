/**
 * The atomic operations that the ledger uses, behind one interface so that a simulator can stop the code
 * between any two of them. All are sequentially consistent, as `Atomics` is.
 */
export interface Memory {
  load(index: number): number;
  store(index: number, value: number): void;
  /** Returns the value before. */
  add(index: number, value: number): number;
  /** Returns the value before. */
  compareExchange(index: number, expected: number, replacement: number): number;
  /** Wakes every waiter on the word. */
  notify(index: number): void;
}

/** The real one, over shared memory. Any thread may hold one over the same words. */
export class AtomicMemory implements Memory {
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    this.#words = words;
  }

  load(index: number): number {
    return Atomics.load(this.#words, index);
  }

  store(index: number, value: number): void {
    Atomics.store(this.#words, index, value);
  }

  add(index: number, value: number): number {
    return Atomics.add(this.#words, index, value);
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return Atomics.compareExchange(this.#words, index, expected, replacement);
  }

  notify(index: number): void {
    Atomics.notify(this.#words, index);
  }
}
