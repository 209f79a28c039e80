/** AVI: chunks and lists of chunks. */
import { countInfo } from './riff-info.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 8;
const KIND_BYTES = 4;
/** What sets up the codec of a stream. */
const SET_UP: ReadonlySet<string> = new Set(['strf', 'strd']);
const LISTS: ReadonlySet<string> = new Set(['RIFF', 'LIST']);

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
    if (SET_UP.has(head.toString('latin1', 0, KIND_BYTES))) work.addSetUp(head.readUInt32LE(KIND_BYTES));
    if (kind === 'movi') return;
    if (kind === 'INFO') countInfo(window, at + HEAD_BYTES + KIND_BYTES, end, work, list);
    // FFmpeg looks into every other list.
    at = isList && kind !== 'INFO' ? at + HEAD_BYTES + KIND_BYTES : end + (end % 2);
  }
}
