/**
 * Bytes that are too many for memory, in files that nobody else sees: what is written under a hidden name
 * loses it as soon as its reader has opened it. Each thread owns what it opened here, and closes it.
 * Invariants: a file has a name only until it is read or its thread is done with it; the name says whose it
 * is, so that the main thread can remove those of a thread that died, and a later process those of a dead
 * one.
 */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import { createAside } from './aside.ts';
import { systemPath } from './byte-paths.ts';
import { type ByteRange, FileReader } from './file-reader.ts';
import { sweepDead, writeAll } from './whole-file.ts';

/** Nobody else may look at what is in there. */
const MODE = 0o600;

/** A file on its way to another thread. */
export interface SpooledCrate {
  readonly path: string;
  readonly bytes: Bytes;
}

/** What this thread has open, of all that it runs. */
const open = new Set<SpooledFile>();
/** This thread passes on what others spooled: such files keep their names until they leave, or are closed. */
let passesOn = false;
/** Folders in which this thread has looked for what dead processes left. */
const swept = new Set<string>();

/**
 * A file without a name that holds what was too large for leases. It belongs to whoever got it, and is gone
 * when that one disposes of it: `using` does.
 */
export class SpooledFile implements Disposable {
  /** Its size. */
  readonly bytes: Bytes;
  /** @internal It cannot be cloned, so it cannot get into a message other than by a move. */
  readonly uncloneable = Symbol('a spooled file that is not in a plain object or array of a result');
  readonly #fd: number;
  /** Null once it has none any more. */
  #path: string | null;
  /** One for its owner, and one for each that reads it. */
  #holds = 1;
  #ended = false;

  /** @internal They come from a spool, or from another thread. */
  constructor(fd: number, path: string | null, bytes: Bytes) {
    this.#fd = fd;
    this.#path = path;
    this.bytes = bytes;
    open.add(this);
  }

  /**
   * Copies bytes from a position on into `target`, at once.
   * @returns how many; fewer than fit only at the end
   * @throws MillpondError `ERR_FILE_CLOSED`
   */
  read(target: Uint8Array, position: number): number {
    this.#check();
    return readAll(this.#fd, target, position);
  }

  /**
   * A stream of the bytes, or of those from `start` to before `end`, which are within the file. The file may
   * be disposed of meanwhile: it is gone after the last byte, or when the stream is destroyed.
   * @throws MillpondError `ERR_FILE_CLOSED`
   */
  createReadStream({ start = 0, end = this.bytes }: ByteRange = {}): Readable {
    this.#check();
    this.#holds++;
    return new FileReader(this.#fd, { start, end }, () => this.#let());
  }

  /**
   * Writes the bytes to a stream, which stays open, and resolves when it has taken all of them.
   * @throws MillpondError (as a rejection) `ERR_WRITE_FAILED` with what the stream said as `cause`,
   * `ERR_FILE_CLOSED`; the signal's reason
   */
  async writeTo(target: Writable, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const from = this.createReadStream();
    try {
      await pipeline(from, target, { end: false, ...(signal !== undefined && { signal }) });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new MillpondError(
        'ERR_WRITE_FAILED',
        `A spooled file is written to a stream that takes all of it; of ${this.bytes} bytes some may be missing: ${escaped((cause as Error).message)}. The other side has gone or refuses; its error is the cause.`,
        { cause },
      );
    }
  }

  /** The file is gone, as soon as no stream of it reads any more. More calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    open.delete(this);
    this.#unlink();
    this.#let();
  }

  /** @internal */
  get open(): boolean {
    return !this.#ended;
  }

  /** One line for `console.log`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `SpooledFile { ${this.bytes} bytes${this.#ended ? ', closed' : ''} }`;
  }

  /** @internal Ends it here for a move to another thread, which opens it by its name. */
  depart(): SpooledCrate {
    this.#check();
    if (this.#path === null) throw unmovable();
    const crate = { path: this.#path, bytes: this.bytes };
    this.#path = null;
    this[Symbol.dispose]();
    return crate;
  }

  /** @internal @throws MillpondError `ERR_FILE_CLOSED`, `ERR_NOT_CLONEABLE` where it cannot {@link depart} */
  checkMovable(): void {
    this.#check();
    if (this.#path === null) throw unmovable();
  }

  #let(): void {
    if (--this.#holds === 0) closeSync(this.#fd);
  }

  #unlink(): void {
    if (this.#path !== null) rmSync(systemPath(this.#path), { force: true });
    this.#path = null;
  }

  #check(): void {
    if (!this.#ended) return;
    throw new MillpondError(
      'ERR_FILE_CLOSED',
      `A spooled file is read until its owner disposes of it; this one of ${this.bytes} bytes is closed, or went to another thread. Read it within its 'using' block, or pass it on.`,
    );
  }
}

/** What is written to a spool, until it is one file or is dropped. */
export interface Spool {
  /** @throws MillpondError `ERR_OUTPUT_WRITE` */
  write(bytes: Uint8Array, position: number): void;
  /**
   * Copies what was written from a position on into `target`. @returns how many bytes; fewer than fit only at
   * the end
   */
  read(target: Uint8Array, position: number): number;
  size(): Bytes;
  /** Nothing more is written. */
  finish(): SpooledFile;
  /** Harmless after {@link finish}. */
  discard(): void;
}

/** @throws MillpondError `ERR_OUTPUT_WRITE` where the folder is missing, full or not writable */
export function createSpool(folder: string): Spool {
  if (!swept.has(folder)) {
    swept.add(folder);
    sweepDead(folder);
  }
  const { aside, fd } = attempt(folder, () => createAside(join(folder, 'millpond-spool'), 'wx+', MODE));
  let pending = true;
  return {
    write: (bytes, position) => attempt(folder, () => writeAll(fd, bytes, position)),
    read: (target, position) => readAll(fd, target, position),
    size: () => fstatSync(fd).size,
    finish() {
      pending = false;
      return new SpooledFile(fd, aside, fstatSync(fd).size);
    },
    discard() {
      if (!pending) return;
      pending = false;
      closeSync(fd);
      rmSync(systemPath(aside), { force: true });
    },
  };
}

/** From now on this thread can pass on what it takes over; for one that hands over to another process. */
export function keepNames(): void {
  passesOn = true;
}

/**
 * Takes over what another thread spooled; it has no name from then on, unless it is to be passed on.
 * @throws MillpondError `ERR_OUTPUT_WRITE` where the system does not open it; then it is gone
 */
export function openSpooled({ path, bytes }: SpooledCrate): SpooledFile {
  try {
    return attempt(path, () => {
      const fd = openSync(systemPath(path), constants.O_RDONLY);
      return new SpooledFile(fd, passesOn ? path : null, bytes);
    });
  } finally {
    if (!passesOn) dropSpooled({ path, bytes });
  }
}

/** Nobody wants it any more. */
export function dropSpooled({ path }: SpooledCrate): void {
  rmSync(systemPath(path), { force: true });
}

/** What is open in this thread, by whomever. */
export function openHere(): ReadonlySet<SpooledFile> {
  return open;
}

export function readAll(fd: number, target: Uint8Array, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function unmovable(): MillpondError {
  return new MillpondError(
    'ERR_NOT_CLONEABLE',
    'A spooled file goes to one other thread, with a result; this one has come from there. Pass on what you read from it.',
  );
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `What is too large for leases becomes a file in a folder with room for it, got '${escaped(path)}': ${escaped((cause as Error).message)}. Free some space, or name another folder by spoolFolder.`,
      { cause },
    );
  }
}
