/**
 * What audio is written to: it appears whole or not at all. An encoder knows only this contract, and writes;
 * whoever made the sink commits it once the encoder has finished, or disposes of it.
 */
import type { Source } from '../sources/source.ts';

/** What bytes go into. */
export interface ByteSink {
  /** For messages: what the user calls it, such as a path. */
  readonly name: string;
  /** How FFmpeg writes the bytes. */
  readonly bytes: SinkBytes;
  /** Bytes that were written. */
  size(): number;
  /**
   * Writes bytes at a position. Not while an encoder has it open.
   * @throws MillpondError `ERR_OUTPUT_WRITE`
   */
  write(bytes: Uint8Array, position: number): void;
}

export interface Sink extends ByteSink, Disposable {
  /**
   * What was written, to be read again before it is committed. Not while an encoder has it open, and not of
   * a stream, where it has gone.
   * @throws MillpondError `ERR_AUDIO_OPEN`
   */
  written(): Source;
  /**
   * Puts in its place what was written.
   * @returns its size in bytes
   * @throws MillpondError `ERR_OUTPUT_WRITE`, `ERR_OUTPUT_EXISTS`
   */
  commit(): number;
  /** Takes away what was written. Harmless after {@link commit}. */
  discard(): void;
  /** As {@link discard}. */
  [Symbol.dispose](): void;
}

/** How FFmpeg writes: only `encode/output.ts` asks. */
type SinkBytes = FileBytes | MemoryBytes | StreamBytes;

/** They stay in this process: FFmpeg calls back, and they go to {@link Sink.write}. */
interface MemoryBytes {
  readonly kind: 'memory';
}

/** They go at once: FFmpeg calls back, and cannot go back to what it wrote before. */
interface StreamBytes {
  readonly kind: 'stream';
}

/** A file that FFmpeg opens and writes. */
interface FileBytes {
  readonly kind: 'file';
  /** What to open for writing: absolute. */
  readonly handle: string;
}

/** What is known of an output before it is written. */
export interface ToCome {
  /** What it comes to at the most; `null` where the source does not say how long it is. */
  readonly mostBytes: number | null;
  /** Of an undamaged source that does not lie; `null` where its header does not say it to the frame. */
  readonly frames: number | null;
  /** Of plain samples. */
  readonly frameBytes: number;
  /** The size of a WAV of so many bytes with the chunks that come behind the sound. */
  withChunks(written: number): number;
}
