/**
 * Where a `map` gets its inputs.
 *
 * Owns the iterator, on the thread that called `map`. Invariant: it is asked for one input at a time, never
 * again after it has ended or thrown, and is told to end once, if it has not ended by itself.
 */
import type { Inputs } from './runner.ts';

export class MapSource {
  /** It gives nothing more. */
  ended = false;
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  /** It was asked for an input and has not answered. */
  #owes = false;

  constructor(inputs: Inputs<unknown>) {
    this.#iterator =
      Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  }

  /** The next input; at once where the source knows it at once. Of an ended source no value counts. */
  next(): { readonly value: unknown } | Promise<{ readonly value: unknown }> {
    try {
      const step = this.#iterator.next();
      return 'then' in step ? this.#answer(step) : this.#see(step);
    } catch (error) {
      this.ended = true;
      throw error;
    }
  }

  /** A source that owes an answer may never give it: then its end is not waited for. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const owes = this.#owes;
    const closed = this.#iterator.return?.();
    if (!owes) await closed;
    else if (closed !== undefined && 'then' in closed) closed.then(undefined, () => {});
  }

  async #answer(step: Promise<IteratorResult<unknown>>): Promise<{ readonly value: unknown }> {
    this.#owes = true;
    try {
      return this.#see(await step);
    } catch (error) {
      this.ended = true;
      throw error;
    } finally {
      this.#owes = false;
    }
  }

  #see(step: IteratorResult<unknown>): { readonly value: unknown } {
    // What a source says with its end is no input.
    if (step.done !== true) return step;
    this.ended = true;
    return { value: undefined };
  }
}
