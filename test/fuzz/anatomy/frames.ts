/** Rows of frames and packets, each with a head of its own: FLAC, MPEG audio, AC-3, transport streams. */

import { crc32 } from 'node:zlib';
import { crc } from './checksums.ts';
import { big, type Field, little, read, row, type Shape, shape, unknown } from './shape.ts';

const MOST_FRAMES = 1000;

/** Pieces that begin with these bytes. */
function marked(bytes: Buffer, isBegin: (at: number) => boolean, head: (at: number) => Field[]): Shape {
  const found = shape();
  let begun = -1;
  for (let at = 0; at + 4 <= bytes.length && found.pieces.length < MOST_FRAMES; at++) {
    if (!isBegin(at)) continue;
    if (begun >= 0) found.pieces.push({ at: begun, end: at });
    found.fields.push(...head(at));
    begun = at;
  }
  if (begun >= 0) found.pieces.push({ at: begun, end: bytes.length });
  return found;
}

const XING = ['Xing', 'Info', 'VBRI'];

/** Frames of MP3, MP2 and ADTS begin with eleven or twelve bits that are set. */
export function mpegAudio(bytes: Buffer): Shape {
  const found = marked(
    bytes,
    (at) => bytes[at] === 0xff && (bytes[at + 1] & 0xe0) === 0xe0,
    (at) => [...row('big', at + 1, 1, 1, 1), big(at + 4, 2), big(at + 3, 3)],
  );
  for (const name of XING) {
    const at = bytes.indexOf(name);
    if (at < 0) continue;
    // Flags, frames, bytes, table of contents, quality; behind it LAME's delay and padding.
    found.fields.push(
      ...row('big', at + 4, 4, 4, 4),
      ...unknown('big', at + 116, at + 156, 4),
      big(at + 141, 3),
    );
  }
  return found;
}

export function ac3(bytes: Buffer): Shape {
  const isBegin = (at: number) => bytes[at] === 0x0b && bytes[at + 1] === 0x77;
  return marked(bytes, isBegin, (at) => row('big', at + 2, 2, 1, 1, 1, 1));
}

const TS_BYTES = 188;

export function transportStream(bytes: Buffer): Shape {
  const isBegin = (at: number) => bytes[at] === 0x47 && at % TS_BYTES === 0;
  return marked(bytes, isBegin, (at) => [...row('big', at + 1, 2, 1, 1, 1, 1, 2, 2, 2, 2), big(at + 17, 4)]);
}

/** Packets of MPEG's program streams begin with a start code. */
export function programStream(bytes: Buffer): Shape {
  const isBegin = (at: number) => bytes.readUIntBE(at, 3) === 1;
  return marked(bytes, isBegin, (at) => [
    ...row('big', at + 3, 1, 2, 1, 1, 1),
    ...unknown('big', at + 9, at + 19, 2),
  ]);
}

export function wavPack(bytes: Buffer): Shape {
  const isBegin = (at: number) => bytes.toString('latin1', at, at + 4) === 'wvpk';
  const head = (at: number) => [...row('little', at + 4, 4, 2, 1, 1, 4, 4, 4, 4, 4, 1, 1)];
  return marked(bytes, isBegin, head);
}

export function trueAudio(bytes: Buffer): Shape {
  const found = { ...shape(), seal: sealTta };
  found.fields.push(...row('little', 4, 2, 2, 2, 4, 4, 4), ...unknown('little', 22, 54, 4));
  found.pieces.push({ at: 0, end: 22 }, { at: 22, end: bytes.length });
  return found;
}

function sealTta(bytes: Buffer): void {
  if (bytes.length >= 22) bytes.writeUInt32LE(crc32(bytes.subarray(0, 18)), 18);
}

/** Whatever begins with a header of numbers. */
export function headed(bytes: Buffer, order: 'little' | 'big'): Shape {
  const end = Math.min(bytes.length, 96);
  return {
    fields: [...unknown(order, 4, end, 4), ...unknown(order, 4, end, 2), ...unknown(order, 4, end, 1)],
    pieces: [
      { at: 0, end },
      { at: end, end: bytes.length },
    ],
  };
}

