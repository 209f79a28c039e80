/**
 * The file of a recording. Owns its descriptor; main thread only.
 *
 * Invariant: the file holds whole lines only, each written at once, so that whatever ends the process leaves
 * a file that can be read up to its last line. What is written is safe from the end of the process, not from
 * that of the machine. A write that fails ends the recording and is told once; the run that is recorded goes
 * on.
 */
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { escaped } from '../../text/escaping.ts';
import { RECORDING_FORMAT, type RecordingLine } from './lines.ts';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;

export class RecordingFile {
  readonly #failed: (reason: string) => void;
  /** Null when it is closed. */
  #descriptor: number | null;
  /** Of the lines that are in the file. */
  #bytes = 0;

  /**
   * Makes the file, or empties the one that is there.
   * @param failed told at most once, when a line cannot be written, or the file not closed
   * @throws MillpondError `ERR_OUTPUT_WRITE`
   */
  constructor(path: string, failed: (reason: string) => void) {
    this.#failed = failed;
    if (holdsSomethingElse(path)) {
      throw new MillpondError(
        'ERR_OUTPUT_WRITE',
        `A recording replaces no file but an older recording; '${escaped(path)}' holds something else. Name another file, or remove this one.`,
      );
    }
    try {
      // A pipe that nobody reads is an error, and one that is full ends the recording: neither may block the
      // thread.
      this.#descriptor = openSync(systemPath(path), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK);
    } catch (cause) {
      throw new MillpondError(
        'ERR_OUTPUT_WRITE',
        `A recording goes into a file that can be made or replaced, got '${escaped(path)}': ${escaped((cause as Error).message)}. Name another file.`,
        { cause },
      );
    }
  }

  /** False after `close`, and after a write that failed. */
  get open(): boolean {
    return this.#descriptor !== null;
  }

  /** Lines after a failure, or after `close`, are dropped. */
  write(line: RecordingLine): void {
    if (this.#descriptor === null) return;
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
      this.#bytes += bytes.length;
    } catch (error) {
      this.#cutOff(this.#descriptor);
      this.#end();
      this.#failed((error as Error).message);
    }
  }

  close(): void {
    const reason = this.#end();
    if (reason !== null) this.#failed(reason);
  }

  /** Why it went wrong; null when it did not. */
  #end(): string | null {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    if (descriptor === null) return null;
    try {
      closeSync(descriptor);
      return null;
    } catch (error) {
      // Some file systems say only now that there was no room.
      return (error as Error).message;
    }
  }

  /** A full disk takes a part of a line. */
  #cutOff(descriptor: number): void {
    try {
      ftruncateSync(descriptor, this.#bytes);
    } catch {
      // A device or a pipe; whoever reads leaves a part of a line out.
    }
  }
}

/** `--record *.wav` must not cost anybody an audio file. */
function holdsSomethingElse(path: string): boolean {
  let stats: Stats | undefined;
  let descriptor: number;
  try {
    stats = statSync(systemPath(path), { throwIfNoEntry: false });
    if (!stats?.isFile() || stats.size === 0) return false;
    descriptor = openSync(systemPath(path), 'r');
  } catch {
    // To make it fails for the same reason, and says so.
    return false;
  }
  try {
    const beginning = Buffer.from(`{"kind":"header","format":"${RECORDING_FORMAT}"`);
    const found = Buffer.alloc(beginning.length);
    readSync(descriptor, found, 0, found.length, 0);
    return !found.equals(beginning);
  } finally {
    closeSync(descriptor);
  }
}
