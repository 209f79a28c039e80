/**
 * Matroska and WebM: elements in elements. FFmpeg follows pointers to tags, and where something is damaged it
 * looks for what may be tags byte by byte, so they are looked for in the whole file.
 */
import { countFlac } from './flac.ts';
import { scan } from './scan.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

const TAGS_MARK = Buffer.from('1254c367', 'hex');
/** FLAC's own header, with its tags, is in the description of its track. */
const FLAC_MARK = Buffer.from('fLaC');

const TAG = 0x7373;
const TARGETS = 0x63c0;
const SIMPLE_TAG = 0x67c8;
const NAME = 0x45a3;
const HEAD_BYTES = 12;
/** FFmpeg cuts names there. */
const MOST_NAME_BYTES = 1023;
/** FFmpeg goes no deeper; a tag inside of others is counted twice for each, once by its language. */
const MOST_DEPTH = 12;

interface Element {
  readonly id: number;
  readonly body: number;
  readonly end: number;
}

/** Counts the tags of a file. */
export function countMatroska(window: Window, work: TagWork): void {
  const survey = new MatroskaSurvey(window, work);
  for (const { at, mark } of scan(window.source, [TAGS_MARK, FLAC_MARK], 0, window.source.size)) {
    if (work.excessive) return;
    if (mark === FLAC_MARK) countFlac(window, at, work);
    else survey.countTags(at);
  }
}

class MatroskaSurvey {
  readonly #window: Window;
  readonly #work: TagWork;
  /** Each target of tags has a list of its own. */
  readonly #lists = new Map<string, TagList>();

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
  }

  countTags(at: number): void {
    const tags = this.#elementAt(at);
    this.#work.addOther();
    if (tags === null) return;
    for (const { id, body, end } of this.#elements(tags.body, tags.end))
      if (id === TAG) this.#countTag(body, end);
  }

  #countTag(from: number, end: number): void {
    const inner = [...this.#elements(from, end)];
    const targets = inner.findLast(({ id }) => id === TARGETS);
    const list = this.#listOf(targets === undefined ? '' : this.#textOf(targets));
    for (const element of inner) if (element.id === SIMPLE_TAG) this.#countSimple(element, list, 0, 0);
    list.goThrough();
  }

  #countSimple({ body, end }: Element, list: TagList, outerBytes: number, depth: number): void {
    if (depth > MOST_DEPTH || this.#work.excessive) return;
    const inner = [...this.#elements(body, end)];
    const name = inner.findLast(({ id }) => id === NAME);
    const nameBytes = Math.min(MOST_NAME_BYTES, outerBytes + (name === undefined ? 0 : name.end - name.body));
    const text = name === undefined ? '' : this.#textOf(name);
    for (let copy = 0; copy < 2 ** depth; copy++) list.add(text, nameBytes, end - body);
    const deeper = inner.filter(({ id }) => id === SIMPLE_TAG);
    for (const element of deeper) this.#countSimple(element, list, nameBytes, depth + 1);
    if (deeper.length > 0) for (let copy = 0; copy < 2 ** depth; copy++) list.goThrough();
  }

  #listOf(target: string): TagList {
    const list = this.#lists.get(target) ?? new TagList(this.#work);
    this.#lists.set(target, list);
    return list;
  }

  #textOf({ body, end }: Element): string {
    return this.#window.text(body, Math.min(end - body, MOST_NAME_BYTES));
  }

  *#elements(from: number, end: number): Generator<Element> {
    for (let at = from; at < end && !this.#work.excessive; ) {
      const element = this.#elementAt(at);
      if (element === null) return;
      this.#work.addOther();
      yield element;
      at = element.end;
    }
  }

  #elementAt(at: number): Element | null {
    const head = this.#window.view(at, HEAD_BYTES);
    const id = numberAt(head, 0, 4);
    const size = id === null ? null : numberAt(head, id.bytes, 8);
    if (id === null || size === null) return null;
    const body = at + id.bytes + size.bytes;
    // All ones are "nobody knows".
    const open = size.value === 2 ** (7 * size.bytes) - 1;
    return {
      id: id.value + 2 ** (7 * id.bytes),
      body,
      end: open ? this.#window.source.size : body + size.value,
    };
  }
}

/** A number that says by its first bits how many bytes it has. Over 2 ** 53 it is not exact. */
export function numberAt(
  bytes: Buffer,
  at: number,
  mostBytes: number,
): { readonly value: number; readonly bytes: number } | null {
  const length = at < bytes.length ? Math.clz32(bytes[at]) - 23 : mostBytes + 1;
  if (length > mostBytes || at + length > bytes.length) return null;
  let value = bytes[at] & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i];
  return { value, bytes: length };
}
