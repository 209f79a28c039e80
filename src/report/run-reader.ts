/**
 * Cuts the bytes of a recording into lines. Owns the part of a line that has no end yet; what is pushed may
 * be overwritten afterwards.
 */
import { formatBytes } from '../bytes.ts';
import { empty, foreign, overLimit, tooLarge } from './invalid-recording.ts';
import { LIMITS } from './limits.ts';
import type { RecordedRun } from './recorded-run.ts';
import { RunBuilder } from './run-builder.ts';

const LINE_END = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

export class RunReader {
  readonly #origin: string;
  readonly #builder: RunBuilder;
  #bytes = 0;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(origin: string) {
    this.#origin = origin;
    this.#builder = new RunBuilder(origin);
  }

  /** @throws MillpondError `ERR_RECORDING_INVALID` */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let from = 0;
    if (this.#bytes === 0) {
      // Some shells begin a file with it.
      if (chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) from = BYTE_ORDER_MARK.length;
      if (chunk[from] !== 0x7b) throw foreign(this.#origin, chunk.toString('latin1', from, from + 100));
    }
    this.#bytes += chunk.length;
    // The run may still be running.
    if (this.#bytes > LIMITS.fileBytes) throw tooLarge(this.#origin);
    for (;;) {
      const to = chunk.indexOf(LINE_END, from);
      const part = chunk.subarray(from, to === -1 ? chunk.length : to);
      this.#restBytes += part.length;
      if (this.#restBytes > LIMITS.lineBytes) {
        throw overLimit(this.#origin, `a line has ${formatBytes(LIMITS.lineBytes)} at most`);
      }
      if (to === -1) {
        this.#rest.push(Buffer.from(part));
        return;
      }
      this.#builder.line(this.#take(part));
      from = to + 1;
    }
  }

  /** @throws MillpondError `ERR_RECORDING_INVALID` */
  end(): RecordedRun {
    if (this.#bytes === 0) throw empty(this.#origin);
    this.#builder.rest(this.#take(Buffer.alloc(0)));
    return this.#builder.build(this.#bytes);
  }

  #take(last: Buffer): string {
    const text = this.#rest.length === 0 ? last.toString() : Buffer.concat([...this.#rest, last]).toString();
    this.#rest = [];
    this.#restBytes = 0;
    return text;
  }
}
