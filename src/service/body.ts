/**
 * A body on its way in: into leases where it is small, else into a file of the work directory, hashed as it
 * comes. Runs on the front process's thread. Invariant: nothing of it is held once it is disposed of or its
 * input was taken, and none of it is held before room for it was reserved.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { NamedFile } from '../audio/sources/file-source.ts';
import type { AudioBytes } from '../audio/sources/lease-source.ts';
import { type Bytes, formatBytes, KiB, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { Lease } from '../pool/lease.ts';
import type { Pool } from '../pool/pool.ts';
import { keepPace } from './pace.ts';
import type { Room, WorkDir, WorkFile } from './work-dir.ts';

/** What is larger goes to a file. */
const MOST_IN_LEASES: Bytes = 256 * KiB;
/** Of a body whose length nobody knows so much more is reserved at a time. */
const STEP: Bytes = MiB;

interface BodyRules {
  /** As the request says; null where it does not. */
  readonly length: Bytes | null;
  readonly mostBytes: Bytes;
  /** Bytes a second that it has at the least, once it has come for a while. */
  readonly minRate: Bytes;
  readonly signal: AbortSignal;
}

interface BodyPlaces {
  readonly leases: BodyLeases;
  readonly workDir: WorkDir;
}

/**
 * Leases for bodies, which together are no more than a share of the pool: results need what is left to come
 * home, and no work ends where they can't.
 */
export class BodyLeases {
  readonly #pool: Pool;
  readonly #mostBytes: Bytes;
  #bytes: Bytes = 0;

  constructor(pool: Pool, mostBytes: Bytes) {
    this.#pool = pool;
    this.#mostBytes = mostBytes;
  }

  /** Null where there is none. @returns a lease, and what is to be called once when it is dropped or sent */
  tryAcquire(bytes: Bytes): { readonly lease: Lease; readonly over: () => void } | null {
    if (this.#bytes + bytes > this.#mostBytes) return null;
    const lease = this.#pool.tryAcquire(bytes);
    if (lease === null) return null;
    const { capacity } = lease;
    if (this.#bytes + capacity > this.#mostBytes) {
      lease[Symbol.dispose]();
      return null;
    }
    this.#bytes += capacity;
    let held = true;
    const over = (): void => {
      if (held) this.#bytes -= capacity;
      held = false;
    };
    return { lease, over };
  }
}

export interface Body extends Disposable {
  readonly bytes: Bytes;
  /** In hex. */
  readonly sha256: string;
  /** Copies bytes into `target`. @returns how many */
  read(target: Uint8Array, position: number): number;
  /** What a job reads; leases are gone with it. */
  input(name: string): AudioBytes | NamedFile;
}

/** @throws MillpondError `ERR_BODY_TOO_LARGE` where it says so itself */
export function checkLength(length: Bytes | null, mostBytes: Bytes): void {
  if (length !== null && length > mostBytes) throw tooLarge(length, mostBytes);
}

/**
 * Takes a body in. Nothing more is read of one that breaks a rule; its connection stays, for the answer.
 * @throws MillpondError (as a rejection) `ERR_BODY_TOO_LARGE`, `ERR_BODY_TOO_SLOW`, `ERR_BODY_INCOMPLETE`,
 * `ERR_WORK_DIR_FULL`, `ERR_OUTPUT_WRITE`; the signal's reason
 */
export async function receiveBody(stream: Readable, rules: BodyRules, places: BodyPlaces): Promise<Body> {
  const { length, mostBytes } = rules;
  checkLength(length, mostBytes);
  const small = length !== null && length <= MOST_IN_LEASES;
  const leased = small && length > 0 ? places.leases.tryAcquire(length) : null;
  const store = leased === null ? fileStore(places.workDir, rules) : leaseStore(leased);
  try {
    return await received(stream, store, rules);
  } catch (error) {
    store.drop();
    throw error;
  }
}

async function received(stream: Readable, store: Store, rules: BodyRules): Promise<Body> {
  const { length, mostBytes, signal } = rules;
  const hash = createHash('sha256');
  let bytes = 0;
  const { minRate } = rules;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  using _pace = keepPace({
    minRate,
    moved: () => bytes,
    tooSlow: (bytes, tookMs) => broken.reject(tooSlow(bytes, tookMs, minRate)),
  });
  const abort = (): void => broken.reject(signal.reason);
  signal.addEventListener('abort', abort);
  // To destroy a request is to destroy its connection, and nobody would hear why.
  const chunks: AsyncIterator<Buffer> = stream.iterator({ destroyOnReturn: false });
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([chunks.next(), broken.promise]);
      if (next.done) break;
      const chunk = next.value;
      if (bytes + chunk.length > mostBytes) throw tooLarge(null, mostBytes);
      hash.update(chunk);
      await store.append(chunk);
      bytes += chunk.length;
    }
    signal.throwIfAborted();
  } catch (error) {
    void chunks.return?.();
    signal.throwIfAborted();
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? incomplete(bytes, length) : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  if (length !== null && bytes !== length) throw incomplete(bytes, length);
  return store.finish(bytes, hash.digest('hex'));
}

