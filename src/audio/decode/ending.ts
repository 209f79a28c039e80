/**
 * Whether a file ends where its format says it does. FFmpeg takes files that were cut off for shorter
 * ones and says nothing; Ogg and Matroska tell their end in a few bytes, which are read here.
 */
import type { Source } from '../sources/source.ts';
import type { Sound } from '../survey/sound.ts';

/** The last page of an Ogg begins in here: a page has 65,307 bytes at most. */
const OGG_TAIL_BYTES = 65_536;
const LAST_PAGE = 4;
/** The first element of Matroska has some 40 bytes; behind it the head of the second begins. */
const MATROSKA_HEAD_BYTES = 4096;
const EBML_ID_BYTES = 4;
const SEGMENT = 0x18538067;

/** True when a file of that format certainly lacks its end; false where nobody can tell. */
export function isCutOff(source: Source, demuxer: string | null | undefined, sound: Sound | null): boolean {
  const { end: size } = source;
  if (sound !== null) return sound.bytes !== null && sound.start + sound.bytes > size;
  if (source.lacksEnd !== undefined) return source.lacksEnd();
  if (demuxer?.startsWith('matroska')) {
    return isMatroskaCutOff(read(source, 0, Math.min(size, MATROSKA_HEAD_BYTES)), size);
  }
  if (demuxer !== 'ogg') return false;
  const start = Math.max(0, size - OGG_TAIL_BYTES);
  return isOggCutOff(read(source, start, size - start));
}

/** One element holds all that is behind the first; written into a pipe, it has an open length. */
function isMatroskaCutOff(head: Buffer, fileBytes: number): boolean {
  const first = lengthAt(head, EBML_ID_BYTES);
  if (first === null) return false;
  const segment = first.end + first.value;
  if (head.readUInt32BE(Math.min(segment, head.length - 4)) !== SEGMENT) return false;
  const all = lengthAt(head, segment + EBML_ID_BYTES);
  return all !== null && all.end + all.value > fileBytes;
}

/** As EBML writes it: the zeros before the first bit tell its bytes. `null` where it is open, or none. */
function lengthAt(head: Buffer, at: number): { value: number; end: number } | null {
  const bytes = at < head.length ? Math.clz32(head[at]) - 23 : 9;
  if (bytes > 8 || at + bytes > head.length) return null;
  const mark = 2 ** (8 - bytes);
  let value = head[at] - mark;
  let open = value === mark - 1;
  for (let i = 1; i < bytes; i++) {
    value = value * 256 + head[at + i];
    open &&= head[at + i] === 0xff;
  }
  return open ? null : { value, end: at + bytes };
}

/** Programs that cannot go back pad an odd number of bytes, as if a chunk came behind. */
export function endsInPadding({ start, bytes, form }: Sound, fileBytes: number): boolean {
  if (bytes !== null || form === null) return false;
  const rest = (fileBytes - start) % form.frameBytes;
  return rest === 1 && (fileBytes - start) % 2 === 0;
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
