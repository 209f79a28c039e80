/**
 * Whether a file ends where its format says it does. FFmpeg takes WAV and Ogg that were cut off for shorter
 * ones and says nothing; both tell their end in a few bytes, which are read here.
 */
import type { Source } from '../sources/source.ts';

/** Chunks before the samples of a WAV are few and small. */
const WAV_HEAD_BYTES = 4096;
/** The last page of an Ogg begins in here: a page has 65,307 bytes at most. */
const OGG_TAIL_BYTES = 65_536;
const LAST_PAGE = 4;

/** True when a file of that format certainly lacks its end; false where nobody can tell. */
export function isCutOff(source: Source, demuxer: string | undefined): boolean {
  const { size } = source;
  if (demuxer === 'wav') return isWavCutOff(read(source, 0, Math.min(size, WAV_HEAD_BYTES)), size);
  if (demuxer !== 'ogg') return false;
  const start = Math.max(0, size - OGG_TAIL_BYTES);
  return isOggCutOff(read(source, start, size - start));
}

/** Programs that write to a pipe know no size and leave 0 or the largest there is; RF64 has it before. */
function isWavCutOff(head: Buffer, fileBytes: number): boolean {
  const large = head.toString('latin1', 12, 16) === 'ds64' && head.length >= 36;
  for (let at = 12; at + 8 <= head.length; ) {
    const bytes = head.readUInt32LE(at + 4);
    const isData = head.toString('latin1', at, at + 4) === 'data';
    if (isData && large) return at + 8 + Number(head.readBigUInt64LE(28)) > fileBytes;
    if (isData) return bytes < 0xffff_0000 && at + 8 + bytes > fileBytes;
    at += 8 + bytes + (bytes % 2);
  }
  return false;
}

function isOggCutOff(tail: Buffer): boolean {
  const page = tail.lastIndexOf('OggS');
  if (page < 0 || page + 27 > tail.length) return true;
  const segments = tail[page + 26];
  if (page + 27 + segments > tail.length) return true;
  let end = page + 27 + segments;
  for (let segment = 0; segment < segments; segment++) end += tail[page + 27 + segment];
  return end > tail.length || (tail[page + 5] & LAST_PAGE) === 0;
}

function read(source: Source, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, source.read(bytes, position));
}