/** Behind `fLaC` blocks of metadata, then frames with two checksums each. */
export function flac(bytes: Buffer): Shape {
  const found = { ...shape(), seal: sealFlac };
  const sound = metadata(bytes, found);
  found.fields.push(...row('big', 8, 2, 2, 3, 3, 4, 4, 8));
  const frames = flacFrames(bytes, sound);
  for (const { at, end, headEnd } of frames) {
    found.pieces.push({ at, end });
    found.fields.push(
      ...row('big', at, 2, 1, 1, 1),
      ...unknown('big', at + 4, headEnd, 1),
      big(headEnd + 1, 2),
    );
  }
  return found;
}

/** @returns where the frames begin */
function metadata(bytes: Buffer, found: Shape): number {
  for (let at = 4; at + 4 <= bytes.length && found.pieces.length < MOST_FRAMES; ) {
    const length = big(at + 1, 3);
    const next = Math.min(bytes.length, at + 4 + Number(read(bytes, length)));
    found.fields.push(big(at, 1), length);
    found.pieces.push({ at, end: next, length });
    if ((bytes[at] & 0x7f) === 4) found.fields.push(...unknown('little', at + 4, Math.min(next, at + 68), 4));
    if (bytes[at] & 0x80) return next;
    at = next;
  }
  return bytes.length;
}

interface FlacFrame {
  readonly at: number;
  readonly headEnd: number;
  end: number;
}

/** What looks like a head; it may be sound, too. */
function flacFrames(bytes: Buffer, from: number): FlacFrame[] {
  const frames: FlacFrame[] = [];
  for (let at = from; at + 8 <= bytes.length && frames.length < MOST_FRAMES; at++) {
    if (bytes[at] !== 0xff || (bytes[at + 1] & 0xfe) !== 0xf8 || bytes[at + 3] & 1) continue;
    const size = bytes[at + 2] >> 4;
    const rate = bytes[at + 2] & 15;
    const numberBytes = Math.max(1, Math.clz32(~(bytes[at + 4] << 24)));
    const more =
      (size === 6 ? 1 : size === 7 ? 2 : 0) + (rate === 12 ? 1 : rate === 13 || rate === 14 ? 2 : 0);
    const headEnd = at + 4 + numberBytes + more;
    const last = frames.at(-1);
    if (last !== undefined && at - last.at < 10) continue;
    if (last !== undefined) last.end = at;
    frames.push({ at, headEnd, end: bytes.length });
  }
  return frames;
}

function sealFlac(bytes: Buffer): void {
  for (const { at, headEnd, end } of flacFrames(bytes, metadata(bytes, shape()))) {
    if (headEnd + 3 > end) continue;
    bytes[headEnd] = crc(bytes.subarray(at, headEnd), 0x07, 8);
    bytes.writeUInt16BE(crc(bytes.subarray(at, end - 2), 0x8005, 16), end - 2);
  }
}

/** ID3v2 in front, and APEv2 behind. */
export function tags(bytes: Buffer): Shape {
  const found = shape();
  if (bytes.toString('latin1', 0, 3) === 'ID3') {
    const length: Field = { at: 6, bytes: 4, order: 'seven bits' };
    const end = Math.min(bytes.length, 10 + Number(read(bytes, length)));
    found.fields.push(...row('big', 3, 1, 1, 1), length);
    found.pieces.push({ at: 0, end, length });
    for (let at = 10; at + 10 < end && bytes[at] >= 0x30 && found.pieces.length < MOST_FRAMES; ) {
      const frame = big(at + 4, 4);
      const next = Math.min(end, at + 10 + Number(read(bytes, frame)));
      found.fields.push(frame, big(at + 8, 2), big(at + 10, 1));
      found.pieces.push({ at, end: next, length: frame });
      at = next;
    }
  }
  for (let at = bytes.indexOf('APETAGEX'); at >= 0; at = bytes.indexOf('APETAGEX', at + 1)) {
    found.fields.push(...row('little', at + 8, 4, 4, 4, 4), little(at + 32, 4));
  }
  return found;
}
