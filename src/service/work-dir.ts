/**
 * The folder for what is too large for memory. Owns the count of the bytes that lie there, on the front
 * process's thread.
 * Invariant: what is reserved together never exceeds the limit; bytes are written only where they were
 * reserved before, and are given back when their file is gone.
 */
import { closeSync, fstatSync, mkdirSync, rmSync, write } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { createAside } from '../files/aside.ts';
import { type ByteRange, FileReader } from '../files/file-reader.ts';
import { readAll } from '../files/spool.ts';
import { sweepDead } from '../files/whole-file.ts';
import { Holds } from './holds.ts';

/** Nobody else may look at what is in there. */
const MODE = 0o600;
const FOLDER_MODE = 0o700;
const HAS_PROC = process.platform === 'linux';

/** Room for one file, or for what others will write there. */
export interface Room extends Disposable {
  readonly bytes: Bytes;
  /** Takes or gives back what is missing to, or beyond, so many bytes. False where there is no more. */
  resize(bytes: Bytes): boolean;
}

export class WorkDir {
  readonly path: string;
  readonly limitBytes: Bytes;
  usedBytes: Bytes = 0;
  /** Makes room, where it can, for so many bytes more. */
  #makeRoom: (bytes: Bytes) => void = () => {};

  /** @throws MillpondError `ERR_OUTPUT_WRITE` where the folder cannot be written */
  constructor(path: string, limitBytes: Bytes) {
    this.path = path;
    this.limitBytes = limitBytes;
    attempt(path, () => {
      mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
      sweepDead(path);
    });
    // Whether it can be written.
    this.create()[Symbol.dispose]();
  }

  /** What lies there only because there is room goes first. */
  onShort(makeRoom: (bytes: Bytes) => void): void {
    this.#makeRoom = makeRoom;
  }

  /** Null where there is no room. */
  reserve(bytes: Bytes): Room | null {
    if (!this.#take(bytes)) return null;
    let held = bytes;
    return {
      get bytes() {
        return held;
      },
      resize: (to) => {
        if (to > held && !this.#take(to - held)) return false;
        if (to < held) this.usedBytes -= held - to;
        held = to;
        return true;
      },
      [Symbol.dispose]: () => {
        this.usedBytes -= held;
        held = 0;
      },
    };
  }

  #take(bytes: Bytes): boolean {
    const over = (): Bytes => this.usedBytes + bytes - this.limitBytes;
    if (over() > 0) this.#makeRoom(over());
    if (over() > 0) return false;
    this.usedBytes += bytes;
    return true;
  }

  /** @throws MillpondError `ERR_OUTPUT_WRITE` */
  create(): WorkFile {
    return attempt(this.path, () => {
      const { aside, fd } = createAside(join(this.path, 'millpond-service'), 'wx+', MODE);
      if (HAS_PROC) rmSync(aside, { force: true });
      return new WorkFile(fd, HAS_PROC ? null : aside);
    });
  }
}

/** A file that nobody finds, and processes of this service open by its number. */
export class WorkFile implements Disposable {
  readonly #fd: number;
  readonly #name: string | null;
  readonly #holds: Holds;
  bytes: Bytes = 0;

  constructor(fd: number, name: string | null) {
    this.#fd = fd;
    this.#name = name;
    this.#holds = new Holds(() => {
      closeSync(fd);
      if (name !== null) rmSync(name, { force: true });
    });
  }

  /** Under which other processes of this user open it, as long as it is open here. */
  get path(): string {
    return this.#name ?? `/proc/${process.pid}/fd/${this.#fd}`;
  }

  /** What another process has written counts, too. */
  sizeNow(): Bytes {
    return fstatSync(this.#fd).size;
  }

  /** @throws MillpondError `ERR_OUTPUT_WRITE` (as a rejection) */
  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += await new Promise<number>((resolve, reject) => {
        write(this.#fd, bytes, done, bytes.length - done, this.bytes + done, (error, count) =>
          error === null ? resolve(count) : reject(unwritable('the work directory', error)),
        );
      });
    }
    this.bytes += bytes.length;
  }

  read(target: Uint8Array, position: number): number {
    return readAll(this.#fd, target, position);
  }

  /** It stays open until this is disposed of. */
  retain(): Disposable {
    return this.#holds.retain();
  }

  /** Nobody writes to it any more. */
  settle(): void {
    this.bytes = this.sizeNow();
  }

  /** The file may be disposed of meanwhile. */
  createReadStream(range: Required<ByteRange>): Readable {
    const held = this.#holds.retain();
    return new FileReader(this.#fd, range, () => held[Symbol.dispose]());
  }

  [Symbol.dispose](): void {
    this.#holds.end();
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `A service keeps what is too large for memory in a folder that it can write, got '${path}': ${(cause as Error).message}. Free some space, or name another one by --work-dir.`,
    { cause },
  );
}
