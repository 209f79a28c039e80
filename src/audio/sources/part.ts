/** A run of a source's bytes as a source by itself: nobody who reads it sees what lies before or behind. */
import type { Source, StreamBytes } from './source.ts';

/** What lies before a part goes by in such pieces. */
const PASSED_BYTES = 65_536;

/** @param whole stays with whoever opened it, and is open for as long as the part is read */
export function partOf(whole: Source, start: number, end: number): Source {
  return {
    name: whole.name,
    size: end - start,
    get end() {
      return Math.min(whole.end, end) - start;
    },
    bytes: bytesOf(whole, start, end),
    read: (target, position) =>
      whole.read(target.subarray(0, Math.max(0, end - start - position)), start + position),
    change: () => whole.change(),
    [Symbol.dispose]() {},
  };
}

function bytesOf({ bytes }: Source, start: number, end: number): Source['bytes'] {
  if (bytes.kind === 'memory') return bytes;
  if (bytes.kind === 'stream') return new StreamPart(bytes, start, end);
  const offset = bytes.part?.start ?? 0;
  return { ...bytes, part: { start: offset + start, end: offset + end } };
}

/** Passes over what lies before; owns how far it is. */
class StreamPart implements StreamBytes {
  readonly kind = 'stream';
  readonly #whole: StreamBytes;
  readonly #start: number;
  readonly #end: number;
  #at = 0;

  constructor(whole: StreamBytes, start: number, end: number) {
    this.#whole = whole;
    this.#start = start;
    this.#end = end;
  }

  ready(): number {
    this.#passBefore();
    return Math.min(this.#whole.ready(), this.#end) - this.#start;
  }

  next(target: Uint8Array): number {
    this.#passBefore();
    return this.#take(target.subarray(0, this.#end - this.#at));
  }

  #passBefore(): void {
    if (this.#at >= this.#start) return;
    const passed = new Uint8Array(Math.min(PASSED_BYTES, this.#start - this.#at));
    while (this.#at < this.#start && this.#take(passed.subarray(0, this.#start - this.#at)) > 0);
  }

  #take(target: Uint8Array): number {
    const length = this.#whole.next(target);
    this.#at += length;
    return length;
  }
}
