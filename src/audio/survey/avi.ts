/** AVI: chunks and lists of chunks. FFmpeg allocates what an entry of a list of tags claims. */
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 8;
const KIND_BYTES = 4;
const LISTS: ReadonlySet<string> = new Set(['RIFF', 'LIST']);
/** A comment of 16 MiB is none that people wrote. */
const MOST_VALUE_BYTES = 16 * 1024 * 1024;

/** Counts the tags of a file, up to its samples, and gives up where one claims more than there is. */
export function countAvi(window: Window, work: TagWork): void {
  const { size } = window.source;
  const list = new TagList(work);
  for (let at = 0; at + HEAD_BYTES <= size && !work.excessive; ) {
    const head = window.view(at, HEAD_BYTES + KIND_BYTES);
    if (head.length < HEAD_BYTES + KIND_BYTES) return;
    const isList = LISTS.has(head.toString('latin1', 0, KIND_BYTES));
    const kind = isList ? head.toString('latin1', HEAD_BYTES) : '';
    const end = at + HEAD_BYTES + head.readUInt32LE(KIND_BYTES);
    work.addOther();
    if (kind === 'movi') return;
    if (kind === 'INFO') countInfo(window, at + HEAD_BYTES + KIND_BYTES, end, work, list);
    // FFmpeg looks into every other list.
    at = isList && kind !== 'INFO' ? at + HEAD_BYTES + KIND_BYTES : end + (end % 2);
  }
}

function countInfo(window: Window, at: number, end: number, work: TagWork, list: TagList): void {
  while (at + HEAD_BYTES <= end && !work.excessive) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    const bytes = head.readUInt32LE(KIND_BYTES);
    at += HEAD_BYTES;
    if (bytes > MOST_VALUE_BYTES || at + bytes > window.source.size) work.giveUp(`one claims ${bytes} bytes`);
    list.add(head.toString('latin1', 0, KIND_BYTES), KIND_BYTES, bytes);
    at += bytes + (bytes % 2);
  }
}
