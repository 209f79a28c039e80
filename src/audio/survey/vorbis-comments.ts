/** The tags of FLAC and Ogg: a list of `NAME=value`, each with its length. */
import { TagList, type TagWork } from './tag-work.ts';

/** A piece of a source, or several that belong together. */
export interface Piece {
  readonly length: number;
  /**
   * Bytes from a position in it, fewer at its end. They are good until the next call.
   * @param length 4096 at most
   */
  view(at: number, length: number): Buffer;
}

const LENGTH_BYTES = 4;
const MOST_NAME_BYTES = 1024;
/** FFmpeg makes a stream of what these hold, no tag. */
const PICTURE = 'METADATA_BLOCK_PICTURE';

/**
 * Counts the comments of a piece, as far as they are there.
 * @param start where in the piece they begin
 * @param list what FFmpeg puts them into; one of their own unless it is given
 */
export function countComments(piece: Piece, start: number, work: TagWork, list = new TagList(work)): void {
  let at = start + LENGTH_BYTES + lengthAt(piece, start);
  const claimed = lengthAt(piece, at);
  at += LENGTH_BYTES;
  for (let i = 0; i < claimed && at + LENGTH_BYTES <= piece.length && !work.excessive; i++) {
    const bytes = lengthAt(piece, at);
    at += LENGTH_BYTES;
    if (at + bytes > piece.length) break;
    const view = piece.view(at, Math.min(bytes, MOST_NAME_BYTES));
    const equals = view.indexOf('=');
    const nameBytes = equals < 0 ? bytes : equals;
    const name = view.toString('latin1', 0, nameBytes);
    if (name.toUpperCase() === PICTURE) work.addPicture();
    else list.add(name, nameBytes, bytes - nameBytes);
    at += bytes;
  }
  list.goThrough();
}

function lengthAt(piece: Piece, at: number): number {
  const bytes = piece.view(at, LENGTH_BYTES);
  return bytes.length < LENGTH_BYTES ? 0 : bytes.readUInt32LE();
}
