/** APEv2, a list of tags at the end of a file. */
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const FOOTER_BYTES = 32;
const MOST_NAME_BYTES = 1024;
/** Of an item: its length and its flags. */
const ITEM_HEAD_BYTES = 8;
/** Of the last byte of the flags. */
const IS_HEADER = 0x20;
const HAS_HEADER = 0x80;

/** Counts the tags. @returns where they begin; `null` where a file does not end in such a list */
export function countApe(window: Window, work: TagWork): number | null {
  const { size } = window.source;
  const footer = window.view(size - FOOTER_BYTES, FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES || footer.toString('latin1', 0, 8) !== 'APETAGEX') return null;
  const [bytes, items, flags] = [footer.readUInt32LE(12), footer.readUInt32LE(16), footer[23]];
  const start = size - bytes;
  if (start < 0 || (flags & IS_HEADER) !== 0) return null;
  const list = new TagList(work);
  let at = start;
  for (let i = 0; i < items && at < size && !work.excessive; i++) {
    const head = window.view(at, ITEM_HEAD_BYTES);
    if (head.length < ITEM_HEAD_BYTES) break;
    const valueBytes = head.readUInt32LE(0);
    at += ITEM_HEAD_BYTES;
    const view = window.view(at, MOST_NAME_BYTES);
    const end = view.findIndex((byte) => byte < 0x20 || byte > 0x7e);
    const nameBytes = end < 0 ? view.length : end;
    list.add(view.toString('latin1', 0, nameBytes), nameBytes, valueBytes);
    at += nameBytes + 1 + valueBytes;
  }
  return (flags & HAS_HEADER) !== 0 ? Math.max(0, start - FOOTER_BYTES) : start;
}
