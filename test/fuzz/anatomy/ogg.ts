/** Ogg: pages with granules, segments and checksums, and the headers of what is in them. */
import { crc } from './checksums.ts';
import { little, row, type Shape, shape, unknown } from './shape.ts';

const HEAD_BYTES = 27;
const CHECK_AT = 22;
const POLYNOMIAL = 0x04c11db7;

export function ogg(bytes: Buffer): Shape {
  const found = { ...shape(), seal };
  for (const { at, end } of pages(bytes)) {
    const segments = bytes[at + 26];
    const body = at + HEAD_BYTES + segments;
    found.pieces.push({ at, end });
    found.fields.push(...row('little', at + 4, 1, 1, 8, 4, 4, 4, 1));
    found.fields.push(...unknown('little', at + HEAD_BYTES, Math.min(body, at + HEAD_BYTES + 8), 1));
    found.fields.push(...headers(bytes, body, end));
  }
  return found;
}

function headers(bytes: Buffer, at: number, end: number) {
  const text = bytes.toString('latin1', at, Math.min(end, at + 8));
  if (text === 'OpusHead') return row('little', at + 8, 1, 1, 2, 4, 2, 1, 1, 1);
  if (text === 'OpusTags') return unknown('little', at + 8, Math.min(end, at + 72), 4);
  if (text.startsWith('\x01vorbis')) return row('little', at + 7, 4, 1, 4, 4, 4, 4, 1, 1);
  if (text.startsWith('\x03vorbis')) return unknown('little', at + 7, Math.min(end, at + 71), 4);
  if (text.startsWith('\x7fFLAC')) return unknown('big', at + 5, Math.min(end, at + 51), 2);
  if (text.startsWith('Speex')) return unknown('little', at + 28, Math.min(end, at + 80), 4);
  return [little(at, 1), little(at, 4)];
}

function* pages(bytes: Buffer): Generator<{ at: number; end: number }> {
  for (let at = bytes.indexOf('OggS'); at >= 0 && at + HEAD_BYTES <= bytes.length; ) {
    const segments = bytes[at + 26];
    let end = at + HEAD_BYTES + segments;
    for (let i = 0; i < segments; i++) end += bytes[at + HEAD_BYTES + i] ?? 0;
    if (end > bytes.length) return;
    yield { at, end };
    at = bytes.indexOf('OggS', end);
  }
}

function seal(bytes: Buffer): void {
  for (const { at, end } of pages(bytes)) {
    bytes.writeUInt32LE(0, at + CHECK_AT);
    bytes.writeUInt32LE(crc(bytes.subarray(at, end), POLYNOMIAL, 32), at + CHECK_AT);
  }
}
