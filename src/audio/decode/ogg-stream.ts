/**
 * The links of an Ogg that comes as a stream, such as the songs of a radio station. The pages are looked at
 * as they come, tags included, and no sooner does FFmpeg get them. Owns how far the stream was looked at and
 * taken; runs inside reads of the decoder.
 * Invariants: FFmpeg gets whole pages, and none with tags that were not counted whole; of a link it gets
 * nothing of the next one; the work that tags make is counted by link, since each is opened by itself.
 */
import type { Source, StreamBytes } from '../sources/source.ts';
import { leftOutBehind } from '../survey/left-out.ts';
import { OggTags, pageBytes } from '../survey/ogg.ts';
import { overladen } from '../survey/overladen.ts';
import { TagWork } from '../survey/tag-work.ts';
import { Window } from '../survey/window.ts';
import type { Link, Links } from './link.ts';
import { LookBack } from './look-back.ts';

const HEAD_BYTES = 27;
const MOST_PAGE_BYTES = HEAD_BYTES + 255 + 255 * 255;
const FIRST_PAGE = 2;
const LAST_PAGE = 4;
const CAPTURE = Buffer.from('OggS\0', 'latin1');
/** What lies between pages is looked through in such pieces, and behind the last page no farther. */
const BETWEEN_BYTES = 4096;
const MOST_BETWEEN_BYTES = 65_000;
/**
 * Where a page is not whole, FFmpeg looks for the next one behind its beginning: that may be a page and a
 * full buffer ago.
 */
const BACK_BYTES = 196_608;

export class StreamedLinks implements Links {
  readonly laterFrames = 0;
  readonly warnings: string[] = [];
  readonly #source: Source;
  readonly #bytes: StreamBytes;
  readonly #page = Buffer.allocUnsafeSlow(MOST_PAGE_BYTES);
  readonly #window: Window;
  /** Of the link that is read. */
  readonly #back = new LookBack(BACK_BYTES);
  /** Positions behind what was taken, what may be, and what was looked at. */
  #taken = 0;
  #cleared = 0;
  #seen = 0;
  #link: StreamedLink | null = null;
  #ended = false;

  constructor(source: Source, bytes: StreamBytes) {
    this.#source = source;
    this.#bytes = bytes;
    this.#window = new Window(source);
  }

  /** What of the link before was not read is passed over. */
  next(): Link | null {
    const rest = Buffer.allocUnsafe(BETWEEN_BYTES);
    const { name, size, end } = this.#source;
    if (this.#link !== null) while (this.#take(this.#link, rest) > 0);
    if (this.#ended) return null;
    const link = new StreamedLink(this.#window);
    this.#link = link;
    if (!this.#look(link)) return null;
    this.#back.clear();
    const read = (target: Uint8Array, position: number): number => this.#read(link, target, position);
    return {
      lastPosition: () => link.lastPosition,
      source: {
        ...{ name, size, end, read },
        // The demuxer of Ogg goes back a little only, so that a context may be kept for the next link.
        bytes: { kind: 'memory' },
        lacksEnd: () => link.lacksEnd,
        change: () => null,
        [Symbol.dispose]() {},
      },
    };
  }

  #read(link: StreamedLink, target: Uint8Array, position: number): number {
    const back = this.#back;
    if (position !== back.end) {
      const length = back.read(target, position);
      if (length > 0) return length;
      throw new RangeError(`A stream has no byte ${position} any more`);
    }
    const length = this.#take(link, target);
    back.add(target.subarray(0, length));
    return length;
  }

  /** Takes the next bytes of a link. @returns how many; 0 at its end */
  #take(link: StreamedLink, target: Uint8Array): number {
    if (this.#cleared === this.#taken && !this.#look(link)) return 0;
    const length = this.#bytes.next(target.subarray(0, this.#cleared - this.#taken));
    this.#taken += length;
    return length;
  }

  /** Looks at what comes until some of it may be taken. @returns false where the link is over */
  #look(link: StreamedLink): boolean {
    while (this.#cleared === this.#taken && !link.over) {
      const page = this.#pageAt(this.#seen);
      if (page === null) this.#lookBetween(link);
      else if (link.takes(page)) {
        link.visit(this.#seen, page);
        this.#seen += page.length;
      } else link.finish();
      const { fault } = link.work;
      if (fault !== null) throw overladen(this.#source.name, fault);
      if (!link.tags.pending) this.#cleared = this.#seen;
    }
    return this.#cleared > this.#taken;
  }

  /** As much of a page as there is before the stream ends; `null` where none begins. */
  #pageAt(at: number): Buffer | null {
    const head = this.#page.subarray(0, this.#source.read(this.#page.subarray(0, HEAD_BYTES), at));
    if (head.length < HEAD_BYTES || head.indexOf(CAPTURE) !== 0) return null;
    const table = HEAD_BYTES + head[26];
    const there = this.#source.read(this.#page.subarray(0, table), at);
    let bytes = table;
    for (let segment = HEAD_BYTES; segment < there; segment++) bytes += this.#page[segment];
    return this.#page.subarray(0, this.#source.read(this.#page.subarray(0, bytes), at));
  }

  /** What is no page: FFmpeg passes over it, but behind the last one of a link it gets none of it. */
  #lookBetween(link: StreamedLink): void {
    const most = link.ended ? MOST_BETWEEN_BYTES : BETWEEN_BYTES;
    const piece = this.#page.subarray(0, this.#source.read(this.#page.subarray(0, most), this.#seen));
    const found = piece.indexOf(CAPTURE, 1);
    if (piece.length === 0 || (found < 0 && link.ended)) {
      if (piece.length > 0) this.warnings.push(leftOutBehind('it is no sound'));
      this.#ended = true;
      link.finish();
      return;
    }
    // A capture may lie across the end of the piece.
    const whole = piece.length < most ? piece.length : most - CAPTURE.length + 1;
    const passed = found < 0 ? whole : found;
    link.torn = true;
    this.#seen += passed;
  }
}

/** What is known of a link while its pages come. */
class StreamedLink {
  /** Nothing of what comes belongs to it. */
  over = false;
  /** Its last page says that it is the last. */
  ended = false;
  /** Something that is no page has come. */
  torn = false;
  /** As in a {@link Link}, of what has come so far. */
  lastPosition = 0;
  readonly work = new TagWork();
  readonly tags: OggTags;
  #pages = 0;
  #beginning = false;
  #broken = false;

  constructor(window: Window) {
    this.tags = new OggTags(window, this.work);
  }

  get lacksEnd(): boolean {
    return this.#broken || !this.ended;
  }

  /** Streams side by side begin together; one that begins later is of the next link. */
  takes(page: Buffer): boolean {
    return this.#pages === 0 || this.#beginning || (page[5] & FIRST_PAGE) === 0;
  }

  visit(at: number, page: Buffer): void {
    this.#pages++;
    this.#beginning = (page[5] & FIRST_PAGE) !== 0;
    this.ended = (page[5] & LAST_PAGE) !== 0;
    const position = Number(page.readBigInt64LE(6));
    if (this.torn) this.lastPosition = 0;
    else if (position > 0) this.lastPosition = position;
    const headed = page.length >= HEAD_BYTES + page[26];
    this.#broken = !headed || page.length < pageBytes(page);
    if (headed) this.tags.visit({ at, bytes: page });
  }

  finish(): void {
    this.over = true;
    this.tags.end();
  }
}
