/**
 * ID3v2 tags, which are put before a file of any format, one behind another, and into chunks of some. Walked
 * as FFmpeg walks them, whatever they claim.
 */
import type { Window } from './window.ts';

const HEAD_BYTES = 10;
const FOOTER_BYTES = 10;
const FOOTER = 0x10;

interface Id3Tag {
  /** Position of what follows it. */
  readonly end: number;
}

/** @returns where a file begins that may have ID3v2 tags before it, by what they claim */
export function behindId3(window: Window, at: number): number {
  let start = at;
  for (let tag = tagAt(window, start); tag !== null; tag = tagAt(window, start)) start = tag.end;
  return start;
}

function tagAt(window: Window, at: number): Id3Tag | null {
  const head = window.view(at, HEAD_BYTES);
  if (head.length < HEAD_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return null;
  const [version, revision, flags] = [head[3], head[4], head[5]];
  if (version === 0xff || revision === 0xff || head.subarray(6).some((byte) => byte > 0x7f)) return null;
  const body = at + HEAD_BYTES;
  const bodyEnd = body + sevenBits(head.readUInt32BE(6));
  const end = bodyEnd + (version === 4 && (flags & FOOTER) !== 0 ? FOOTER_BYTES : 0);
  return { end };
}

/** A length as ID3 writes it, with seven bits in each byte. */
function sevenBits(bits: number): number {
  const [a, b, c, d] = [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0x7f);
  return (a << 21) | (b << 14) | (c << 7) | d;
}
