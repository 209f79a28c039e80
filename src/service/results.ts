/**
 * Finished results, for as long as there is room. Owned by the front process's thread.
 * Invariants: a result is given only to clients that asked for its making; one that is being sent stays until
 * it was; what lies in files is reserved in the work directory.
 */
import { Readable } from 'node:stream';
import { type Bytes, KiB } from '../bytes.ts';
import type { Lease } from '../pool/lease.ts';
import { nowMs } from '../timers.ts';
import { Holds } from './holds.ts';
import type { Room } from './work-dir.ts';

const CHUNK: Bytes = 64 * KiB;

/** The bytes of a result. */
interface Made extends Disposable {
  readonly bytes: Bytes;
  /** Of them in memory; the others are in a file. */
  readonly memoryBytes: Bytes;
  /** From one byte to before another. It may be disposed of meanwhile. */
  createReadStream(start: number, end: number): Readable;
  /** Keeps the bytes until this is disposed of. */
  retain(): Disposable;
}

export function madeOfLeases(leases: readonly Lease[]): Made {
  const holds = new Holds(() => {
    for (const lease of leases) lease[Symbol.dispose]();
  });
  return {
    bytes: leases.reduce((sum, { length }) => sum + length, 0),
    memoryBytes: leases.reduce((sum, { capacity }) => sum + capacity, 0),
    createReadStream: (start, end) =>
      holds.hold(Readable.from(copies(leases, start, end), { objectMode: false, highWaterMark: CHUNK })),
    retain: () => holds.retain(),
    [Symbol.dispose]: () => holds.end(),
  };
}

function* copies(leases: readonly Lease[], start: number, end: number): Generator<Buffer> {
  let from = 0;
  for (const lease of leases) {
    const to = from + lease.length;
    for (let at = Math.max(start, from); at < Math.min(end, to); ) {
      const part = lease.bytes.subarray(at - from, Math.min(at - from + CHUNK, end - from));
      yield Buffer.from(part);
      at += part.length;
    }
    from = to;
  }
}

interface WholeFile extends Disposable {
  readonly bytes: Bytes;
  createReadStream(range: { readonly start: number; readonly end: number }): Readable;
}

export function madeOfFile(file: WholeFile, room: Room): Made {
  const holds = new Holds(() => {
    file[Symbol.dispose]();
    room[Symbol.dispose]();
  });
  return {
    bytes: file.bytes,
    memoryBytes: 0,
    createReadStream: (start, end) => holds.hold(file.createReadStream({ start, end })),
    retain: () => holds.retain(),
    [Symbol.dispose]: () => holds.end(),
  };
}

/** Bytes that are no audio: of an analysis. */
export function madeOfText(text: string): Made {
  const bytes = Buffer.from(text);
  return {
    bytes: bytes.length,
    memoryBytes: 0,
    createReadStream: (start, end) => Readable.from([bytes.subarray(start, end)], { objectMode: false }),
    retain: () => ({ [Symbol.dispose]() {} }),
    [Symbol.dispose]() {},
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
  readonly #mostMemory: Bytes;
  readonly #keepMs: number;
  /** The one that was asked for last comes last. */
  readonly #kept = new Map<string, Kept>();
  memoryBytes: Bytes = 0;

  constructor(mostMemory: Bytes, keepMs: number) {
    this.#mostMemory = mostMemory;
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
    this.memoryBytes += result.made.memoryBytes;
    this.shrink(() => this.memoryBytes > this.#mostMemory);
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
    this.memoryBytes -= kept.result.made.memoryBytes;
    kept.result.made[Symbol.dispose]();
  }
}
