/**
 * The links of a chained Ogg file (one audio file after another, as `cat` makes them) and how long each says
 * it is. FFmpeg passes their packets on as one stream, but tells the length of the last one only.
 */
import type { Source } from '../sources/source.ts';

/** Of a page: 27 bytes, then one for each of at most 255 segments. */
const HEAD_BYTES = 27;
const MOST_HEAD_BYTES = HEAD_BYTES + 255;
const FIRST_PAGE = 2;

/**
 * The last position of each link that begins with a first page of its own, in order; 0 for one whose pages
 * don't end well. Reads the heads of all pages, so it is meant for files that are short, or known to be
 * chained.
 */
export function oggLinks(source: Source): number[] {
  const links: number[] = [];
  const head = Buffer.alloc(MOST_HEAD_BYTES);
  let beginning = false;
  for (let at = 0; at + HEAD_BYTES <= source.size; ) {
    const length = source.read(head, at);
    const segments = head[26];
    if (head.toString('latin1', 0, 4) !== 'OggS' || length < HEAD_BYTES + segments) {
      if (links.length > 0) links[links.length - 1] = 0;
      break;
    }
    const begins = (head[5] & FIRST_PAGE) !== 0;
    // Streams side by side begin together.
    if (begins && !beginning) links.push(0);
    beginning = begins;
    const position = Number(head.readBigInt64LE(6));
    if (position > 0) links[links.length - 1] = position;
    at += HEAD_BYTES + segments;
    for (let segment = 0; segment < segments; segment++) at += head[HEAD_BYTES + segment];
  }
  return links;
}
