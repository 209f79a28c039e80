/** The tags of FLAC: blocks in front of the sound. */
import type { Window } from '../../survey/window.ts';
import type { TagBytes } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { pictureBlock } from './picture-block.ts';
import { sliceOf } from './tag-window.ts';
import { readComments } from './vorbis.ts';

const HEAD_BYTES = 4;
const LAST = 0x80;
/** Nobody has as many; each takes 1 us. */
const MOST_BLOCKS = 4096;

const APPLICATION = 2;
const COMMENTS = 4;
const CUESHEET = 5;
const PICTURE = 6;

/** @param start of the format, behind ID3 tags */
export function readFlac(window: Window, start: number, into: Gathering): void {
  let at = start + HEAD_BYTES;
  for (let count = 0, last = false; !last && count < MOST_BLOCKS; count++) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    if (count === MOST_BLOCKS - 1) into.note(`Tags were left out: there are over ${MOST_BLOCKS} blocks.`);
    last = head[0] >= LAST;
    const type = head[0] & ~LAST;
    const size = head.readUIntBE(1, 3);
    at += HEAD_BYTES;
    if (at + size > window.source.size) return;
    flacBlock(type, sliceOf(window.source, at, size), into);
    at += size;
  }
}

/** @param body without its head */
export function flacBlock(type: number, body: TagBytes, into: Gathering): void {
  if (type === COMMENTS) readComments(body, into);
  else if (type === PICTURE) pictureBlock(body, into);
  else if (type === CUESHEET) into.addNative({ family: 'flac', name: 'CUESHEET', bytes: body });
  else if (type === APPLICATION) into.addNative({ family: 'flac', name: 'APPLICATION', bytes: body });
}
