/**
 * Finished results, for as long as there is room. Owned by the front process's thread.
 * Invariants: a result is given only to clients that asked for its making; one that is being sent stays until
 * it was; what lies in memory is leased, what lies in files is reserved in the work directory, and both until
 * the last one who reads it is through.
 */
import { Readable } from 'node:stream';
import { type Bytes, KiB } from '../bytes.ts';
import { nowMs } from '../timers.ts';
import { Holds } from './holds.ts';
import type { LeaseShare, SharedLease } from './lease-share.ts';
import type { WorkDir, WorkFile } from './work-dir.ts';

const CHUNK: Bytes = 64 * KiB;

/** The bytes of a result. */
interface Made extends Disposable {
  readonly bytes: Bytes;
  /** From one byte to before another. It may be disposed of meanwhile. */
  createReadStream(start: number, end: number): Readable;
  /** Keeps the bytes until this is disposed of. */
  retain(): Disposable;
}

/** Takes a file over: what is small goes into memory while there is some for it. */
export function madeOf(file: WorkFile, share: LeaseShare): Made {
  const lease = share.tryAcquire(file.bytes);
  if (lease === null) return madeOfFile(file);
  file.read(lease.bytes, 0);
  file[Symbol.dispose]();
  return madeOfLease(lease);
}

/** Of what was not written by others. @throws MillpondError `ERR_WORK_DIR_FULL`, `ERR_OUTPUT_WRITE` */
export function madeOfText(text: string, share: LeaseShare, workDir: WorkDir): Made {
  const bytes = Buffer.from(text);
  const lease = share.tryAcquire(bytes.length);
  if (lease !== null) {
    lease.bytes.set(bytes);
    return madeOfLease(lease);
  }
  const file = workDir.create(bytes.length);
  try {
    file.put(bytes);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
  return madeOfFile(file);
}

function madeOfLease(lease: SharedLease): Made {
  const holds = new Holds(() => lease[Symbol.dispose]());
  return {
    bytes: lease.bytes.length,
    createReadStream: (start, end) =>
      holds.hold(Readable.from(copies(lease, start, end), { objectMode: false, highWaterMark: CHUNK })),
    retain: () => holds.retain(),
    [Symbol.dispose]: () => holds.end(),
  };
}

function* copies(lease: SharedLease, start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; at += CHUNK) {
    yield Buffer.from(lease.bytes.subarray(at, Math.min(at + CHUNK, end)));
  }
}

function madeOfFile(file: WorkFile): Made {
  return {
    bytes: file.bytes,
    createReadStream: (start, end) => file.createReadStream({ start, end }),
    retain: () => file.retain(),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

export interface Result {
  /** By its source, settings and the engine. */
  readonly address: string;
  /** Of its bytes. */
  readonly type: string;
  readonly made: Made;
  readonly notes: readonly string[];
}

interface Kept {
  readonly result: Result;
  readonly clients: Set<string>;
  readonly untilMs: number;
}

export class Results {
  readonly #keepMs: number;
  /** The one that was asked for last comes last. */
  readonly #kept = new Map<string, Kept>();

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Takes a result over, for these clients. */
  keep(result: Result, clients: Iterable<string>): void {
    this.#drop(result.address);
    const untilMs = nowMs() + this.#keepMs;
    this.#kept.set(result.address, { result, clients: new Set(clients), untilMs });
    this.shrink(() => false);
  }

  find(address: string, client: string): Result | null {
    const kept = this.#kept.get(address);
    if (kept === undefined || !kept.clients.has(client)) return null;
    if (kept.untilMs <= nowMs()) {
      this.#drop(address);
      return null;
    }
    this.#kept.delete(address);
    this.#kept.set(address, kept);
    return kept.result;
  }

  /** Lets go of what is too old, and of the oldest others while there is need. */
  shrink(needed: () => boolean): void {
    const now = nowMs();
    for (const [address, { untilMs }] of this.#kept) if (untilMs <= now) this.#drop(address);
    for (const address of this.#kept.keys()) {
      if (!needed()) return;
      this.#drop(address);
    }
  }

  clear(): void {
    for (const address of this.#kept.keys()) this.#drop(address);
  }

  #drop(address: string): void {
    const kept = this.#kept.get(address);
    if (kept === undefined) return;
    this.#kept.delete(address);
    kept.result.made[Symbol.dispose]();
  }
}
