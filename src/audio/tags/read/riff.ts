/** The tags of WAV and AIFF: chunks of text, broadcast data, and ID3. */
import { isUtf8 } from 'node:buffer';
import type { Chunk } from '../../survey/chunks.ts';
import { type InfoTag, infoTags } from '../../survey/riff-info.ts';
import type { Window } from '../../survey/window.ts';
import type { Gathering } from './gathering.ts';
import { readId3 } from './id3.ts';
import { readIxml } from './ixml.ts';
import { addNamed } from './named.ts';

const KIND_BYTES = 4;
const MOST_TEXT_BYTES = 1024 * 1024;

/** ID3 says most, so it counts before the others. */
export function readWav(window: Window, chunks: readonly Chunk[], into: Gathering): void {
  for (const { id, body } of chunks) if (/^id3 $/i.test(id)) readId3(window.source, body, into);
  into.beginLesser();
  for (const { id, body, bytes } of chunks) {
    if (/^list$/i.test(id) && window.text(body, KIND_BYTES) === 'INFO') {
      for (const tag of infoTags(window, body + KIND_BYTES, body + bytes)) readInfo(window, tag, into);
    }
    if (id === 'bext') readBroadcast(window, body, bytes, into);
  }
  // Two kinds of lists may be in a file, and this one says the least of music.
  into.beginLesser();
  for (const { id, body, bytes } of chunks) if (id === 'iXML') readIxml(window, body, bytes, into);
}

/** Two names mean the same. */
const ALSO: Readonly<Record<string, string>> = { IPRT: 'ITRK' };
const TECHNICAL: ReadonlySet<string> = new Set(['ISFT', 'ISMP']);

function readInfo(window: Window, { name, body, bytes }: InfoTag, into: Gathering): void {
  if (!/^[ -~]{4}$/.test(name) || TECHNICAL.has(name) || into.full) return;
  const value = textAt(window, body, bytes);
  const known = ALSO[name] ?? name;
  if (value !== '') addNamed(into, { family: 'riff', name: known, otherwise: name.trim() }, value);
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
    if (value !== '') into.addField({ key, value, chunk: 'bext' });
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

export function readAiff(window: Window, chunks: readonly Chunk[], into: Gathering): void {
  for (const { id, body } of chunks) if (id === 'ID3 ') readId3(window.source, body, into);
  into.beginLesser();
  for (const { id, body, bytes } of chunks) {
    const key = AIFF_TEXTS[id];
    const value = key === undefined ? '' : textAt(window, body, bytes);
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
