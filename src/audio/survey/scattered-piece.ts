/** What belongs together but lies in several places of a source, such as a packet of several pages. */
import type { Piece } from './vorbis-comments.ts';
import type { Window } from './window.ts';

interface Part {
  /** Position in the whole, and in the source. */
  readonly start: number;
  readonly at: number;
  length: number;
}

export class ScatteredPiece implements Piece {
  length = 0;
  readonly #window: Window;
  readonly #parts: Part[] = [];

  constructor(window: Window) {
    this.#window = window;
  }

  /** Puts bytes of the source behind what there is. */
  add(at: number, length: number): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && last.at + last.length === at) last.length += length;
    else this.#parts.push({ start: this.length, at, length });
    this.length += length;
  }

  view(at: number, length: number): Buffer {
    const end = Math.min(at + length, this.length);
    const part = this.#partOf(at);
    if (part === undefined) return Buffer.alloc(0);
    const offset = at - part.start;
    if (end <= part.start + part.length) return this.#window.view(part.at + offset, end - at);
    const first = Buffer.from(this.#window.view(part.at + offset, part.length - offset));
    // The source became shorter.
    if (first.length === 0) return first;
    return Buffer.concat([first, this.view(at + first.length, end - at - first.length)]);
  }

  #partOf(at: number): Part | undefined {
    let [low, high] = [0, this.#parts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#parts[middle].start + this.#parts[middle].length <= at) low = middle + 1;
      else high = middle;
    }
    return this.#parts[low];
  }
}
