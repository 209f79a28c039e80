/**
 * Reads a recording, which may be damaged and is not trusted. Bounded in time and memory by what
 * {@link LIMITS} says.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { escaped, shown } from '../text/escaping.ts';
import { tooLarge } from './invalid-recording.ts';
import { LIMITS } from './limits.ts';
import type { RecordedRun } from './recorded-run.ts';
import { RunReader } from './run-reader.ts';

const CHUNK_BYTES = 1 * MiB;

/**
 * @throws MillpondError `ERR_RECORDING_INVALID`; `ERR_INVALID_ARGUMENT` when the file is not there, cannot be
 * read, or is no file
 */
export async function readRun(origin: string): Promise<RecordedRun> {
  let file: FileHandle | null = null;
  try {
    // A pipe would block the call until something is written to it.
    file = await open(systemPath(origin), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) throw unreadable(origin, `it is ${kindOf(stats)}`);
    if (stats.size > LIMITS.fileBytes) throw tooLarge(origin);
    const reader = new RunReader(origin);
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
