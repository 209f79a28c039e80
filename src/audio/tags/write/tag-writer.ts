/**
 * How tags get into an output beside what FFmpeg's muxer writes: each target has its own way. Those in front
 * of the sound are written first, so that nothing has to be moved later.
 */
import type { TargetName } from '../../plan/targets.ts';
import type { ByteSink, Sink } from '../../sinks/sink.ts';
import { NO_BYTES, type TagBytes } from '../model.ts';

/**
 * For programs that edit tags: without room they would have to write the whole file anew. Outputs of what had
 * no tags have none, since of a prompt of some KB it would be a large part.
 */
export const PADDING_BYTES = 1024;

/** What there is to know of an output before its tags are written. */
export interface TagWriting {
  readonly to: TargetName;
  /** What writes them, with its version. */
  readonly maker: string;
  /** Of the sound; `null` where it is not known before all of it is written. */
  readonly durationMs: number | null;
  /** Whether the source had anything that goes with it. */
  readonly carries: boolean;
}

/** Holds nothing of one output: that of files that carry nothing serves them all. */
export interface TagWriter {
  /** Bytes that the output has more for them, at the most. */
  readonly size: number;
  /** Of them, what {@link TagWriter.finish} writes behind a whole file. */
  readonly behind: number;
  /** What the target has no place for, in words. */
  readonly notes: readonly string[];
  /** What a stream of it has no place for besides. */
  readonly streamNotes: readonly string[];
  /** What a file has no place for after all, which {@link TagWriter.finish} finds out. */
  readonly endNotes: readonly string[];
  /** Options of the muxer, which else would write tags of its own. */
  readonly muxerOptions: Readonly<Record<string, string>>;
  /** What the muxer writes by itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * What stands in front of all that the muxer writes. Its size is always the same.
   * @param header of the codec, as it is before the first frame
   */
  head(header: Uint8Array | null): TagBytes;
  /** What the muxer writes to. */
  through(sink: ByteSink): ByteSink;
  /**
   * Writes what is known only at the end, or stands behind the sound.
   * @param sink no encoder has it open
   * @param header of the codec, as it is behind the last frame
   * @throws MillpondError `ERR_OUTPUT_WRITE`
   */
  finish(sink: Sink, header: Uint8Array | null): void;
}

/** Leaves everything to the muxer. */
export const NO_TAG_WRITER: TagWriter = {
  size: 0,
  behind: 0,
  notes: [],
  streamNotes: [],
  endNotes: [],
  muxerOptions: {},
  metadata: {},
  head: () => NO_BYTES,
  through: (sink) => sink,
  finish() {},
};
