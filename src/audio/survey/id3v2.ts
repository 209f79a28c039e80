/**
 * ID3v2 tags, which are put before a file of any format, one behind another, and into chunks of some. Walked
 * as FFmpeg walks them, whatever they claim.
 */
import { joinValues, wideZero } from './id3-values.ts';
import { TagList, type TagWork } from './tag-work.ts';
import type { Window } from './window.ts';

/** Nobody has as many; each takes 0.3 us to pass over. */
const MOST_TAGS = 65_536;

const HEAD_BYTES = 10;
const FOOTER_BYTES = 10;
const EXTENDED = 0x40;
const UNSYNCHRONISED = 0x80;
const FOOTER = 0x10;

/** Of the second byte of a frame's flags. FFmpeg takes those of version 3 for those of version 4. */
const FRAME_HAS_LENGTH = 0x01;
const FRAME_UNSYNCHRONISED = 0x02;
const FRAME_COMPRESSED = 0x08;

/** What a compressed frame may say that it inflates to: FFmpeg allocates that, and 1 KiB can become 1 MiB. */
const MOST_INFLATED_BYTES = 1024 * 1024;
/** Names are looked for in so much of a frame. */
const NAME_WINDOW_BYTES = 1024;

/** Before the text of a frame, and the two that have two bytes for each letter. */
const ENCODING_BYTES = 1;
const LANGUAGE_BYTES = 3;
/** In front of a frame that says how long it is once it was decoded. */
const LENGTH_BYTES = 4;
const WIDE_ENCODINGS: ReadonlySet<number> = new Set([1, 2]);
/** Of a chapter, behind its name: when it begins and ends. */
const CHAPTER_TIMES_BYTES = 16;
const CHAPTER_FRAME_HEAD_BYTES = 10;

interface Id3Tag {
  readonly version: number;
  readonly flags: number;
  /** Positions of its first frame, and behind its last one. */
  readonly body: number;
  readonly bodyEnd: number;
  /** Position of what follows it. */
  readonly end: number;
}

interface Frame {
  readonly id: string;
  readonly flags: number;
  readonly body: number;
  readonly bytes: number;
}

/**
 * @returns where a file begins that may have ID3v2 tags before it, by what they claim; its end, or beyond it,
 * where there is nothing else
 */
export function behindId3(window: Window): number {
  let at = 0;
  for (let count = 0; count < MOST_TAGS; count++) {
    const tag = tagAt(window, at);
    if (tag === null) return at;
    at = tag.end;
  }
  return window.source.size;
}

/**
 * Counts the tags that begin at a position, one behind another.
 * @param list what FFmpeg puts them into; one of their own unless it is given
 */
export function countId3(window: Window, at: number, work: TagWork, list = new TagList(work)): void {
  let start = at;
  for (let tag = tagAt(window, start); tag !== null && !work.excessive; tag = tagAt(window, start)) {
    work.addOther();
    new FrameCounter(window, tag, work, list).run();
    start = tag.end;
  }
}

function tagAt(window: Window, at: number): Id3Tag | null {
  const head = window.view(at, HEAD_BYTES);
  if (head.length < HEAD_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return null;
  const [version, revision, flags] = [head[3], head[4], head[5]];
  if (version === 0xff || revision === 0xff || head.subarray(6).some((byte) => byte > 0x7f)) return null;
  const body = at + HEAD_BYTES;
  const bodyEnd = body + sevenBits(head.readUInt32BE(6));
  const end = bodyEnd + (version === 4 && (flags & FOOTER) !== 0 ? FOOTER_BYTES : 0);
  return { version, flags, body, bodyEnd, end };
}

/** A length as ID3 writes it, with seven bits in each byte. */
function sevenBits(bits: number): number {
  const [a, b, c, d] = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0x7f);
  return (a << 21) | (b << 14) | (c << 7) | d;
}

