/**
 * Small reads here and there in tags: one read of some KiB serves many of them. Owned by whoever reads a tag.
 */
import type { TagBytes } from '../model.ts';

const WINDOW_BYTES = 16_384;

export class TagWindow {
  readonly bytes: TagBytes;
  readonly #buffer: Buffer;
  #from = 0;
  #length = 0;

  constructor(bytes: TagBytes) {
    this.bytes = bytes;
    this.#buffer = Buffer.allocUnsafe(Math.min(bytes.size, WINDOW_BYTES));
  }

  get size(): number {
    return this.bytes.size;
  }

  /** Bytes from a position on, fewer at the end. They are good until the next call. */
  view(at: number, length: number): Buffer {
    const end = Math.min(at + length, this.size);
    if (at < 0 || at >= end) return this.#buffer.subarray(0, 0);
    if (end - at > this.#buffer.length) return this.copy(at, end - at);
    if (at < this.#from || end > this.#from + this.#length) {
      this.#from = at;
      this.#length = this.bytes.read(this.#buffer.subarray(0, this.size - at), at);
    }
    const start = at - this.#from;
    return this.#buffer.subarray(start, Math.min(end - this.#from, Math.max(start, this.#length)));
  }

  /** The same, which stay good. */
  copy(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - at)));
    return bytes.subarray(0, this.bytes.read(bytes, at));
  }

  /** One character for each byte. */
  latin1(at: number, length: number): string {
    return this.view(at, length).toString('latin1');
  }
}

/** A run of bytes as bytes by themselves. */
export function sliceOf(whole: { read: TagBytes['read'] }, start: number, size: number): TagBytes {
  return {
    size,
    read: (target, position) =>
      whole.read(target.subarray(0, Math.max(0, size - position)), start + position),
  };
}