interface Store {
  append(chunk: Buffer): Promise<void> | void;
  finish(bytes: Bytes, sha256: string): Body;
  drop(): void;
}

function leaseStore({ lease, over }: NonNullable<ReturnType<BodyLeases['tryAcquire']>>): Store {
  let at = 0;
  const drop = (): void => {
    lease[Symbol.dispose]();
    over();
  };
  return {
    append(chunk) {
      // One that is longer than it said is told so by HTTP, or here.
      if (at + chunk.length > lease.length) throw incomplete(at + chunk.length, lease.length);
      lease.bytes.set(chunk, at);
      at += chunk.length;
    },
    drop,
    finish: (bytes, sha256) => ({
      bytes,
      sha256,
      read(target, position) {
        const part = lease.bytes.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      input: (name) => {
        over();
        return { leases: [lease], name };
      },
      [Symbol.dispose]: drop,
    }),
  };
}

function fileStore(workDir: WorkDir, { length }: BodyRules): Store {
  const reserved = workDir.reserve(length ?? STEP);
  if (reserved === null) throw workDirFull(workDir);
  const room: Room = reserved;
  let file: WorkFile;
  try {
    file = workDir.create();
  } catch (error) {
    room[Symbol.dispose]();
    throw error;
  }
  const drop = (): void => {
    file[Symbol.dispose]();
    room[Symbol.dispose]();
  };
  return {
    async append(chunk) {
      const needs = file.bytes + chunk.length;
      if (needs > room.bytes && !room.resize(Math.ceil(needs / STEP) * STEP)) throw workDirFull(workDir);
      await file.append(chunk);
    },
    drop,
    finish(bytes, sha256) {
      room.resize(bytes);
      return {
        bytes,
        sha256,
        read: (target, position) => file.read(target, position),
        input: (name) => ({ path: file.path, name }),
        [Symbol.dispose]: drop,
      };
    },
  };
}

function tooLarge(bytes: Bytes | null, most: Bytes): MillpondError {
  const got = bytes === null ? 'more' : formatBytes(bytes);
  return new MillpondError(
    'ERR_BODY_TOO_LARGE',
    `A body has ${formatBytes(most)} at the most, got ${got}. Send a shorter file, or one that is compressed.`,
  );
}

function incomplete(bytes: Bytes, length: Bytes | null): MillpondError {
  const said = length === null ? 'all of its chunks' : `the ${length} bytes that its head says`;
  return new MillpondError('ERR_BODY_INCOMPLETE', `A body has ${said}, got ${bytes} bytes. Send it again.`);
}

function tooSlow(bytes: Bytes, tookMs: number, minRate: Bytes): MillpondError {
  return new MillpondError(
    'ERR_BODY_TOO_SLOW',
    `A body comes with ${formatBytes(minRate)} a second at the least, got ${bytes} bytes in ${Math.round(tookMs / 1000)} s. Send it over a quicker line.`,
  );
}

export function workDirFull({ limitBytes }: WorkDir): MillpondError {
  return new MillpondError(
    'ERR_WORK_DIR_FULL',
    `What is too large for memory has ${formatBytes(limitBytes)} in all, got more than is left. Come back later.`,
  );
}