class FrameCounter {
  readonly #window: Window;
  readonly #tag: Id3Tag;
  readonly #work: TagWork;
  readonly #list: TagList;

  constructor(window: Window, tag: Id3Tag, work: TagWork, list: TagList) {
    this.#window = window;
    this.#tag = tag;
    this.#work = work;
    this.#list = list;
  }

  run(): void {
    const { version, body } = this.#tag;
    // FFmpeg knows no others.
    if (version < 2 || version > 4) return;
    let at = body + this.#extensionBytes();
    while (!this.#work.excessive) {
      const frame = this.#frameAt(at);
      if (frame === null) return;
      this.#count(frame);
      at = frame.body + frame.bytes;
    }
  }

  #extensionBytes(): number {
    const { version, flags, body } = this.#tag;
    if (version === 2 || (flags & EXTENDED) === 0) return 0;
    const bytes = this.#window.view(body, 4);
    if (bytes.length < 4) return 0;
    // Of version 4 the length counts itself.
    return sevenBits(bytes.readUInt32BE()) + (version === 4 ? 0 : 4);
  }

  /** @returns `null` for padding, and for what FFmpeg takes for the end */
  #frameAt(at: number): Frame | null {
    const { version, bodyEnd } = this.#tag;
    const [idBytes, headBytes] = version === 2 ? [3, 6] : [4, 10];
    const head = this.#window.view(at, headBytes);
    if (head.length < headBytes || head[0] === 0) return null;
    const id = head.toString('latin1', 0, idBytes);
    const claimed = version === 2 ? head.readUIntBE(3, 3) : head.readUInt32BE(4);
    const flags = version === 2 ? 0 : head[9];
    const body = at + headBytes;
    const bytes = version === 4 ? this.#frameBytes(claimed, at) : claimed;
    return bytes === null || body + bytes > bodyEnd ? null : { id, flags, body, bytes };
  }

  /**
   * Some programs write the lengths of version 4 as those of version 3. FFmpeg believes the one behind which
   * another frame begins.
   */
  #frameBytes(claimed: number, at: number): number | null {
    if (claimed <= 0x7f) return claimed;
    const bytes = sevenBits(claimed);
    const body = at + HEAD_BYTES;
    if (claimed >= this.#tag.bodyEnd - at || this.#beginsFrame(body + bytes)) return bytes;
    return this.#beginsFrame(body + claimed) ? claimed : null;
  }

  #beginsFrame(at: number): boolean {
    return /^(?:[A-Z0-9]{4}|\0{4})$/.test(this.#window.text(at, 4));
  }

  /** FFmpeg reads texts, remarks, lyrics, pictures, chapters and private data, and passes over the rest. */
  #count(frame: Frame): void {
    const { id, bytes, flags } = frame;
    const plain = (flags & FRAME_UNSYNCHRONISED) === 0 && (this.#tag.flags & UNSYNCHRONISED) === 0;
    const compressed = (flags & FRAME_COMPRESSED) !== 0;
    const hasLength = (flags & FRAME_HAS_LENGTH) !== 0;
    const inflated = compressed ? this.#inflatedBytes(frame) : bytes;
    if (bytes === 0) this.#work.addOther();
    else if (compressed && inflated > MOST_INFLATED_BYTES)
      this.#work.giveUp(`one inflates to ${inflated} bytes`);
    else if (id === 'APIC' || id === 'PIC') this.#work.addPicture();
    else if (id === 'CHAP') this.#countChapter(frame);
    else if (isNamedWithin(id) && (compressed || !plain || hasLength)) this.#countHidden(frame, inflated);
    else if (isNamedWithin(id)) this.#countNamed(frame);
    else if (id.startsWith('T')) this.#list.add(id, id.length, bytes);
    else this.#work.addOther();
  }

  #inflatedBytes({ flags, body, bytes }: Frame): number {
    if ((flags & FRAME_HAS_LENGTH) === 0) return bytes;
    const told = this.#window.view(body, 4);
    return told.length === 4 ? told.readUInt32BE() : 0;
  }

  #countNamed({ id, body, bytes }: Frame): void {
    const view = this.#window.view(body, Math.min(bytes, NAME_WINDOW_BYTES));
    const isPrivate = id === 'PRIV';
    const language = isPrivate || id.startsWith('T') ? 0 : LANGUAGE_BYTES;
    const start = isPrivate ? 0 : ENCODING_BYTES + language;
    const end = textEnd(view, start, !isPrivate && WIDE_ENCODINGS.has(view[0]));
    const nameBytes = end < 0 ? bytes : end - start;
    this.#list.add(view.toString('latin1', start, Math.max(start, end)), nameBytes + language, bytes);
    if (id.startsWith('T')) this.#joinValues(body, body + bytes);
  }

  /**
   * Its bytes are not those of its text; but of narrow letters all are, that stand for what is looked for.
   */
  #countHidden({ id, flags, body, bytes }: Frame, inflated: number): void {
    this.#list.add(id, inflated, bytes);
    if (!id.startsWith('T')) return;
    const text = (flags & FRAME_HAS_LENGTH) === 0 ? body : body + LENGTH_BYTES;
    const narrow = !WIDE_ENCODINGS.has(this.#window.view(text, 1)[0]);
    if (narrow && (flags & FRAME_COMPRESSED) === 0) this.#joinValues(text, body + bytes);
    else this.#work.giveUp('one hides whether it has several values');
  }

  /** @param text begins with its encoding, the name, and the first value */
  #joinValues(text: number, behindFrame: number): void {
    const encoding = this.#window.view(text, 1)[0];
    const end = Math.min(behindFrame, this.#window.source.size);
    const name = text + ENCODING_BYTES;
    const behind = WIDE_ENCODINGS.has(encoding)
      ? wideZero(this.#window, name, end) + 2
      : name + this.#window.untilZero(name, end - name) + 1;
    if (behind < end) joinValues(this.#window, { at: behind, end, encoding }, this.#work);
  }

  /** Frames lie in it as in a tag. */
  #countChapter({ body, bytes }: Frame): void {
    const view = this.#window.view(body, Math.min(bytes, NAME_WINDOW_BYTES));
    const nameEnd = view.indexOf(0);
    // Nobody calls a chapter by so long a name, but FFmpeg would read on.
    if (nameEnd < 0 && bytes > view.length) this.#work.giveUp('a chapter has too long a name');
    const end = body + bytes;
    for (let at = body + nameEnd + 1 + CHAPTER_TIMES_BYTES; at + CHAPTER_FRAME_HEAD_BYTES < end; ) {
      const head = this.#window.view(at, CHAPTER_FRAME_HEAD_BYTES);
      if (head.length < CHAPTER_FRAME_HEAD_BYTES || this.#work.excessive) return;
      const id = head.toString('latin1', 0, 4);
      const frame = { id, flags: 0, body: at + CHAPTER_FRAME_HEAD_BYTES, bytes: head.readUInt32BE(4) };
      at = frame.body + frame.bytes;
      if (at > end) return;
      if (id === 'TXXX') this.#countNamed(frame);
      else if (id.startsWith('T')) this.#list.add(id, id.length, frame.bytes);
      else this.#work.addOther();
    }
  }
}

/** Frames that may come often, each with a name of its own. */
function isNamedWithin(id: string): boolean {
  return /^(?:TXXX?|COMM?|USLT|PRIV)$/.test(id);
}

/** Where the zero is that ends a text; -1 for none. */
function textEnd(bytes: Buffer, start: number, wide: boolean): number {
  if (!wide) return bytes.indexOf(0, start);
  for (let at = start; at + 1 < bytes.length; at += 2) if (bytes[at] === 0 && bytes[at + 1] === 0) return at;
  return -1;
}
