/** Who still needs what has an owner. Counts, and holds nothing else. */
import type { Readable } from 'node:stream';

/** Ends what streams read once its owner and all of them are through with it. */
export class Holds {
  readonly #over: () => void;
  #count = 1;
  #ended = false;

  constructor(over: () => void) {
    this.#over = over;
  }

  hold(stream: Readable): Readable {
    this.#count++;
    return stream.once('close', () => this.#let());
  }

  retain(): Disposable {
    this.#count++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#let();
        held = false;
      },
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#let();
  }

  #let(): void {
    if (--this.#count === 0) this.#over();
  }
}
