/**
 * The last bytes of what goes by, for whoever goes back a little. Owned by one stream, on its thread.
 * Invariant: holds the bytes before `end`, as many as it can.
 */
export class LookBack {
  /** Behind the last byte that went by. */
  end = 0;
  readonly #bytes: Buffer;

  /** @param size bytes that it holds */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
  }

  /** What comes from here on is counted from 0 again. */
  clear(): void {
    this.end = 0;
  }

  /** Of what goes by. */
  add(piece: Uint8Array): void {
    const size = this.#bytes.length;
    const kept = piece.subarray(Math.max(0, piece.length - size));
    this.end += piece.length;
    const at = (this.end - kept.length) % size;
    const first = Math.min(kept.length, size - at);
    this.#bytes.set(kept.subarray(0, first), at);
    this.#bytes.set(kept.subarray(first), 0);
  }

  /** @returns how many bytes from a position on were copied: 0 where it is not held */
  read(target: Uint8Array, position: number): number {
    const size = this.#bytes.length;
    if (position < 0 || position < this.end - size || position >= this.end) return 0;
    const at = position % size;
    const length = Math.min(target.length, this.end - position, size - at);
    target.set(this.#bytes.subarray(at, at + length));
    return length;
  }
}
