/**
 * MP4 and QuickTime: boxes in boxes. FFmpeg looks for lists of tags in nearly all of them, so they are looked
 * for by their names, in all but the samples; so are boxes that hold tables. A table's own name may lie in a
 * picture, too, so it counts only where boxes are.
 */
import { Mp4Tables } from './mp4-tables.ts';
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
const TAGS = ['keys', 'ilst', 'cmov'];
/** Boxes in which FFmpeg goes from box to box, and how many bytes lie before the first. */
const HOLDERS: Readonly<Record<string, number>> = {
  ...{ moov: 0, trak: 0, edts: 0, mdia: 0, minf: 0, stbl: 0, udta: 0, tref: 0, dinf: 0, wave: 0, sinf: 0 },
  ...{ schi: 0, moof: 0, mvex: 0, traf: 0, hoov: 0, free: 0, meta: 4, iref: 4, ipco: 0, jp2h: 0 },
};
const NOTABLE = [...TAGS, 'stsd', ...Object.keys(HOLDERS)].map((name) => Buffer.from(name));
/** Within a sample's description boxes begin anywhere. */
const TABLES = ['stsz', 'stz2', 'stts', 'stsc', 'stco', 'co64', 'trun', 'elst'].map((name) =>
  Buffer.from(name),
);

interface Box {
  readonly type: string;
  readonly at: number;
  readonly body: number;
  readonly end: number;
}

/** Counts the tags of a file, and gives up where its header is compressed. */
export function countMp4(window: Window, work: TagWork): void {
  const tables = new Mp4Tables(window, work);
  const survey = new Mp4Survey(window, work, tables);
  for (const [from, end] of headers(window, work, tables)) survey.search(from, end);
  tables.judge();
}

/** The stretches between the samples, from and to a position. */
function* headers(window: Window, work: TagWork, tables: Mp4Tables): Generator<readonly [number, number]> {
  const { size } = window.source;
  let from = 0;
  let at = 0;
  while (at + HEAD_BYTES <= size) {
    const box = boxAt(window, at);
    work.addOther();
    // What is no box is looked through to the end.
    if (box === null || work.excessive) break;
    tables.add(box);
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
  readonly #tables: Mp4Tables;
  /** Of descriptions of samples. */
  readonly #descriptions: Box[] = [];
  #searchedTo = 0;
  #longestKey = 0;

  constructor(window: Window, work: TagWork, tables: Mp4Tables) {
    this.#tables = tables;
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
    for (const box of this.#descriptions.splice(0)) this.#searchTables(box);
  }

  /** FFmpeg takes boxes that claim more than there is for what is there. */
  #searchTables({ body, end }: Box): void {
    const from = Math.max(body, this.#searchedTo);
    const last = Math.min(end, this.#window.source.size);
    this.#searchedTo = Math.max(from, last);
    for (const { at } of scan(this.#window.source, TABLES, from, last)) {
      if (this.#work.excessive) return;
      this.#work.addOther();
      const box = boxAt(this.#window, at - NAME_BYTES);
      if (box !== null) this.#tables.add(box);
    }
  }

  #visit(box: Box): void {
    if (box.type === 'cmov') this.#work.giveUp('they are compressed');
    else if (box.type === 'keys') this.#countKeys(box);
    else if (box.type === 'ilst') for (const child of this.#boxes(box.body, box.end)) this.#countTag(child);
    if (box.type === 'stsd') this.#descriptions.push(box);
    const before = HOLDERS[box.type];
    if (before !== undefined) this.#visitTables(box.body + before, box.end);
  }

  #visitTables(from: number, end: number): void {
    const last = Math.min(end, this.#window.source.size);
    for (let at = from; at + HEAD_BYTES <= last && !this.#work.excessive; ) {
      const box = boxAt(this.#window, at);
      if (box === null) return;
      this.#work.addOther();
      this.#tables.add(box);
      at = box.end;
    }
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
