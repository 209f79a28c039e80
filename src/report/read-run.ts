/** Reads a recording, which may be damaged or anybody's. Bounded in time and memory by what {@link LIMITS} says. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { formatBytes, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { escaped, shown } from '../text/escaping.ts';
import { empty, foreign, overLimit } from './invalid-recording.ts';
import { LIMITS } from './limits.ts';
import type { RecordedRun } from './recorded-run.ts';
import { RunBuilder } from './run-builder.ts';

const CHUNK_BYTES = 1 * MiB;
const LINE_END = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/**
 * @throws MillpondError `ERR_RECORDING_INVALID`; `ERR_INVALID_ARGUMENT` when the file is not there, cannot be read, or is no
 * file
 */
export async function readRun(origin: string): Promise<RecordedRun> {
  let file: FileHandle | null = null;
  try {
    // A pipe would hold the call until somebody writes to it.
    file = await open(origin, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) throw unreadable(origin, `it is ${kindOf(stats)}`);
    if (stats.size > LIMITS.fileBytes) throw tooLarge(origin);
    const reader = new Reader(origin);
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return reader.end();
      reader.push(chunk.subarray(0, bytesRead));
    }
  } catch (cause) {
    if (cause instanceof MillpondError) throw cause;
    throw unreadable(origin, (cause as Error).message, { cause });
  } finally {
    await file?.close();
  }
}

/** The same of what was read already. @throws MillpondError `ERR_RECORDING_INVALID` */
export function parseRun(origin: string, text: string): RecordedRun {
  const reader = new Reader(origin);
  reader.push(Buffer.from(text));
  return reader.end();
}

/** Cuts what comes into lines. Owns the part of a line that has no end yet; what is pushed may be overwritten afterwards. */
class Reader {
  readonly #origin: string;
  readonly #builder: RunBuilder;
  #bytes = 0;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(origin: string) {
    this.#origin = origin;
    this.#builder = new RunBuilder(origin);
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let from = 0;
    if (this.#bytes === 0) {
      // Some shells begin a file with it.
      if (chunk.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) from = BYTE_ORDER_MARK.length;
      if (chunk[from] !== 0x7b) throw foreign(this.#origin, chunk.toString('latin1', from, from + 100));
    }
    this.#bytes += chunk.length;
    // The run may still go on.
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

function tooLarge(origin: string): MillpondError {
  return overLimit(origin, `a recording has ${formatBytes(LIMITS.fileBytes)} at most`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a pipe';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function unreadable(origin: string, why: string, options?: ErrorOptions): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A report is made of files that can be read, got '${shown(origin)}': ${escaped(why)}. Name the file that --record wrote.`,
    options,
  );
}
