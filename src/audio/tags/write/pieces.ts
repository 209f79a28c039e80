/**
 * Bytes of tags, put together without being copied: pictures stay where they lie until they are written, so
 * however large they are they cost a small buffer. Pure, but for what a source reads.
 */
import type { ByteSink } from '../../sinks/sink.ts';
import { bytesInMemory, type TagBytes } from '../model.ts';

const COPIED_BYTES = 65_536;

/** What pieces are made of. */
export type Piece = Uint8Array | TagBytes;

/** One behind the other. */
export function joined(pieces: readonly Piece[]): TagBytes {
  const parts = pieces.map((piece) => (piece instanceof Uint8Array ? bytesInMemory(piece) : piece));
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += part.size;
  }
  return {
    size,
    read(target, position) {
      let done = 0;
      let at = partAt(starts, position);
      while (done < target.length && at < parts.length) {
        const from = position + done - starts[at];
        const wanted = Math.min(target.length - done, parts[at].size - from);
        if (wanted > 0) readWhole(parts[at], target.subarray(done, done + wanted), from);
        done += Math.max(0, wanted);
        at++;
      }
      return done;
    },
  };
}

/** The last that begins at or before a position. */
function partAt(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** What is not there any more, since the source became shorter, is zero. */
function readWhole(bytes: TagBytes, target: Uint8Array, position: number): void {
  const got = bytes.read(target, position);
  if (got < target.length) target.fill(0, got);
}

/** From the first byte on, in a buffer that the next piece overwrites. */
export function* piecesOf(bytes: TagBytes): Generator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(bytes.size, COPIED_BYTES));
  for (let done = 0; done < bytes.size; done += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, bytes.size - done));
    bytes.read(piece, done);
    yield piece;
  }
}

/** @throws MillpondError `ERR_OUTPUT_WRITE` */
export function writeBytes(sink: ByteSink, bytes: TagBytes, at: number): void {
  let end = at;
  for (const piece of piecesOf(bytes)) {
    sink.write(piece, end);
    end += piece.length;
  }
}

const GROUP_BYTES = 3;
const GROUP_LETTERS = 4;

/** As base64 with its padding. */
export function inBase64(bytes: TagBytes): TagBytes {
  return {
    size: Math.ceil(bytes.size / GROUP_BYTES) * GROUP_LETTERS,
    read(target, position) {
      const firstGroup = Math.floor(position / GROUP_LETTERS);
      const endGroup = Math.ceil((position + target.length) / GROUP_LETTERS);
      const from = firstGroup * GROUP_BYTES;
      const plain = Buffer.allocUnsafe(Math.max(0, Math.min(endGroup * GROUP_BYTES, bytes.size) - from));
      if (plain.length > 0) readWhole(bytes, plain, from);
      const text = plain.toString('base64').slice(position - firstGroup * GROUP_LETTERS);
      return Buffer.from(target.buffer, target.byteOffset, target.length).write(text, 'latin1');
    },
  };
}
