/**
 * MP4 and QuickTime: boxes in boxes. FFmpeg looks for lists of tags in nearly all of them, so they are looked
 * for by their names, in all but the samples.
 */
import { scan } from './scan.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 8;
const LARGE_HEAD_BYTES = 16;
const NAME_BYTES = 4;
const MOST_NAME_BYTES = 1024;
/** Before a text, and before the list of keys: version, flags and what else is of no interest. */
const TEXT_HEAD_BYTES = 4;
const KEYS_HEAD_BYTES = 8;

/**
 * `keys` has the names of what `ilst` has by numbers. In `cmov` a header is compressed: that hides what it
 * holds, and FFmpeg allocates what it claims. QuickTime made such files in the last century.
 */
const NOTABLE = ['keys', 'ilst', 'cmov'].map((name) => Buffer.from(name));

interface Box {
  readonly type: string;
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

/** Counts the tags of a file, and gives up where its header is compressed. */
export function countMp4(window: Window, work: TagWork): void {
  const survey = new Mp4Survey(window, work);
  for (const [from, end] of headers(window, work)) survey.search(from, end);
}

/** The stretches between the samples, from and to a position. */
function* headers(window: Window, work: TagWork): Generator<readonly [number, number]> {
  const { size } = window.source;
  let from = 0;
  let at = 0;
  while (at + HEAD_BYTES <= size) {
    const box = boxAt(window, at);
    work.addOther();
    // What is no box is looked through to the end.
    if (box === null || work.excessive) break;
    if (box.type === 'mdat') {
      if (from < at) yield [from, at];
      from = box.end;
    }
    at = box.end;
  }
  if (from < size) yield [from, size];
}

/** @returns `null` where there is none, or it goes nowhere */
function boxAt(window: Window, at: number): Box | null {
  const head = window.view(at, LARGE_HEAD_BYTES);
  if (head.length < HEAD_BYTES) return null;
  const type = head.toString('latin1', NAME_BYTES, HEAD_BYTES);
  const claimed = head.readUInt32BE(0);
  if (claimed === 0) return { type, at, body: at + HEAD_BYTES, end: window.source.size };
  const large = claimed === 1 && head.length >= LARGE_HEAD_BYTES;
  const bytes = large ? Number(head.readBigUInt64BE(HEAD_BYTES)) : claimed;
  const headBytes = large ? LARGE_HEAD_BYTES : HEAD_BYTES;
  return bytes < headBytes ? null : { type, at, body: at + headBytes, end: at + bytes };
}

class Mp4Survey {
  readonly #window: Window;
  readonly #work: TagWork;
  readonly #list: TagList;
  #longestKey = 0;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
    this.#list = new TagList(work);
  }

  search(from: number, end: number): void {
    for (const { at } of scan(this.#window.source, NOTABLE, from, end)) {
      if (this.#work.excessive) return;
      this.#work.addOther();
      const box = boxAt(this.#window, at - NAME_BYTES);
      if (box !== null) this.#visit(box);
    }
  }

  #visit(box: Box): void {
    if (box.type === 'cmov') this.#work.giveUp('they are compressed');
    else if (box.type === 'keys') this.#countKeys(box);
    else if (box.type === 'ilst') for (const child of this.#boxes(box.body, box.end)) this.#countTag(child);
  }

  /** Each has its length, a word, and the name. */
  #countKeys({ body, end }: Box): void {
    for (const { body: nameAt, end: nameEnd } of this.#boxes(body + KEYS_HEAD_BYTES, end)) {
      this.#longestKey = Math.max(this.#longestKey, nameEnd - nameAt);
      this.#work.addOther();
    }
  }

  /** One name with its values. */
  #countTag({ type, body, end }: Box): void {
    const numbered = type.startsWith('\0\0');
    let name = type;
    let nameBytes = numbered ? this.#longestKey : type.length;
    let values = 0;
    for (const inner of this.#boxes(body, end)) {
      const bytes = inner.end - inner.body;
      if (inner.type === 'name') {
        nameBytes = bytes;
        name = this.#window.text(inner.body + TEXT_HEAD_BYTES, Math.min(bytes, MOST_NAME_BYTES));
      } else if (inner.type === 'data') {
        values++;
        if (type === 'covr') this.#work.addPicture();
        else this.#list.add(name, nameBytes, bytes);
      }
    }
    if (values === 0) this.#list.add(name, nameBytes, end - body);
  }

  *#boxes(from: number, end: number): Generator<Box> {
    for (let at = from; at + HEAD_BYTES <= end && !this.#work.excessive; ) {
      const box = boxAt(this.#window, at);
      if (box === null || box.end > end) return;
      yield box;
      at = box.end;
    }
  }
}
