/**
 * Chunks of the source behind the samples of a finished WAV output, where any order is right: FFmpeg's muxer
 * writes none of them.
 */
import type { SampleChange } from '../plan/sample-change.ts';
import { ruleFor, type WavChunk } from '../plan/wav-chunks.ts';
import type { ByteSink } from '../sinks/sink.ts';
import type { Source } from '../sources/source.ts';
import { bytesInMemory, type TagBytes } from '../tags/model.ts';
import { joined, writeBytes } from '../tags/write/pieces.ts';

const HEAD_BYTES = 8;
/** What has to change is held in memory, and is never so large. */
const MOST_ADAPTED_BYTES = 1_048_576;

/** Where the size of the file does not fit into 32 bits, FFmpeg has written RF64, which has 64 for it. */
const MOST_RIFF_BYTES = 0xffff_ffff;
const RIFF_SIZE_AT = 4;
const RF64_SIZE_AT = 20;

/** A chunk as it will be. */
interface NewChunk {
  /** Four characters. */
  readonly id: string;
  readonly content: TagBytes;
}

/** The chunks of a source behind the samples of a WAV. */
interface ChunksBehind {
  readonly kept: readonly WavChunk[];
  /** Those that are left out, because they would be wrong or do not fit. */
  readonly lost: WavChunk[];
  /** Bytes of the file with those that are kept. */
  readonly end: number;
}

/**
 * The chunks that are still right, and those that can be made right.
 * @param written bytes of the WAV without them
 */
export function chunksBehind(
  written: number,
  source: Source,
  chunks: readonly WavChunk[],
  change: SampleChange,
): ChunksBehind {
  const most = HEAD_BYTES + (isLarge(written) ? Number.MAX_SAFE_INTEGER - HEAD_BYTES : MOST_RIFF_BYTES);
  // Not what they hold: that may come to as much as the source.
  const kept: WavChunk[] = [];
  const lost: WavChunk[] = [];
  let end = written;
  for (const chunk of chunks) {
    const content = contentOf(chunk, source, change);
    const next = content === null ? 0 : end + chunkBytes(content.size);
    if (content === null || next > most) lost.push(chunk);
    else {
      kept.push(chunk);
      end = next;
    }
  }
  return { kept, lost, end };
}

/**
 * Copies the chunks that are kept.
 * @param sink a finished WAV, which nobody has open
 * @returns those that were left out
 */
export function appendChunks(
  sink: ByteSink,
  source: Source,
  chunks: readonly WavChunk[],
  change: SampleChange,
): WavChunk[] {
  const { kept, lost } = chunksBehind(sink.size(), source, chunks, change);
  appendToWav(sink, contentsOf(kept, source, change));
  return lost;
}

/** One after the other: all of them may come to as much as the source. */
function* contentsOf(chunks: readonly WavChunk[], source: Source, change: SampleChange): Generator<NewChunk> {
  for (const chunk of chunks) yield { id: chunk.id, content: contentOf(chunk, source, change) as TagBytes };
}

/** Of a chunk, with its head and the byte that makes it even. */
export function chunkBytes(size: number): number {
  return HEAD_BYTES + size + (size % 2);
}

/** @param sink a finished WAV with room for them, which nobody has open */
export function appendToWav(sink: ByteSink, chunks: Iterable<NewChunk>): void {
  const written = sink.size();
  let end = written;
  for (const { id, content } of chunks) {
    const head = Buffer.alloc(HEAD_BYTES);
    head.write(id, 'latin1');
    head.writeUInt32LE(content.size, 4);
    writeBytes(sink, joined([head, content, Buffer.alloc(content.size % 2)]), end);
    end += chunkBytes(content.size);
  }
  if (end === written) return;
  const large = isLarge(written);
  const bytes = Buffer.alloc(large ? 8 : 4);
  if (large) bytes.writeBigUInt64LE(BigInt(end - HEAD_BYTES));
  else bytes.writeUInt32LE(end - HEAD_BYTES);
  sink.write(bytes, large ? RF64_SIZE_AT : RIFF_SIZE_AT);
}

/** Its size is in the header of an RF64. */
function isLarge(bytes: number): boolean {
  return bytes - HEAD_BYTES > MOST_RIFF_BYTES;
}

/** `null` where the chunk would be wrong. */
function contentOf(chunk: WavChunk, source: Source, change: SampleChange): TagBytes | null {
  const { fits = () => true, adapt } = ruleFor(chunk);
  const { body, size } = chunk;
  if (!fits(change)) return null;
  if (adapt === undefined || !change.altered) {
    return {
      size,
      read: (target, position) => source.read(target.subarray(0, size - position), body + position),
    };
  }
  if (size > MOST_ADAPTED_BYTES) return null;
  const bytes = Buffer.alloc(size);
  source.read(bytes, body);
  const adapted = adapt(bytes, change);
  if (adapted === null) return null;
  return bytesInMemory(adapted);
}
