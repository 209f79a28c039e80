/**
 * Small reads here and there in a source, such as of the headers of its chunks: one read of a few KiB serves
 * many of them. Owned by whoever surveys one source.
 */
import { isStream, type Source } from '../sources/source.ts';

const WINDOW_BYTES = 4096;

export class Window {
  readonly source: Source;
  /** Bytes that FFmpeg shall see in place of those that are there; `null` where it sees these. */
  readonly mended: Map<number, number> | null;
  readonly #bytes = Buffer.allocUnsafe(WINDOW_BYTES);
  #from = 0;
  #length = 0;

  constructor(source: Source, mended: Map<number, number> | null = null) {
    this.mended = mended;
    this.source = source;
  }

  /**
   * Bytes from a position on, fewer at the end of the source and none before it begins. They are good until
   * the next call.
   * @param length 4096 at most
   */
  view(at: number, length: number): Buffer {
    if (at < 0) return this.#bytes.subarray(0, 0);
    const end = Math.min(at + length, this.source.size);
    if (at < this.#from || end > this.#from + this.#length) {
      this.#from = at;
      // Of a stream no more than is wanted, since it would be waited for.
      const most = isStream(this.source) ? length : WINDOW_BYTES;
      this.#length = at < end ? this.source.read(this.#bytes.subarray(0, most), at) : 0;
    }
    const start = Math.min(at - this.#from, this.#length);
    return this.#bytes.subarray(start, Math.min(start + length, this.#length));
  }

  /** As {@link view}, one character for each byte. */
  text(at: number, length: number): string {
    return this.view(at, length).toString('latin1');
  }

  /** How many bytes from a position on come before the next zero: `most`, where there is none among them. */
  untilZero(at: number, most: number): number {
    for (let passed = 0; passed < most; ) {
      const view = this.view(at + passed, Math.min(WINDOW_BYTES, most - passed));
      const zero = view.indexOf(0);
      if (zero >= 0) return passed + zero;
      if (view.length === 0) break;
      passed += view.length;
    }
    return most;
  }
}
