/** FLAC: a list of blocks, any number of which may hold tags, and then the sound. */
import { TagList, type TagWork } from './tag-work.ts';
import { countComments } from './vorbis-comments.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 4;
const COMMENTS = 4;
const PICTURE = 6;
const LAST = 0x80;

/** @param start of the file behind its ID3 tags */
export function countFlac(window: Window, start: number, work: TagWork): void {
  const list = new TagList(work);
  // Behind the signature.
  let at = start + HEAD_BYTES;
  for (let last = false; !last && !work.excessive; ) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    last = head[0] >= LAST;
    const type = head[0] & ~LAST;
    const length = head.readUIntBE(1, 3);
    at += HEAD_BYTES;
    if (type === COMMENTS) countComments(part(window, at, length), 0, work, list);
    else if (type === PICTURE) work.addPicture();
    else work.addOther();
    at += length;
  }
}

function part(window: Window, from: number, length: number) {
  return {
    length,
    view: (at: number, bytes: number) => window.view(from + at, Math.min(bytes, length - at)),
  };
}
