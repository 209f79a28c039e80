/** APEv2, a list of items at the end of a file. */
import { jsonText } from '../../../text/escaping.ts';
import type { Window } from '../../survey/window.ts';
import type { Gathering } from './gathering.ts';
import { addNamed } from './named.ts';
import { sliceOf, TagWindow } from './tag-window.ts';

const FOOTER_BYTES = 32;
const ITEM_HEAD_BYTES = 8;
const MOST_ITEMS = 4096;
const MOST_NAME_BYTES = 256;
const MOST_VALUE_BYTES = 4 * 1024 * 1024;
/** Of the last byte of the flags. */
const HAS_HEADER = 0x80;
/** Of the first one: two bits for the kind of an item. */
const KIND = 0x06;
const BINARY = 0x02;

/** What pictures are of, as their items' names say it behind `Cover Art`; in the order of their numbers. */
const PICTURES = [
  ...['(Other)', '(Png Icon)', '(Icon)', '(Front)', '(Back)', '(Leaflet)', '(Media)', '(Lead Artist)'],
  ...['(Artist)', '(Conductor)', '(Band)', '(Composer)', '(Lyricist)', '(Recording Location)'],
  ...['(During Recording)', '(During Performance)', '(Video Capture)', '(Fish)', '(Illustration)'],
  ...['(Band Logotype)', '(Publisher Logotype)'],
].map((name) => `COVER ART ${name.toUpperCase()}`);

/** Reads the tag that ends at a position. @returns where it begins; the position, where there is none */
export function readApe(window: Window, end: number, into: Gathering): number {
  const footer = window.view(end - FOOTER_BYTES, FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES || footer.toString('latin1', 0, 8) !== 'APETAGEX') return end;
  const [size, count, flags] = [footer.readUInt32LE(12), footer.readUInt32LE(16), footer[23]];
  const start = end - size;
  if (size < FOOTER_BYTES || start < 0) return end;
  const items = new TagWindow(sliceOf(window.source, start, size - FOOTER_BYTES));
  let at = 0;
  for (let i = 0; i < Math.min(count, MOST_ITEMS) && !into.full; i++) {
    const head = items.view(at, ITEM_HEAD_BYTES + MOST_NAME_BYTES);
    const zero = head.indexOf(0, ITEM_HEAD_BYTES);
    if (head.length < ITEM_HEAD_BYTES || zero < 0) break;
    const bytes = head.readUInt32LE(0);
    const kind = head[4] & KIND;
    const name = head.toString('latin1', ITEM_HEAD_BYTES, zero);
    at += zero + 1;
    if (at + bytes > items.size) {
      into.note('Tags were left out: one claims more bytes than there are.');
      break;
    }
    if (kind === BINARY) readPicture(items, { name, at, bytes }, into);
    else if (bytes > MOST_VALUE_BYTES)
      into.note(`A tag was left out: it has over ${MOST_VALUE_BYTES} bytes.`);
    else {
      for (const value of items.view(at, bytes).toString().split('\0')) {
        addNamed(into, { family: 'ape', name, otherwise: name }, value);
      }
    }
    at += bytes;
  }
  if (count > MOST_ITEMS && !into.full) into.note(`Tags were left out: there are over ${MOST_ITEMS}.`);
  return Math.max(0, (flags & HAS_HEADER) !== 0 ? start - FOOTER_BYTES : start);
}

interface Item {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

/** The name of a file, a zero, and the picture. */
function readPicture(items: TagWindow, { name, at, bytes }: Item, into: Gathering): void {
  const type = PICTURES.indexOf(name.toUpperCase());
  const zero = items.view(at, Math.min(bytes, MOST_NAME_BYTES)).indexOf(0);
  if (type < 0 || zero < 0) {
    into.note(`${jsonText(name)} was left out: it is no text, and no picture.`);
    return;
  }
  const start = at + zero + 1;
  const picture = sliceOf(items.bytes, start, at + bytes - start);
  into.addPicture({ type, mime: '', description: '', bytes: picture });
}
