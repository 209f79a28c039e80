/** The tags of WAV and AVI, such as `INAM`. FFmpeg allocates what one claims. */
import type { TagList, TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 8;
const ID_BYTES = 4;
/** Filling between tags, with no name. */
const NAMELESS = '\0\0\0\0';
const NAMELESS_WORK = 32;

export interface InfoTag {
  readonly name: string;
  readonly body: number;
  readonly bytes: number;
}

/** Counts the tags of a list. */
export function countInfo(window: Window, start: number, end: number, work: TagWork, list: TagList): void {
  for (const { name, body, bytes } of infoTags(window, start, end)) {
    if (work.excessive) return;
    if (name === NAMELESS) work.add(NAMELESS_WORK);
    else {
      list.add(name, ID_BYTES, bytes);
      work.addText(bytes);
      if (body + bytes > window.source.size) work.giveUp(`one claims ${bytes} bytes`);
    }
  }
}

/** As FFmpeg walks them: up to one that claims more than the list holds. */
export function* infoTags(window: Window, start: number, end: number): Generator<InfoTag> {
  for (let at = start; at + HEAD_BYTES <= end; ) {
    let tag = tagAt(window, at, end - at);
    if (tag === null) {
      // One byte earlier it may make sense, where somebody forgot the padding.
      tag = tagAt(window, at - 1, end - at);
      at--;
    }
    if (tag === null) return;
    const { name, bytes } = tag;
    at += HEAD_BYTES;
    yield { name, body: at, bytes };
    at += bytes + (bytes % 2);
  }
}

/** @param most bytes that the tag may claim */
function tagAt(window: Window, at: number, most: number): { name: string; bytes: number } | null {
  const head = window.view(at, HEAD_BYTES);
  if (head.length < HEAD_BYTES) return null;
  const bytes = head.readUInt32LE(ID_BYTES);
  return bytes > most ? null : { name: head.toString('latin1', 0, ID_BYTES), bytes };
}
