/**
 * A body on its way in: into a lease where it is small, else into a file of the work directory, hashed as it
 * comes; and from there into a job, which opens that file. Runs on the front process's thread. Invariant:
 * nothing of it is held once it is disposed of, and none of it before room for it was reserved.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { NamedFile } from '../audio/sources/file-source.ts';
import { type Bytes, formatBytes, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { LeaseShare, SharedLease } from './lease-share.ts';
import { keepPace } from './pace.ts';
import type { WorkDir, WorkFile } from './work-dir.ts';

/** Of a body whose length nobody knows so much more is reserved at a time. */
const STEP: Bytes = MiB;

interface BodyRules {
  /** As the request says; null where it does not. */
  readonly length: Bytes | null;
  readonly mostBytes: Bytes;
  /** Bytes a second that it has at the least, once it has come for a while. */
  readonly minRate: Bytes;
  readonly signal: AbortSignal;
  /** Is told how many bytes are here. */
  came(bytes: Bytes): void;
}

interface BodyPlaces {
  readonly leases: LeaseShare;
  readonly workDir: WorkDir;
}

export interface Body extends Disposable {
  readonly bytes: Bytes;
  /** In hex. */
  readonly sha256: string;
  /** Copies bytes into `target`. @returns how many */
  read(target: Uint8Array, position: number): number;
  /**
   * What a job reads, in whatever process: its bytes are in a file from then on.
   * @throws MillpondError `ERR_WORK_DIR_FULL`, `ERR_OUTPUT_WRITE`
   */
  input(name: string): NamedFile;
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
  const lease = length === null ? null : places.leases.tryAcquire(length);
  const store = lease === null ? fileStore(places.workDir, rules) : leaseStore(lease, places.workDir);
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
      rules.came(bytes);
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

function leaseStore(lease: SharedLease, workDir: WorkDir): Store {
  const { length } = lease.bytes;
  let at = 0;
  const drop = (): void => lease[Symbol.dispose]();
  return {
    append(chunk) {
      // One that is longer than it said is told so by HTTP, or here.
      if (at + chunk.length > length) throw incomplete(at + chunk.length, length);
      lease.bytes.set(chunk, at);
      at += chunk.length;
    },
    drop,
    finish: (_bytes, sha256) => new LeasedBody(lease, sha256, workDir),
  };
}

/** In its lease until a job is to have it. */
class LeasedBody implements Body {
  readonly bytes: Bytes;
  readonly sha256: string;
  readonly #lease: SharedLease;
  readonly #workDir: WorkDir;
  #file: WorkFile | null = null;

  constructor(lease: SharedLease, sha256: string, workDir: WorkDir) {
    this.bytes = lease.bytes.length;
    this.sha256 = sha256;
    this.#lease = lease;
    this.#workDir = workDir;
  }

  read(target: Uint8Array, position: number): number {
    const part = this.#lease.bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  input(name: string): NamedFile {
    if (this.#file === null) {
      this.#file = this.#workDir.create(this.bytes);
      this.#file.put(this.#lease.bytes);
      this.#lease[Symbol.dispose]();
    }
    return { path: this.#file.path, name };
  }

  [Symbol.dispose](): void {
    this.#lease[Symbol.dispose]();
    this.#file?.[Symbol.dispose]();
  }
}

function fileStore(workDir: WorkDir, { length }: BodyRules): Store {
  const file = workDir.create(length ?? STEP);
  const { room } = file;
  const drop = (): void => file[Symbol.dispose]();
  return {
    async append(chunk) {
      const needs = file.bytes + chunk.length;
      if (needs > room.bytes && !room.resize(Math.ceil(needs / STEP) * STEP)) throw workDir.full();
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
