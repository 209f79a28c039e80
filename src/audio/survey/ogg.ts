/**
 * Ogg: packets in pages, of several streams and one file behind another. FFmpeg takes every packet that
 * begins like a list of tags for one, wherever it lies, so all pages are gone through.
 */
import { ScatteredPiece } from './scattered-piece.ts';
import type { TagWork } from './tag-work.ts';
import { countComments } from './vorbis-comments.ts';
import type { Window } from './window.ts';

const HEAD_BYTES = 27;
const MOST_PAGE_BYTES = HEAD_BYTES + 255 + 255 * 255;
/** Several pages, since most have 4 KiB. One file at a time per thread. */
const buffer = Buffer.allocUnsafeSlow(2 * 65_536);
const SIGNATURE = 0x4f67_6753;
const SIGNATURE_BYTES = Buffer.from('OggS');
const CONTINUED = 1;
const MARK_BYTES = 8;

/** What packets of tags begin with, where they say so. */
const MARKS: readonly string[] = ['\x03vorbis', 'OpusTags', '\x81theora', 'OVP80\x02 '];
/** First packets of codecs whose second one is a list of tags without a mark. */
const UNMARKED: readonly string[] = ['Speex   ', 'CELT    '];
const FLAC = '\x7fFLAC';
/** In Ogg, FLAC's blocks are packets. */
const FLAC_COMMENTS = 4;
const FLAC_BLOCK_HEAD_BYTES = 4;

/** First bytes of all these: nearly every packet is sound, and begins otherwise. */
const NOTABLE = new Uint8Array(256);
for (const mark of [...MARKS, ...UNMARKED, FLAC]) NOTABLE[mark.charCodeAt(0)] = 1;

/** Counts the tags of all streams. */
export function countOgg(window: Window, work: TagWork): void {
  const pages = new Pages(window);
  const tags = new OggTags(window, work);
  for (let page = pages.next(); page !== null && !work.excessive; page = pages.next()) tags.visit(page);
  tags.end();
}

/** The tags of streams side by side, counted page by page. */
export class OggTags {
  readonly #window: Window;
  readonly #work: TagWork;
  readonly #streams = new Map<number, OggStream>();

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
  }

  /** Some began and have not ended: they are counted once they are whole, and have to be there until then. */
  get pending(): boolean {
    for (const { pending } of this.#streams.values()) if (pending) return true;
    return false;
  }

  visit(page: OggPage): void {
    const serial = page.bytes.readUInt32LE(14);
    const stream = this.#streams.get(serial) ?? new OggStream(this.#window, this.#work);
    if (!this.#streams.has(serial)) {
      this.#work.addOther();
      this.#streams.set(serial, stream);
    }
    stream.visit(page);
  }

  end(): void {
    for (const stream of this.#streams.values()) stream.endPacket();
  }
}

interface OggPage {
  readonly at: number;
  readonly bytes: Buffer;
}

/** One after another. What lies between them is passed over. */
class Pages {
  readonly #window: Window;
  #length = 0;
  #from = 0;
  #at = 0;

  constructor(window: Window) {
    this.#window = window;
  }

  /** It is good until the next call. */
  next(): OggPage | null {
    for (;;) {
      const bytes = this.#load();
      if (bytes.length < HEAD_BYTES || bytes.length < HEAD_BYTES + bytes[26]) return null;
      if (bytes.readUInt32BE() !== SIGNATURE) {
        const begin = bytes.indexOf(SIGNATURE_BYTES);
        // It may lie across the end of what was read.
        this.#at += begin < 0 ? bytes.length - SIGNATURE_BYTES.length + 1 : begin;
        continue;
      }
      const page = { at: this.#at, bytes: bytes.subarray(0, pageBytes(bytes)) };
      this.#at += page.bytes.length;
      return page;
    }
  }

  /** What there is from the position on: a whole page at least, but at the end. */
  #load(): Buffer {
    const { source } = this.#window;
    const end = Math.min(this.#at + MOST_PAGE_BYTES, source.size);
    if (this.#at < this.#from || end > this.#from + this.#length) {
      this.#from = this.#at;
      this.#length = source.read(buffer, this.#from);
    }
    return buffer.subarray(this.#at - this.#from, this.#length);
  }
}

/** How many it has, by its head. */
export function pageBytes(page: Buffer): number {
  const body = HEAD_BYTES + page[26];
  let bytes = body;
  for (let at = HEAD_BYTES; at < body; at++) bytes += page[at];
  return bytes;
}

/** What is known of one stream while its pages go by. */
class OggStream {
  readonly #window: Window;
  readonly #work: TagWork;
  #flac = false;
  #tagsNext = false;
  /** A packet of tags that began and has not ended yet, and where in it the tags begin. */
  #tags: ScatteredPiece | null = null;
  #tagsStart = 0;

  constructor(window: Window, work: TagWork) {
    this.#window = window;
    this.#work = work;
  }

  get pending(): boolean {
    return this.#tags !== null;
  }

  visit({ at, bytes }: OggPage): void {
    const body = HEAD_BYTES + bytes[26];
    let begins = (bytes[5] & CONTINUED) === 0;
    if (begins) this.endPacket();
    for (let segment = HEAD_BYTES, start = body; segment < body; segment++) {
      const length = bytes[segment];
      if (begins && this.#isNotable(bytes[start])) {
        this.#beginPacket(bytes.subarray(start, start + Math.min(length, MARK_BYTES)));
      }
      this.#tags?.add(at + start, Math.max(0, Math.min(length, bytes.length - start)));
      begins = length < 255;
      if (begins) this.endPacket();
      start += length;
    }
  }

  endPacket(): void {
    const tags = this.#tags;
    if (tags === null) return;
    this.#tags = null;
    countComments(tags, this.#tagsStart, this.#work);
  }

  #isNotable(first: number): boolean {
    return this.#tagsNext || this.#flac || NOTABLE[first] === 1;
  }

  #beginPacket(head: Buffer): void {
    const start = this.#tagsStartOf(head);
    this.#tagsNext = UNMARKED.some((mark) => isMarked(head, mark));
    this.#flac ||= isMarked(head, FLAC);
    if (start === null) return;
    this.#tags = new ScatteredPiece(this.#window);
    this.#tagsStart = start;
  }

  /** @returns `null` for a packet without tags */
  #tagsStartOf(head: Buffer): number | null {
    if (this.#tagsNext) return 0;
    if (this.#flac && (head[0] & 0x7f) === FLAC_COMMENTS) return FLAC_BLOCK_HEAD_BYTES;
    return MARKS.find((mark) => isMarked(head, mark))?.length ?? null;
  }
}

function isMarked(bytes: Buffer, mark: string): boolean {
  return bytes.toString('latin1', 0, mark.length) === mark;
}
