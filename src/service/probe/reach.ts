/**
 * The bytes of a body that a probe may look at: some at its head, some at its end, and a few places
 * between. Everything else reads as if the body ended there. Owned by one probe; holds what was read for as
 * long.
 * Invariant: however often and wherever it is asked, it reads each part once, and no more than is stated
 * here.
 */
import type { Source } from '../../audio/sources/source.ts';

/** Copies bytes from a position on; @returns how many, fewer only at the end of what there is. */
export type Read = (target: Uint8Array, position: number) => number;

/** At each end. */
export const END_BYTES = 65_536;
/** Before anybody knows how long the tags in front are. */
const FIRST_BYTES = 4096;
/** Between the ends: as many as the boxes of an MP4 with chapters and a picture need, and some more. */
const MOST_SEEKS = 24;
const SEEK_BYTES = 4096;

interface Part {
  readonly at: number;
  readonly bytes: Buffer;
}

const NONE = Buffer.alloc(0);

export class Reach implements Source {
  readonly name = 'body';
  readonly bytes = { kind: 'memory' } as const;
  /** Behind what is in front of it; `Infinity` where nobody knows. */
  readonly size: number;
  readonly #read: Read;
  /** Position in the body of the first byte shown. */
  readonly #from: number;
  readonly #head: Part;
  #tail: Part | null = null;
  #between: Part[] = [];
  #seeks: number;

  private constructor(read: Read, bodyBytes: number, from: number, head: Buffer, seeks: number) {
    this.#read = read;
    this.#from = from;
    this.size = Math.max(0, bodyBytes - from);
    this.#head = { at: 0, bytes: head };
    this.#seeks = seeks;
  }

  /** @param bodyBytes `null` where nobody knows */
  static first(read: Read, bodyBytes: number | null): Reach {
    const size = bodyBytes ?? Number.POSITIVE_INFINITY;
    return new Reach(read, size, 0, load(read, 0, Math.min(FIRST_BYTES, size)), MOST_SEEKS);
  }

  /**
   * The same body behind tags, with the whole of its head.
   * @param headBytes what of the head is read, this and the first look together
   */
  behind(from: number, headBytes: number): Reach {
    const bodyBytes = this.#from + this.size;
    const known = this.#head.bytes.subarray(Math.min(from, this.#head.bytes.length));
    const more = Math.min(headBytes - FIRST_BYTES, Math.max(0, bodyBytes - from - known.length));
    const rest = more > 0 ? load(this.#read, from + known.length, more) : NONE;
    return new Reach(this.#read, bodyBytes, from, Buffer.concat([known, rest]), this.#seeks);
  }

  get end(): number {
    return this.size;
  }

  /** All that was read in front. */
  get head(): Buffer {
    return this.#head.bytes;
  }

  /** All that is read at the end, and its position: nothing, where not all of it is there. */
  get tail(): Part {
    this.#tail ??= Number.isFinite(this.size) ? this.#loadTail() : { at: this.size, bytes: NONE };
    return this.#tail;
  }

  read(target: Uint8Array, position: number): number {
    let filled = 0;
    while (filled < target.length) {
      const { at, bytes } = this.#partAt(position + filled);
      const part = bytes.subarray(position + filled - at, position + target.length - at);
      if (part.length === 0) break;
      target.set(part, filled);
      filled += part.length;
    }
    return filled;
  }

  change() {
    return null;
  }

  [Symbol.dispose](): void {
    this.#between = [];
  }

  #loadTail(): Part {
    const at = Math.max(0, this.size - END_BYTES);
    const known = this.#head.bytes.subarray(Math.min(at, this.#head.bytes.length));
    const missing = this.size - at - known.length;
    const rest = load(this.#read, this.#from + at + known.length, missing);
    return { at, bytes: rest.length < missing ? NONE : Buffer.concat([known, rest]) };
  }

  #partAt(at: number): Part {
    if (!(at >= 0 && at < this.size)) return { at, bytes: NONE };
    if (at < this.#head.bytes.length) return this.#head;
    if (at >= this.size - END_BYTES) return this.tail;
    const known = this.#between.find((part) => part.at <= at && at < part.at + part.bytes.length);
    if (known !== undefined) return known;
    if (this.#seeks === 0 || this.size === Number.POSITIVE_INFINITY) return { at, bytes: NONE };
    this.#seeks--;
    const bytes = load(this.#read, this.#from + at, Math.min(SEEK_BYTES, this.size - at));
    this.#between.push({ at, bytes });
    return { at, bytes };
  }
}

function load(read: Read, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, length));
  return length > 0 ? bytes.subarray(0, read(bytes, position)) : NONE;
}
