/** ASF, of Windows Media: a row of objects, some of which are lists of tags, and then the sound. */
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const NAME_BYTES = 16;
const HEAD_BYTES = 24;
/** Of the outermost object, and of the one that holds further objects: they are read on into. */
const HEADER_HEAD_BYTES = 30;
const EXTENSION_HEAD_BYTES = 46;

const EXTENSION = 'b503bf5f2ea9cf118ee300c00c205365';
const SOUND = '3626b2758e66cf11a6d900aa0062ce6c';
const TAGS = '40a4d0d207e3d21197f000a0c95ea850';
const STREAM = 'cba5e61472c632438399a96952065b5a';
const STREAM_TAGS: ReadonlySet<string> = new Set([
  'eacbf8c5af5b77488467aa8c44fa4cca',
  '941c23449894d149a1411d134e457054',
]);

interface AsfObject {
  /** In hex. */
  readonly name: string;
  readonly at: number;
  /** That it claims. */
  readonly bytes: number;
  /** The next one comes behind all of it. */
  readonly isPassed: boolean;
}

/** Counts the tags of a file. */
export function countAsf(window: Window, work: TagWork): void {
  const list = new TagList(work);
  for (const { name, at } of objectsOf(window, work)) {
    if (name === TAGS) countTags(window, at + HEAD_BYTES, work, list);
    else if (STREAM_TAGS.has(name)) countStreamTags(window, at + HEAD_BYTES, work, list);
  }
}

/**
 * What an object in front of the sound claims that ends behind the file. FFmpeg goes there and finds nothing;
 * but where a file system lets nobody go so far, it reads on inside of that object, and in memory it does
 * not.
 */
export function cutOffAsf(window: Window, work: TagWork): string | null {
  for (const { at, bytes, isPassed } of objectsOf(window, work)) {
    if (isPassed && at + bytes > window.source.size) return `an object claims ${bytes} bytes`;
  }
  return null;
}

/** Those in front of the sound. */
function* objectsOf(window: Window, work: TagWork): Generator<AsfObject> {
  for (let at = HEADER_HEAD_BYTES; !work.excessive; ) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    const name = head.toString('hex', 0, NAME_BYTES);
    const bytes = Number(head.readBigUInt64LE(NAME_BYTES));
    work.addOther();
    if (name === SOUND) return;
    const isPassed = name !== EXTENSION && name !== STREAM;
    yield { name, at, bytes, isPassed };
    if (bytes < HEAD_BYTES) return;
    if (isPassed) at += bytes;
    else at = name === EXTENSION ? at + EXTENSION_HEAD_BYTES : streamEnd(window, at + HEAD_BYTES, work);
  }
}

/** FFmpeg looks for the next object behind what it knows of this one, whatever that claims. */
function streamEnd(window: Window, at: number, work: TagWork): number {
  const [names, extensions] = [shortAt(window, at + 60), shortAt(window, at + 62)];
  at += 64;
  for (let i = 0; i < names && !work.excessive; i++) {
    work.addOther();
    at += 4 + shortAt(window, at + 2);
  }
  for (let i = 0; i < extensions && !work.excessive; i++) {
    const length = window.view(at + 18, 4);
    work.addOther();
    if (length.length < 4) return window.source.size;
    at += 22 + length.readUInt32LE();
  }
  return at;
}

/** Each has the length of its name, the name, a type, the length of its value, and the value. */
function countTags(window: Window, at: number, work: TagWork, list: TagList): void {
  const count = shortAt(window, at);
  at += 2;
  for (let i = 0; i < count && !work.excessive; i++) {
    const nameBytes = shortAt(window, at);
    const name = window.text(at + 2, nameBytes);
    at += 2 + nameBytes + 2;
    const valueBytes = shortAt(window, at);
    list.add(name, nameBytes, valueBytes);
    at += 2 + valueBytes;
  }
}

/** Each has two numbers, the length of its name, a type, the length of its value, the name, and the value. */
function countStreamTags(window: Window, at: number, work: TagWork, list: TagList): void {
  const count = shortAt(window, at);
  at += 2;
  for (let i = 0; i < count && !work.excessive; i++) {
    const head = window.view(at, 12);
    if (head.length < 12) return;
    const [nameBytes, valueBytes] = [head.readUInt16LE(4), head.readUInt32LE(8)];
    list.add(window.text(at + 12, nameBytes), nameBytes, valueBytes);
    at += 12 + nameBytes + valueBytes;
  }
}

function shortAt(window: Window, at: number): number {
  const bytes = window.view(at, 2);
  return bytes.length < 2 ? 0 : bytes.readUInt16LE();
}
