/**
 * Gives the bytes of a lease to streams and files. Node's sockets, its HTTP messages on them and its file
 * streams have no more use for a chunk once they call back, so they get the leased memory itself. Any other
 * stream may pass a chunk on or keep it: it gets copies.
 *
 * Owns the order of writes to one target, on the thread of the leases. Invariant: at most one write to a
 * target is under way, and none is over while anybody still reads the leased memory.
 */
import type { FileHandle } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import type { Bytes } from '../bytes.ts';
import { KiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { Pin } from './store.ts';

export interface WriteOptions {
  /**
   * Gives up: a stream is destroyed, which is the only way to take back what it holds; a file keeps what was
   * written. The promise then rejects with the signal's reason, once the memory is no longer read. Where it
   * aborted before the call, nothing is written or destroyed.
   */
  readonly signal?: AbortSignal;
}

/** What a copied chunk has at most: as much as streams of Node ask for. */
const CHUNK: Bytes = 64 * KiB;

/** The last write to each target, which the next one waits for. */
const lastWrites = new WeakMap<object, Promise<void>>();

/** A copy in memory of its own. */
export function copyOf(bytes: Uint8Array): Buffer<ArrayBuffer> {
  // Not from Node's pool of buffers, so that it can be transferred.
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Resolves when nobody needs `bytes` any more, and rejects no sooner. */
export async function writeBytes(
  bytes: Uint8Array,
  target: Writable | FileHandle,
  { signal }: WriteOptions = {},
): Promise<void> {
  const toFile = isFileHandle(target);
  if (!toFile && !isWritable(target)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A lease is written to a Writable of node:stream or a FileHandle of node:fs/promises, got ${typeof target}. Wrap a web stream by Writable.fromWeb().`,
    );
  }
  signal?.throwIfAborted();
  const before = lastWrites.get(target);
  const write = toFile ? target.writeFile.bind(target, bytes, { signal }) : () => toStream(bytes, target);
  const giveUp = (): void => {
    if (!toFile) target.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  const written = before === undefined ? write() : before.then(write, write);
  lastWrites.set(target, written);
  try {
    await written;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new MillpondError(
      'ERR_WRITE_FAILED',
      `The bytes of a lease are written to what takes all of them; of ${bytes.length} bytes some may be missing: ${cause instanceof Error ? cause.message : String(cause)}. The other side has gone or refuses; its error is the cause.`,
      { cause },
    );
  } finally {
    signal?.removeEventListener('abort', giveUp);
    if (lastWrites.get(target) === written) lastWrites.delete(target);
  }
}

/** Streams copies of `bytes`, and lets go of them after the last copy, or when it is destroyed. */
export class BytesReader extends Readable {
  readonly #bytes: Uint8Array;
  readonly #pin: Pin;
  #at = 0;

  constructor(bytes: Uint8Array, pin: Pin) {
    super({ highWaterMark: CHUNK });
    this.#bytes = bytes;
    this.#pin = pin;
  }

  override _read(): void {
    const chunk = copyOf(this.#bytes.subarray(this.#at, this.#at + CHUNK));
    this.#at += chunk.length;
    if (chunk.length > 0) this.push(chunk);
    if (this.#at < this.#bytes.length) return;
    this.#pin.release();
    this.push(null);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#pin.release();
    callback(error);
  }
}

async function toStream(bytes: Uint8Array, to: Writable): Promise<void> {
  if (to.destroyed || to.writableEnded) throw to.errored ?? new Error('The stream has ended before');
  if (bytes.length === 0) return;
  const native = isNative(to);
  const { promise: closed, reject } = Promise.withResolvers<never>();
  let failure: Error | undefined;
  // Without a listener it would end the process; the rejection says it.
  const failed = (error: Error): void => {
    failure = error;
    // The system may read the memory itself until the callback, or the close.
    if (!native) reject(error);
  };
  const close = (): void => reject(new Error('The stream was closed'));
  to.on('error', failed);
  to.once('close', close);
  // A stream that failed keeps the listeners: more of its errors may follow.
  closed.catch(() => {});
  // HTTP forgets the callbacks of what its connection never took. When Node's own streams close, the system
  // is through with their memory, too.
  try {
    await (native ? Promise.race([writeWhole(bytes, to), closed]) : writeCopies(bytes, to, closed));
  } catch (error) {
    // Why, where the callback only says that it was cancelled.
    throw failure ?? to.errored ?? error;
  }
  to.off('error', failed);
  to.off('close', close);
}

function writeWhole(bytes: Uint8Array, to: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeCopies(bytes: Uint8Array, to: Writable, closed: Promise<never>): Promise<void> {
  // One listener for all: middleware may pass it on to where it can't be taken back.
  let resume = (): void => {};
  const drain = (): void => resume();
  to.on('drain', drain);
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const drained = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const more = to.write(copyOf(bytes.subarray(at, at + CHUNK)));
    if (!more) await Promise.race([drained, closed]);
  }
  to.off('drain', drain);
}

/**
 * Whether a stream is one of Node's that end in the system, with methods that nobody replaced: middleware
 * that compresses replaces those of HTTP's, and so do stand-ins of tests.
 */
function isNative(to: Writable): boolean {
  // Looked up when needed: `node:http` takes a new thread 26 ms to load, and is loaded where this finds it.
  const { Socket } = process.getBuiltinModule('node:net');
  if (to instanceof Socket) {
    return to.write === Writable.prototype.write && to._write === Socket.prototype._write;
  }
  if ('headersSent' in to && 'socket' in to) {
    const { OutgoingMessage } = process.getBuiltinModule('node:http');
    const { write } = OutgoingMessage.prototype;
    return to instanceof OutgoingMessage && to.write === write && to.socket !== null && isNative(to.socket);
  }
  const { WriteStream } = process.getBuiltinModule('node:fs');
  return (
    to instanceof WriteStream &&
    to.write === Writable.prototype.write &&
    to._write === WriteStream.prototype._write
  );
}

function isFileHandle(target: Writable | FileHandle): target is FileHandle {
  return typeof target === 'object' && target !== null && 'fd' in target && 'writeFile' in target;
}

function isWritable(target: unknown): target is Writable {
  const methods = ['write', 'on', 'once', 'off', 'destroy'];
  return (
    typeof target === 'object' &&
    target !== null &&
    methods.every((name) => typeof (target as Record<string, unknown>)[name] === 'function')
  );
}
