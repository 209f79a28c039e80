/** Vorbis comments, as FLAC and Ogg have them: `NAME=value`, pictures in base64, and chapters. */
import type { TagBytes } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { pictureBlock } from './picture-block.ts';
import { sliceOf, TagWindow } from './tag-window.ts';

const LENGTH_BYTES = 4;
const MOST_NAME_BYTES = 1024;
/** Of a value that is text; longer ones are no tags that people wrote. */
const MOST_VALUE_BYTES = 4 * 1024 * 1024;
/** FFmpeg's, from before there were blocks of pictures. */
const OLD_PICTURE = 'COVERART';

const CHAPTER = /^CHAPTER(\d{1,4})(NAME)?$/;
const CLOCK = /^\s*(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)\s*$/;

export function readComments(bytes: TagBytes, into: Gathering): void {
  const window = new TagWindow(bytes);
  const chapters = new Map<string, { startMs: number | null; title: string }>();
  let at = LENGTH_BYTES + lengthAt(window, 0);
  const claimed = lengthAt(window, at);
  at += LENGTH_BYTES;
  for (let i = 0; i < claimed && at + LENGTH_BYTES <= window.size && !into.full; i++) {
    const length = lengthAt(window, at);
    at += LENGTH_BYTES;
    if (at + length > window.size) {
      into.note('Tags were left out: one claims more bytes than there are.');
      break;
    }
    readComment(window, { at, length }, chapters, into);
    at += length;
  }
  for (const { startMs, title } of chapters.values()) {
    if (startMs === null) into.note('A chapter was left out: nothing says when it begins.');
    else into.addChapter({ startMs, endMs: null, title });
  }
}

function readComment(
  window: TagWindow,
  { at, length }: { at: number; length: number },
  chapters: Map<string, { startMs: number | null; title: string }>,
  into: Gathering,
): void {
  const equals = window.view(at, Math.min(length, MOST_NAME_BYTES)).indexOf('=');
  if (equals <= 0) {
    if (length > 0) into.note('A tag was left out: it has no name, or one that is too long.');
    return;
  }
  const key = window.view(at, equals).toString();
  const name = key.toUpperCase();
  const start = at + equals + 1;
  const size = length - equals - 1;
  if (name === 'METADATA_BLOCK_PICTURE') {
    pictureBlock(base64(sliceOf(window.bytes, start, size)), into);
  } else if (name === OLD_PICTURE) {
    const picture = base64(sliceOf(window.bytes, start, size));
    into.addPicture({ type: 3, mime: '', description: '', bytes: picture });
  } else if (name === 'COVERARTMIME') {
    // What the bytes are their first ones say.
  } else if (size > MOST_VALUE_BYTES) {
    into.note(`A tag was left out: it has over ${MOST_VALUE_BYTES} bytes.`);
  } else {
    const value = window.view(start, size).toString();
    if (!readChapter(name, value, chapters)) into.addField({ key, value });
  }
}

function readChapter(
  name: string,
  value: string,
  chapters: Map<string, { startMs: number | null; title: string }>,
): boolean {
  const [, number, isName] = CHAPTER.exec(name) ?? [];
  if (number === undefined) return false;
  const chapter = chapters.get(number) ?? { startMs: null, title: '' };
  if (isName) chapter.title = value;
  else {
    const [, hours, minutes, seconds] = CLOCK.exec(value) ?? [];
    if (hours === undefined) return false;
    chapter.startMs = Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
  }
  chapters.set(number, chapter);
  return true;
}

function lengthAt(window: TagWindow, at: number): number {
  const bytes = window.view(at, LENGTH_BYTES);
  return bytes.length < LENGTH_BYTES ? 0 : bytes.readUInt32LE();
}

/** Bytes that are written as text: four letters for each three of them. */
function base64(text: TagBytes): TagBytes {
  const tail = Buffer.alloc(2);
  text.read(tail, Math.max(0, text.size - 2));
  const filling = tail.toString('latin1').split('=').length - 1;
  return {
    size: Math.max(0, Math.floor((text.size * 3) / 4) - filling),
    read(target, position) {
      const skipped = position % 3;
      const groups = Math.ceil((skipped + target.length) / 3);
      const letters = Buffer.alloc(groups * 4);
      const there = text.read(letters, ((position - skipped) / 3) * 4);
      const bytes = Buffer.from(letters.toString('latin1', 0, there), 'base64');
      return bytes.copy(target, 0, skipped);
    },
  };
}
