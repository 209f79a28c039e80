/**
 * Vorbis comments and pictures, as FLAC and Ogg have them: fields in order, of several values one each.
 * Pure.
 */
import { jsonText, shortened } from '../../../text/escaping.ts';
import type { AudioTags, TagBytes, TagChapter, TagField, TagPicture } from '../model.ts';
import { big32, little32 } from './bytes.ts';
import { endsLost } from './chapter-ends.ts';
import { remarksLost } from './fields.ts';
import { inBase64, joined, type Piece } from './pieces.ts';
import type { TagWriting } from './tag-writer.ts';

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

/** What else a source has in a name becomes `_`. */
const NOT_IN_NAMES = /[^ -<>-}]/g;
/** Letters of names in a note. */
const MOST_SHOWN = 200;

export function fieldComment({ key, value }: TagField): Buffer {
  return Buffer.from(`${key.replace(NOT_IN_NAMES, '_')}=${value}`);
}

/** Notes on what a list of comments has no place for. */
export function commentsLost(tags: AudioTags, writing: TagWriting): string[] {
  const { to } = writing;
  const renamed = new Set(tags.fields.map(({ key }) => key).filter((key) => key.search(NOT_IN_NAMES) >= 0));
  const names = jsonText(shortened([...renamed].join(', '), MOST_SHOWN));
  const renaming = `Fields got other names: those of ${to} are ASCII without "=", got ${names}.`;
  return [
    ...remarksLost(tags.fields, to),
    ...(renamed.size === 0 ? [] : [renaming]),
    ...endsLost(tags, writing),
  ];
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
