/** FLAC: a list of blocks, any number of which may hold tags, and then the sound. */
import { TagList, type TagWork } from './tag-work.ts';
import { countComments } from './vorbis-comments.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 4;
const COMMENTS = 4;
const PICTURE = 6;
const LAST = 0x80;

interface Block {
  readonly type: number;
  /** Behind its head. */
  readonly at: number;
  /** That it claims. */
  readonly length: number;
}

/** @param start of the file behind its ID3 tags */
export function countFlac(window: Window, start: number, work: TagWork): void {
  const list = new TagList(work);
  for (const { type, at, length } of blocksOf(window, start, work)) {
    if (type === COMMENTS) countComments(part(window, at, length), 0, work, list);
    else if (type === PICTURE) work.addPicture();
    else work.addOther();
  }
}

/**
 * What a block claims that ends behind the file. FFmpeg finds no sound then, and whether it says so when it
 * opens the file or when it decodes depends on how it reads.
 */
export function cutOffFlac(window: Window, start: number, work: TagWork): string | null {
  for (const { at, length } of blocksOf(window, start, work)) {
    work.addOther();
    if (at + length > window.source.size) return `a block claims ${length} bytes`;
  }
  return null;
}

/** Those in front of the sound. */
function* blocksOf(window: Window, start: number, work: TagWork): Generator<Block> {
  // Behind the signature.
  let at = start + HEAD_BYTES;
  for (let last = false; !last && !work.excessive; ) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    last = head[0] >= LAST;
    const type = head[0] & ~LAST;
    const length = head.readUIntBE(1, 3);
    at += HEAD_BYTES;
    yield { type, at, length };
    at += length;
  }
}

function part(window: Window, from: number, length: number) {
  return {
    length,
    view: (at: number, bytes: number) => window.view(from + at, Math.min(bytes, length - at)),
  };
}
