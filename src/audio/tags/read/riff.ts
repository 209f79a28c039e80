/** The tags of WAV and AIFF: chunks of text, broadcast data, and ID3. */
import { isUtf8 } from 'node:buffer';
import { isStream } from '../../sources/source.ts';
import type { Window } from '../../survey/window.ts';
import type { Gathering } from './gathering.ts';
import { readId3 } from './id3.ts';
import { addNamed } from './named.ts';

const FIRST_AT = 12;
const HEAD_BYTES = 8;
const KIND_BYTES = 4;
/** In one file, and in one list. */
const MOST_CHUNKS = 10_000;
const MOST_TEXT_BYTES = 1024 * 1024;
const OPEN = 0xffff_ffff;
/** Where the sizes are that 32 bits would not hold. */
const LARGE_SOUND_BYTES_AT = 8;

interface Chunk {
  readonly id: string;
  readonly body: number;
  readonly size: number;
}

/** Where what is cut off begins it ends. */
function* chunksIn(window: Window, from: number, end: number, bigEndian: boolean): Generator<Chunk> {
  let soundBytes = 0;
  for (let at = from, count = 0; at + HEAD_BYTES <= end && count < MOST_CHUNKS; count++) {
    const head = window.view(at, HEAD_BYTES);
    if (head.length < HEAD_BYTES) return;
    const id = head.toString('latin1', 0, 4);
    const body = at + HEAD_BYTES;
    let size = bigEndian ? head.readUInt32BE(4) : head.readUInt32LE(4);
    if (id === 'ds64') {
      const sizes = window.view(body + LARGE_SOUND_BYTES_AT, 8);
      soundBytes = sizes.length === 8 ? Number(sizes.readBigUInt64LE()) : 0;
    }
    if (id === 'data' || id === 'SSND') {
      if (isStream(window.source)) return;
      if (size === OPEN) size = soundBytes;
    }
    if (body + size > end || (size === 0 && id === 'data')) return;
    yield { id, body, size };
    at = body + size + (size % 2);
  }
}

/** ID3 says most, so it counts before the others. */
export function readWav(window: Window, into: Gathering): void {
  const chunks = [...chunksIn(window, FIRST_AT, window.source.size, window.text(0, 4) === 'RIFX')];
  for (const { id, body } of chunks) if (/^id3 $/i.test(id)) readId3(window.source, body, into);
  into.beginLesser();
  for (const { id, body, size } of chunks) {
    if (/^list$/i.test(id) && window.text(body, KIND_BYTES) === 'INFO') {
      for (const entry of chunksIn(window, body + KIND_BYTES, body + size, false))
        readInfo(window, entry, into);
    }
    if (id === 'bext') readBroadcast(window, body, size, into);
  }
}

/** Two names mean the same. */
const ALSO: Readonly<Record<string, string>> = { IPRT: 'ITRK' };
const TECHNICAL: ReadonlySet<string> = new Set(['ISFT', 'ISMP']);

function readInfo(window: Window, { id, body, size }: Chunk, into: Gathering): void {
  if (!/^[A-Za-z][ -~]{3}$/.test(id) || TECHNICAL.has(id)) return;
  const value = textAt(window, body, size);
  const name = ALSO[id] ?? id;
  if (value !== '') addNamed(into, { family: 'riff', name, otherwise: id.trim() }, value);
}

/** EBU Tech 3285, by the names that FFmpeg gives its parts. */
const BROADCAST = [
  { key: 'DESCRIPTION', at: 0, bytes: 256 },
  { key: 'ORIGINATOR', at: 256, bytes: 32 },
  { key: 'ORIGINATOR_REFERENCE', at: 288, bytes: 32 },
  { key: 'ORIGINATION_DATE', at: 320, bytes: 10 },
  { key: 'ORIGINATION_TIME', at: 330, bytes: 8 },
] as const;
const TIME_AT = 338;
const VERSION_AT = 346;
const UMID_AT = 348;
const UMID_BYTES = 64;
const HISTORY_AT = 602;

function readBroadcast(window: Window, body: number, size: number, into: Gathering): void {
  if (size < HISTORY_AT) return;
  const add = (key: string, value: string) => {
    if (value !== '') into.addField({ key, value });
  };
  for (const { key, at, bytes } of BROADCAST) add(key, textAt(window, body + at, bytes));
  add('TIME_REFERENCE', String(window.view(body + TIME_AT, 8).readBigUInt64LE()));
  const umid = window.view(body + UMID_AT, UMID_BYTES);
  const hasUmid = umid.some((byte) => byte !== 0);
  const hex = umid.toString('hex').toUpperCase();
  if (window.view(body + VERSION_AT, 2).readUInt16LE() >= 1 && hasUmid) add('UMID', `0x${hex}`);
  add('CODING_HISTORY', textAt(window, body + HISTORY_AT, size - HISTORY_AT));
}

const AIFF_TEXTS: Readonly<Record<string, string>> = {
  NAME: 'TITLE',
  AUTH: 'ARTIST',
  '(c) ': 'COPYRIGHT',
  ANNO: 'COMMENT',
};

export function readAiff(window: Window, into: Gathering): void {
  const chunks = [...chunksIn(window, FIRST_AT, window.source.size, true)];
  for (const { id, body } of chunks) if (id === 'ID3 ') readId3(window.source, body, into);
  into.beginLesser();
  for (const { id, body, size } of chunks) {
    const key = AIFF_TEXTS[id];
    const value = key === undefined ? '' : textAt(window, body, size);
    if (value !== '') into.addField({ key, value });
  }
}

/** Up to its zero. Programs of old wrote the letters of their country. */
function textAt(window: Window, at: number, size: number): string {
  const bytes = Buffer.alloc(Math.min(size, MOST_TEXT_BYTES));
  const there = bytes.subarray(0, window.source.read(bytes, at));
  const zero = there.indexOf(0);
  const text = zero < 0 ? there : there.subarray(0, zero);
  return text.toString(isUtf8(text) ? 'utf8' : 'latin1');
}
