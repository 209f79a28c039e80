/**
 * FFmpeg's way to bytes that lie in leases: it calls back for each piece. Runs on the thread that made it,
 * inside native calls of a demuxer or muxer. Owns native contexts, each with one buffer of 64 KiB, that serve
 * one source or sink at a time; a thread keeps a few for the next ones, since to free one leaks 33 KB.
 * Invariants: a callback never throws into native code, and what it would have thrown is kept for whoever
 * made the native call; a context that saw an error serves nobody any more; none outlives its thread
 * (docs/decisions/054).
 *
 */
import {
  AVERROR_EIO,
  AVSEEK_CUR,
  AVSEEK_END,
  AVSEEK_FORCE,
  AVSEEK_SET,
  AVSEEK_SIZE,
} from 'node-av/constants';
import { IOContext } from 'node-av/lib';
import { atThreadEnd } from '../thread/thread-end.ts';
import { Spares } from './kept.ts';
import type { ByteSink } from './sinks/sink.ts';
import type { Source } from './sources/source.ts';

const BUFFER_BYTES = 65_536;
/** Farther than any buffer reaches, so that what it holds of the file before is not taken for this one's. */
const FAR_AWAY = 1n << 50n;
/** Open at once: of what is read two, while a chained file goes from one part to the next. */
const MOST_SPARES = 2;

/** Those that are not freed yet. */
const alive = new Set<CallbackIo>();

abstract class CallbackIo {
  readonly native = new IOContext();
  protected position = 0;
  /** What a callback would have thrown; the native call that it was made in failed then. */
  #fault: unknown = null;
  protected readonly seekable: boolean;

  /** @param seekable FFmpeg sees by the callback for it whether it may */
  constructor(seekable: boolean) {
    this.seekable = seekable;
    if (alive.size === 0) atThreadEnd(freeAll);
    alive.add(this);
  }

  /** @throws what a source or sink threw inside of a native call */
  rethrow(): void {
    if (this.#fault !== null) throw this.#fault;
  }

  /** Whether it may serve another: it has to go back to the beginning for that. */
  get sound(): boolean {
    return this.seekable && this.#fault === null && this.native.error >= 0;
  }

  free(): void {
    if (alive.delete(this)) this.native.freeContext();
  }

  protected abstract size(): number;

  protected rewind(): void {
    this.native.seekSync(FAR_AWAY, AVSEEK_SET);
    this.native.seekSync(0n, AVSEEK_SET);
  }

  protected attempt<Result>(step: () => Result): Result | number {
    if (this.#fault !== null) return AVERROR_EIO;
    try {
      return step();
    } catch (error) {
      this.#fault = error;
      return AVERROR_EIO;
    }
  }

  protected seek(offset: bigint, whence: number): bigint {
    const result = this.attempt(() => {
      const how = whence & ~AVSEEK_FORCE;
      const size = this.size();
      // Of a stream nobody knows it.
      if (how === AVSEEK_SIZE) return Number.isFinite(size) ? size : AVERROR_EIO;
      const to = (how === AVSEEK_CUR ? this.position : how === AVSEEK_END ? size : 0) + Number(offset);
      if (!Number.isFinite(to)) return AVERROR_EIO;
      this.position = to;
      return to;
    });
    return BigInt(result);
  }
}

class ReadIo extends CallbackIo {
  readonly #piece = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #source: Source | null = null;

  constructor(seekable: boolean) {
    super(seekable);
    this.native.allocContextWithCallbacks(
      BUFFER_BYTES,
      0,
      (size) => this.attempt(() => this.#read(size)),
      null,
      seekable ? (offset, whence) => this.seek(offset, whence) : null,
    );
  }

  serve(source: Source): void {
    this.#source = source;
    if (this.seekable) this.rewind();
  }

  protected size(): number {
    return this.#source?.size ?? 0;
  }

  /** @returns `null` at the end */
  #read(size: number): Buffer | null {
    const wanted = this.#piece.subarray(0, Math.min(size, BUFFER_BYTES));
    const length = this.#source === null ? 0 : bytesOf(this.#source, wanted, this.position);
    this.position += length;
    return length === 0 ? null : wanted.subarray(0, length);
  }
}

function bytesOf(source: Source, target: Buffer, position: number): number {
  return source.bytes.kind === 'stream' ? source.bytes.next(target) : source.read(target, position);
}

class WriteIo extends CallbackIo {
  #sink: ByteSink | null = null;

  constructor(seekable: boolean) {
    super(seekable);
    this.native.allocContextWithCallbacks(
      BUFFER_BYTES,
      1,
      null,
      (piece) => this.attempt(() => this.#write(piece)),
      seekable ? (offset, whence) => this.seek(offset, whence) : null,
    );
  }

  serve(sink: ByteSink): void {
    this.#sink = sink;
    if (this.seekable) this.rewind();
  }

  protected size(): number {
    return this.#sink?.size() ?? 0;
  }

  #write(piece: Buffer): number {
    const { length } = piece;
    this.#sink?.write(piece, this.position);
    this.position += length;
    // A copy that was made for this call; the garbage collector would let dozens of MiB of them pile up.
    (piece.buffer as ArrayBuffer).transfer(0);
    return length;
  }
}

const spareReaders = new Spares<ReadIo>(MOST_SPARES, (io) => io.free());
const spareWriters = new Spares<WriteIo>(MOST_SPARES, (io) => io.free());

/** A context that reads a source from its beginning; whoever gets it gives it back to {@link endReading}. */
export function readFrom(source: Source): ReadIo {
  const seekable = source.bytes.kind !== 'stream';
  const io = (seekable ? spareReaders.take() : null) ?? new ReadIo(seekable);
  io.serve(source);
  return io;
}

/** To be called once nothing native uses it any more. */
export function endReading(io: ReadIo): void {
  if (io.sound) spareReaders.put(io);
  else io.free();
}

/** A context that writes a sink from its beginning; {@link endWriting} gets it back. */
export function writeTo(sink: ByteSink): WriteIo {
  const seekable = sink.bytes.kind !== 'stream';
  const io = (seekable ? spareWriters.take() : null) ?? new WriteIo(seekable);
  io.serve(sink);
  return io;
}

export function endWriting(io: WriteIo): void {
  if (io.sound) spareWriters.put(io);
  else io.free();
}

/** Whatever a job left open, too: it runs no more. */
function freeAll(): void {
  for (const io of alive) io.free();
}
