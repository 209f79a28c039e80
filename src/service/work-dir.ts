/**
 * The folder for what is too large for memory. Owns the count of the bytes that lie there, on the front
 * process's thread.
 * Invariant: what is reserved together never exceeds the limit; bytes are written only where they were
 * reserved before, and are given back when their file is gone.
 */
import { fstatSync, mkdirSync, write } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { GivenFile } from '../audio/sinks/given-sink.ts';
import { type Bytes, formatBytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { type ByteRange, FileReader } from '../files/file-reader.ts';
import { readAll } from '../files/spool.ts';
import { createUnnamed, identityOf, type UnnamedFile } from '../files/unnamed-file.ts';
import { sweepDead, writeAll } from '../files/whole-file.ts';
import { Holds } from './holds.ts';

/** Nobody else may look at what is in there. */
const FOLDER_MODE = 0o700;

/** Room for one file, or for what others will write there. */
interface Room extends Disposable {
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
    this.create(0)[Symbol.dispose]();
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

  /**
   * @param bytes of room that it has, as long as anybody has it open
   * @throws MillpondError `ERR_WORK_DIR_FULL`, `ERR_OUTPUT_WRITE`
   */
  create(bytes: Bytes): WorkFile {
    const room = this.reserve(bytes);
    if (room === null) throw this.full();
    try {
      return attempt(this.path, () => new WorkFile(createUnnamed(join(this.path, 'millpond-service')), room));
    } catch (error) {
      room[Symbol.dispose]();
      throw error;
    }
  }

  full(): MillpondError {
    return new MillpondError(
      'ERR_WORK_DIR_FULL',
      `What is too large for memory has ${formatBytes(this.limitBytes)} in all, got more than is left. Come back later.`,
    );
  }
}

/** A file that nobody finds, and processes of this service open by its number. */
export class WorkFile implements Disposable {
  /** Under which other processes of this user open it, as long as it is open here. */
  readonly path: string;
  readonly room: Room;
  readonly #fd: number;
  readonly #holds: Holds;
  bytes: Bytes = 0;

  constructor(file: UnnamedFile, room: Room) {
    this.path = file.path;
    this.room = room;
    this.#fd = file.fd;
    this.#holds = new Holds(() => {
      file[Symbol.dispose]();
      room[Symbol.dispose]();
    });
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

  /** At once: for what is small. @throws MillpondError `ERR_OUTPUT_WRITE` */
  put(bytes: Uint8Array): void {
    attempt('the work directory', () => writeAll(this.#fd, bytes, this.bytes));
    this.bytes += bytes.length;
  }

  /** As an output of a job, for messages by this name. */
  given(name: string): GivenFile {
    return { path: this.path, name, identity: identityOf(this.#fd) };
  }

  read(target: Uint8Array, position: number): number {
    return readAll(this.#fd, target, position);
  }

  /** It stays open until this is disposed of. */
  retain(): Disposable {
    return this.#holds.retain();
  }

  /** Nobody writes to it any more: what it does not need of its room is given back. */
  settle(): void {
    this.bytes = this.sizeNow();
    this.room.resize(this.bytes);
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
