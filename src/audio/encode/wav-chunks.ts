/**
 * Chunks of the source behind the samples of a finished WAV output, where any order is right: FFmpeg's muxer
 * writes none of them.
 */
import type { SampleChange } from '../plan/sample-change.ts';
import { ruleFor, type WavChunk } from '../plan/wav-chunks.ts';
import type { Sink } from '../sinks/sink.ts';
import type { Source } from '../sources/source.ts';

const HEAD_BYTES = 8;
const COPIED_BYTES = 65_536;
/** What has to change is held in memory, and is never so large. */
const MOST_ADAPTED_BYTES = 1_048_576;

/** Where the size of the file does not fit into 32 bits, FFmpeg has written RF64, which has 64 for it. */
const MOST_RIFF_BYTES = 0xffff_ffff;
const RIFF_SIZE_AT = 4;
const RF64_SIZE_AT = 20;

/** The chunks of a source behind the samples of a WAV. */
interface ChunksBehind {
  readonly kept: readonly { readonly id: string; readonly content: Content }[];
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
  const kept: { id: string; content: Content }[] = [];
  const lost: WavChunk[] = [];
  let end = written;
  for (const chunk of chunks) {
    const content = contentOf(chunk, source, change);
    const next = content === null ? 0 : end + HEAD_BYTES + content.size + (content.size % 2);
    if (content === null || next > most) lost.push(chunk);
    else {
      kept.push({ id: chunk.id, content });
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
  sink: Sink,
  source: Source,
  chunks: readonly WavChunk[],
  change: SampleChange,
): WavChunk[] {
  const written = sink.size();
  const { kept, lost, end } = chunksBehind(written, source, chunks, change);
  if (kept.length === 0) return lost;
  let at = written;
  for (const { id, content } of kept) at = put(sink, at, id, content);
  const large = isLarge(written);
  const bytes = Buffer.alloc(large ? 8 : 4);
  if (large) bytes.writeBigUInt64LE(BigInt(end - HEAD_BYTES));
  else bytes.writeUInt32LE(end - HEAD_BYTES);
  sink.write(bytes, large ? RF64_SIZE_AT : RIFF_SIZE_AT);
  return lost;
}

/** Its size is in the header of an RF64. */
function isLarge(bytes: number): boolean {
  return bytes - HEAD_BYTES > MOST_RIFF_BYTES;
}

interface Content {
  readonly size: number;
  /** Fills it with what lies at a position. */
  read(target: Buffer, position: number): void;
}

/** `null` where the chunk would be wrong. */
function contentOf(chunk: WavChunk, source: Source, change: SampleChange): Content | null {
  const { fits = () => true, adapt } = ruleFor(chunk);
  const { body, size } = chunk;
  if (!fits(change)) return null;
  if (adapt === undefined || !change.altered) {
    return { size, read: (target, position) => void source.read(target, body + position) };
  }
  if (size > MOST_ADAPTED_BYTES) return null;
  const bytes = Buffer.alloc(size);
  source.read(bytes, body);
  const adapted = adapt(bytes, change);
  if (adapted === null) return null;
  return { size: adapted.length, read: (target, position) => void adapted.copy(target, 0, position) };
}

/** @returns where the next one begins */
function put(sink: Sink, at: number, id: string, content: Content): number {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(id, 'latin1');
  head.writeUInt32LE(content.size, 4);
  sink.write(head, at);
  // With the byte that makes it even, which is 0.
  const size = content.size + (content.size % 2);
  for (let done = 0; done < size; done += COPIED_BYTES) {
    const piece = Buffer.alloc(Math.min(COPIED_BYTES, size - done));
    content.read(piece.subarray(0, content.size - done), done);
    sink.write(piece, at + HEAD_BYTES + done);
  }
  return at + HEAD_BYTES + size;
}
