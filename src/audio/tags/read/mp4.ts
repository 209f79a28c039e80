/** The tags of MP4: iTunes' list, QuickTime's texts and keys, pictures, and both kinds of chapters. */
import type { Window } from '../../survey/window.ts';
import type { Gathering } from './gathering.ts';
import { genreOf } from './genres.ts';
import { type Box, boxesIn, childOf, numberAt } from './mp4-boxes.ts';
import { readChapters } from './mp4-chapters.ts';
import { addNamed } from './named.ts';
import { claimsTooMuch } from './picture-block.ts';
import { sliceOf } from './tag-window.ts';

/** Version, flags. */
const FULL_HEAD_BYTES = 4;
/** Before a value: its kind, and a language. */
const DATA_HEAD_BYTES = 8;
const MOST_TEXT_BYTES = 4 * 1024 * 1024;
const MOST_NAME_BYTES = 1024;

const UTF16 = 2;
const JPEG = 13;
const PNG = 14;
const BMP = 27;
const NUMBERS: ReadonlySet<number> = new Set([21, 22]);
/** By the kinds of data. */
const MIMES: Readonly<Record<number, string>> = {
  [JPEG]: 'image/jpeg',
  [PNG]: 'image/png',
  [BMP]: 'image/bmp',
};

/** Whose values are numbers, whatever kind they say they are. */
const WHOLE: ReadonlySet<string> = new Set([
  ...['tmpo', 'cpil', 'pgap', 'pcst', 'rtng', 'stik', 'hdvd', 'shwm', '©mvi', '©mvc', 'tvsn', 'tves'],
]);
/** Numbers of Apple's own shop, and what a program is called. */
const TECHNICAL: ReadonlySet<string> = new Set([
  ...['©too', 'stik', 'hdvd', 'shwm', 'rtng', 'akID', 'atID', 'cnID', 'geID', 'plID', 'cmID', 'sfID', 'apID'],
  ...['purd', 'xid ', 'ownr', 'flvr', 'soal\0'],
]);
/** Words in front of QuickTime's keys. */
const PREFIX = /^com\.apple\.quicktime\./;

export function readMp4(window: Window, into: Gathering): void {
  const movie = childOf(window, { body: 0, end: window.source.size }, 'moov');
  if (movie === null) return;
  const user = [...boxesIn(window, movie)].filter(({ type }) => type === 'udta');
  for (const holder of [...user, movie]) {
    const meta = childOf(window, holder, 'meta');
    if (meta !== null) readMeta(window, meta, into);
  }
  for (const holder of user) for (const box of boxesIn(window, holder)) readOldText(window, box, into);
  readChapters(window, movie, user, into);
}

function readMeta(window: Window, meta: Box, into: Gathering): void {
  // In QuickTime it has no version.
  const full = window.text(meta.body + 4, 4) !== 'hdlr';
  const inner = { body: meta.body + (full ? FULL_HEAD_BYTES : 0), end: meta.end };
  const keys = childOf(window, inner, 'keys');
  const names = keys === null ? [] : namesOf(window, keys);
  const list = childOf(window, inner, 'ilst');
  if (list === null) return;
  for (const item of boxesIn(window, list)) {
    if (into.full) return;
    const key = names[Buffer.from(item.type, 'latin1').readUInt32BE() - 1];
    readItem(window, item, key, into);
  }
}

/** A count, and names, each in a box of its own. */
function namesOf(window: Window, keys: Box): string[] {
  const list = { body: keys.body + 2 * FULL_HEAD_BYTES, end: keys.end };
  return [...boxesIn(window, list)].map(({ body, end }) =>
    window
      .view(body, Math.min(end - body, MOST_NAME_BYTES))
      .toString()
      .replace(PREFIX, ''),
  );
}

function readItem(window: Window, item: Box, key: string | undefined, into: Gathering): void {
  let name = '';
  for (const box of boxesIn(window, item)) {
    if (box.type === 'name') {
      const at = box.body + FULL_HEAD_BYTES;
      name = window.view(at, Math.min(box.end - at, MOST_NAME_BYTES)).toString();
    } else if (box.type === 'data') readValue(window, { item, box, key, name }, into);
  }
}

interface Value {
  readonly item: Box;
  readonly box: Box;
  /** Of QuickTime's list, if there is one. */
  readonly key: string | undefined;
  /** Of iTunes' free names. */
  readonly name: string;
}

function readValue(window: Window, { item: { type }, box, key, name }: Value, into: Gathering): void {
  const kind = numberAt(window, box.body, 4) & 0xff_ffff;
  const at = box.body + DATA_HEAD_BYTES;
  const size = box.end - at;
  if (size < 0) return;
  if (type === 'covr' || kind === JPEG || kind === PNG) {
    const bytes = sliceOf(window.source, at, size);
    if (box.end > window.source.size) into.note(claimsTooMuch(size));
    else if (size > 0) into.addPicture({ type: 3, mime: MIMES[kind] ?? '', description: '', bytes });
    return;
  }
  if (TECHNICAL.has(type)) return;
  if (size > MOST_TEXT_BYTES) {
    into.note(`A tag was left out: it has over ${MOST_TEXT_BYTES} bytes.`);
    return;
  }
  const bytes = Buffer.alloc(size);
  const value = bytes.subarray(0, window.source.read(bytes, at));
  if (type === 'trkn' || type === 'disk') readParts(type, value, into);
  else if (type === 'gnre') {
    const genre = size >= 2 ? genreOf(value.readUInt16BE() - 1) : undefined;
    if (genre !== undefined) into.addField({ key: 'GENRE', value: genre });
    else into.note('A genre was left out: its number stands for none.');
  } else if (WHOLE.has(type) || NUMBERS.has(kind)) {
    if (size >= 1 && size <= 6) addNamed(into, named(type, key, name), String(value.readIntBE(0, size)));
  } else if (kind === 1 || kind === UTF16 || (kind === 0 && type !== '----')) {
    const text = kind === UTF16 ? swapped(value).toString('utf16le') : value.toString();
    addNamed(into, named(type, key, name), text);
  } else into.note(`${(key ?? name) || type} was left out: it is no text.`);
}

function named(type: string, key: string | undefined, name: string) {
  if (key !== undefined) return { family: 'ffmpeg', name: key, otherwise: key } as const;
  if (type === '----') return { family: 'mp4', name: `----:${name}`, otherwise: name } as const;
  return { family: 'mp4', name: type, otherwise: type } as const;
}

/** A number and its total, where they are not 0. */
function readParts(type: string, value: Buffer, into: Gathering): void {
  if (value.length < 6) return;
  const [number, total] = [value.readUInt16BE(2), value.readUInt16BE(4)];
  const text = `${number || ''}/${total || ''}`;
  if (text !== '/') addNamed(into, { family: 'mp4', name: type, otherwise: type }, text);
}

/** Of QuickTime before there were lists: a length, a language, and the text. */
function readOldText(window: Window, { type, body, end }: Box, into: Gathering): void {
  if (!type.startsWith('©') || TECHNICAL.has(type) || end - body < 4) return;
  const size = Math.min(numberAt(window, body, 2), end - body - 4, MOST_TEXT_BYTES);
  const bytes = Buffer.alloc(size);
  window.source.read(bytes, body + 4);
  const value = bytes.toString().replace(/\0.*$/s, '');
  if (value !== '') addNamed(into, { family: 'mp4', name: type, otherwise: type }, value);
}

function swapped(text: Buffer): Buffer {
  return Buffer.from(text.subarray(0, text.length - (text.length % 2))).swap16();
}
