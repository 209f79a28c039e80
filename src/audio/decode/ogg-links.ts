/**
 * The links of a chained Ogg file (one audio file after another, as `cat` makes them): where each lies, and
 * how long it says it is. FFmpeg passes their packets on as one stream, if it passes them on at all.
 */
import { partOf } from '../sources/part.ts';
import type { Source } from '../sources/source.ts';
import { leftOutBehind } from '../survey/left-out.ts';
import type { Links } from './link.ts';
import { StreamedLinks } from './ogg-stream.ts';
import type { Recognized } from './recognize.ts';

interface OggLink {
  /** Where its bytes begin, and where those of the next one do. */
  readonly start: number;
  readonly end: number;
  /** The position on its last page, in the codec's own frames; 0 where that page cannot be told. */
  readonly lastPosition: number;
}

/** Of a page: 27 bytes, then one for each of at most 255 segments. */
const HEAD_BYTES = 27;
const MOST_HEAD_BYTES = HEAD_BYTES + 255;
const FIRST_PAGE = 2;
const LAST_PAGE = 4;
const CAPTURE = Buffer.from('OggS\0', 'latin1');

/** Many pages where they are small, and little more than their heads where they are not. */
const WINDOW_BYTES = 4096;

/** The links of what FFmpeg gets to see; all of it is one where it is no Ogg. */
export function linksOf({ source, format }: Recognized): Links {
  if (format === 'ogg' && source.bytes.kind === 'stream') return new StreamedLinks(source, source.bytes);
  const whole = { start: 0, end: source.size, lastPosition: 0 };
  const found = format === 'ogg' ? oggLinks(source) : [];
  const links = found.length > 0 ? found : [whole];
  const rest = links.values();
  return {
    next() {
      const link = rest.next().value;
      if (link === undefined) return null;
      const { start, end, lastPosition } = link;
      const all = end - start === source.size;
      return { source: all ? source : partOf(source, start, end), lastPosition: () => lastPosition };
    },
    laterFrames: links.slice(1).reduce((sum, { lastPosition }) => sum + lastPosition, 0),
    warnings: links[links.length - 1].end < source.size ? [leftOutBehind('it is no sound')] : [],
  };
}

/**
 * The links in order, none where the source is no Ogg file: several where pages that begin a stream follow
 * others, whether or not their number is a new one. Reads the heads of all pages, less than 1 us each, since
 * nothing else tells: files of one program often have one number. What lies between pages is passed over, and
 * what lies behind the last one belongs to no link, if that one says that it is the last.
 */
function oggLinks(source: Source): OggLink[] {
  const pages = new Pages(source);
  const starts: number[] = [];
  const positions: number[] = [];
  let beginning = false;
  let torn = false;
  let end = source.size;
  if (pages.head(0) === null) return [];
  for (let at = 0; at + HEAD_BYTES <= source.size; ) {
    const head = pages.head(at);
    if (head === null) {
      torn = true;
      at = pages.next(at + 1);
      continue;
    }
    const begins = (head[5] & FIRST_PAGE) !== 0;
    // Streams side by side begin together.
    if (starts.length === 0 || (begins && !beginning)) {
      starts.push(at);
      positions.push(0);
      torn = false;
    }
    beginning = begins;
    const position = Number(head.readBigInt64LE(6));
    if (torn) positions[positions.length - 1] = 0;
    else if (position > 0) positions[positions.length - 1] = position;
    at += head.length;
    for (let segment = HEAD_BYTES; segment < head.length; segment++) at += head[segment];
    end = (head[5] & LAST_PAGE) !== 0 ? Math.min(at, source.size) : source.size;
  }
  return starts.map((start, link) => ({
    start: link === 0 ? 0 : start,
    end: starts[link + 1] ?? end,
    lastPosition: positions[link],
  }));
}

class Pages {
  readonly #source: Source;
  readonly #bytes = Buffer.alloc(WINDOW_BYTES);
  #from = 0;
  #length = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The head of the page at a position; null where none begins there, or it is cut off. */
  head(at: number): Buffer | null {
    const window = this.#window(at, MOST_HEAD_BYTES);
    const length = HEAD_BYTES + window[26];
    const whole = window.length >= length && window.indexOf(CAPTURE) === 0;
    return whole ? window.subarray(0, length) : null;
  }

  /** Where the next page seems to begin; the end of the source if there is none. */
  next(from: number): number {
    for (let at = from; at < this.#source.size; at += WINDOW_BYTES - CAPTURE.length) {
      const found = this.#window(at, WINDOW_BYTES).indexOf(CAPTURE);
      if (found >= 0) return at + found;
    }
    return this.#source.size;
  }

  /** What lies at a position: as much as is wanted, if there is so much. */
  #window(at: number, wanted: number): Buffer {
    if (at < this.#from || at + wanted > this.#from + this.#length) {
      this.#length = this.#source.read(this.#bytes, at);
      this.#from = at;
    }
    return this.#bytes.subarray(at - this.#from, this.#length);
  }
}
