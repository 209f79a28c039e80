/**
 * Audio files of which no two are the same bytes: what a service has made already it need not make again.
 * Nearly all bytes are shared with the file that they are made from.
 */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';

/** The pieces of the audio file of this number, one behind the other. */
export type Body = (number: number) => readonly Buffer[];

const WORD_BYTES = 8;
const PAGE_HEAD_BYTES = 27;
const CHECKSUM_AT = 22;
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index << 24;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  return remainder >>> 0;
});

/** @param seconds only the first of them, of an Ogg file; all without */
export function loadBody(file: string, seconds?: number): Body {
  const bytes = readFileSync(file);
  const form = bytes.toString('latin1', 0, 4);
  assert.ok(form === 'RIFF' || form === 'OggS', `${file} is neither WAV nor Ogg`);
  return form === 'RIFF' ? wavBody(bytes) : oggBody(seconds === undefined ? bytes : oggHead(bytes, seconds));
}

/** The number is in the first samples: a click that costs no codec anything. */
function wavBody(bytes: Buffer): Body {
  const at = bytes.indexOf('data', 12, 'latin1') + 8;
  const head = bytes.subarray(0, at);
  const tail = bytes.subarray(at + WORD_BYTES / 2);
  return (number) => {
    const word = Buffer.alloc(WORD_BYTES / 2);
    word.writeUInt32LE(number);
    return [Buffer.concat([head, word, tail])];
  };
}

/** The number is in the name of the encoder, which is in the second page. */
function oggBody(bytes: Buffer): Body {
  const start = pageEnd(bytes, 0);
  const end = pageEnd(bytes, start);
  const head = bytes.subarray(0, start);
  const tail = bytes.subarray(end);
  // Behind the segments: a type, `vorbis`, and the length of the name.
  const nameAt = PAGE_HEAD_BYTES + bytes[start + PAGE_HEAD_BYTES - 1] + 11;
  assert.equal(bytes.toString('latin1', start + nameAt - 10, start + nameAt - 4), 'vorbis');
  assert.ok(bytes.readUInt32LE(start + nameAt - 4) >= WORD_BYTES);
  return (number) => {
    const page = Buffer.from(bytes.subarray(start, end));
    page.write(number.toString(16).padStart(WORD_BYTES, '0'), nameAt, 'latin1');
    page.writeUInt32LE(0, CHECKSUM_AT);
    page.writeUInt32LE(checksum(page), CHECKSUM_AT);
    return [head, page, tail];
  };
}

function oggHead(bytes: Buffer, seconds: number): Buffer {
  const most = BigInt(seconds * bytes.readUInt32LE(40));
  let end = 0;
  while (end < bytes.length && bytes.readBigInt64LE(end + 6) <= most) end = pageEnd(bytes, end);
  return bytes.subarray(0, end);
}

function pageEnd(bytes: Buffer, start: number): number {
  const segments = bytes[start + PAGE_HEAD_BYTES - 1];
  let end = start + PAGE_HEAD_BYTES + segments;
  for (let at = 0; at < segments; at++) end += bytes[start + PAGE_HEAD_BYTES + at];
  return end;
}

function checksum(page: Buffer): number {
  let sum = 0;
  for (const byte of page) sum = ((sum << 8) ^ TABLE[((sum >>> 24) ^ byte) & 0xff]) >>> 0;
  return sum;
}
