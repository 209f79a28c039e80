/**
 * Vorbis comments and pictures, as FLAC and Ogg have them: fields in order, of several values one each.
 * Pure.
 */
import type { TagBytes, TagChapter, TagField, TagPicture } from '../model.ts';
import { big32, little32 } from './bytes.ts';
import { inBase64, joined, type Piece } from './pieces.ts';

/** What a list of comments holds. */
interface Comments {
  readonly vendor: string;
  readonly comments: readonly Piece[];
}

/** Its bytes, without what each container puts around them. */
export function commentList({ vendor, comments }: Comments): TagBytes {
  const pieces: Piece[] = [withLength(Buffer.from(vendor)), little32(comments.length)];
  for (const comment of comments) {
    pieces.push(little32(comment instanceof Uint8Array ? comment.length : comment.size), comment);
  }
  return joined(gathered(pieces));
}

/** Names are letters from space to `}` without `=`; what else a source has in one becomes `_`. */
export function fieldComment({ key, value }: TagField): Buffer {
  return Buffer.from(`${key.replace(/[^ -<>-}]/g, '_')}=${value}`);
}

/** As `CHAPTER001=00:00:00.000` and `CHAPTER001NAME=...`. */
export function chapterComments(chapters: readonly TagChapter[]): Buffer[] {
  return chapters.flatMap(({ startMs, title }, at) => {
    const name = `CHAPTER${String(at + 1).padStart(3, '0')}`;
    return [Buffer.from(`${name}=${clock(startMs)}`), Buffer.from(`${name}NAME=${title}`)];
  });
}

function clock(ms: number): string {
  const whole = Math.round(ms);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const rest = String(whole % 1000).padStart(3, '0');
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}.${rest}`;
}

/** A picture as a comment: Ogg has no other place for one. */
export function pictureComment(picture: TagPicture): TagBytes {
  return joined([Buffer.from('METADATA_BLOCK_PICTURE='), inBase64(pictureBlock(picture))]);
}

/** A picture as a block of FLAC, without its head. */
export function pictureBlock({ type, mime, description, bytes, form }: TagPicture): TagBytes {
  const { width = 0, height = 0, depth = 0, colours = 0 } = form ?? {};
  const numbers = [width, height, depth, colours, bytes.size].map(big32);
  const texts = [Buffer.from(mime, 'latin1'), Buffer.from(description)];
  const head = [big32(type), ...texts.flatMap((text) => [big32(text.length), text]), ...numbers];
  return joined([Buffer.concat(head), bytes]);
}

/** What lies in memory side by side becomes one piece. */
function gathered(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = [];
  let small: Uint8Array[] = [];
  const end = (): void => {
    if (small.length > 0) all.push(Buffer.concat(small));
    small = [];
  };
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) small.push(piece);
    else {
      end();
      all.push(piece);
    }
  }
  end();
  return all;
}

function withLength(text: Buffer): Buffer {
  return Buffer.concat([little32(text.length), text]);
}
