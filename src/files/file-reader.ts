/** A stream of an open file's bytes. The file is its owner's, who is told when it is no longer read. */
import { read } from 'node:fs';
import { Readable } from 'node:stream';
import { type Bytes, KiB } from '../bytes.ts';

const CHUNK: Bytes = 64 * KiB;

/** Bytes of a file. */
export interface ByteRange {
  /** The first one. Default 0. */
  readonly start?: number;
  /** The one behind the last. Default: the file's size. */
  readonly end?: number;
}

export class FileReader extends Readable {
  readonly #fd: number;
  readonly #end: number;
  readonly #done: () => void;
  #at: number;
  #reading = false;
  #over: (() => void) | null = null;

  constructor(fd: number, { start, end }: Required<ByteRange>, done: () => void) {
    super({ highWaterMark: CHUNK });
    this.#fd = fd;
    this.#at = start;
    this.#end = end;
    this.#done = done;
  }

  override _read(): void {
    const room = Math.min(CHUNK, this.#end - this.#at);
    if (room === 0) {
      this.push(null);
      return;
    }
    this.#reading = true;
    read(this.#fd, Buffer.allocUnsafeSlow(room), 0, room, this.#at, (error, count, chunk) => {
      this.#reading = false;
      if (this.#over !== null) this.#over();
      else if (error !== null || count === 0)
        this.destroy(error ?? new Error('the file is shorter than it was'));
      else {
        this.#at += count;
        this.push(chunk.subarray(0, count));
      }
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Not before the system is through with it: the number may be another file's by then.
    this.#over = () => {
      this.#done();
      callback(error);
    };
    if (!this.#reading) this.#over();
  }
}
