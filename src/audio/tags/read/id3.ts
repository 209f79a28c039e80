/** ID3v2 tags of all versions, and ID3v1. */
import type { Source } from '../../sources/source.ts';
import type { Window } from '../../survey/window.ts';
import type { TagBytes } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { genreOf } from './genres.ts';
import { readFrames } from './id3-frames.ts';
import { framesIn, type Id3Version, resynchronisedTag, sevenBits } from './id3-walk.ts';
import { sliceOf } from './tag-window.ts';

const HEAD_BYTES = 10;
const FOOTER_BYTES = 10;
const UNSYNCHRONISED = 0x80;
const EXTENDED = 0x40;
const FOOTER = 0x10;
/** Each takes some us. */
const MOST_TAGS = 4096;

/** Reads the tags that lie at a position, one behind another. */
export function readId3(source: Source, at: number, into: Gathering): void {
  const head = Buffer.alloc(HEAD_BYTES);
  for (let start = at, count = 0; count < MOST_TAGS && !into.full; count++) {
    if (source.read(head, start) < HEAD_BYTES || head.toString('latin1', 0, 3) !== 'ID3') return;
    const [version, flags] = [head[3], head[5]];
    if (version < 2 || version > 4 || head.subarray(6).some((byte) => byte > 0x7f)) return;
    const size = sevenBits(head.readUInt32BE(6));
    const tag = { version: version as Id3Version, flags };
    const body = bodyOf(sliceOf(source, start + HEAD_BYTES, size), tag);
    if (body === null) into.note('Tags were left out: they are too large.');
    else readFrames(framesIn(body, tag.version, into), into);
    into.beginLesser();
    start += HEAD_BYTES + size + (version === 4 && (flags & FOOTER) !== 0 ? FOOTER_BYTES : 0);
  }
}

interface Tag {
  readonly version: Id3Version;
  readonly flags: number;
}

/** Where the frames are. Version 4 says of each one of them whether it is unsynchronised. */
function bodyOf(bytes: TagBytes, { version, flags }: Tag): TagBytes | null {
  const whole = version < 4 && (flags & UNSYNCHRONISED) !== 0 ? resynchronisedTag(bytes) : bytes;
  if (whole === null || version === 2 || (flags & EXTENDED) === 0) return whole;
  const length = Buffer.alloc(4);
  if (whole.read(length, 0) < length.length) return whole;
  // Of version 4 the length counts itself.
  const extension = version === 4 ? sevenBits(length.readUInt32BE()) : length.readUInt32BE() + length.length;
  return sliceOf(whole, extension, Math.max(0, whole.size - extension));
}

const ID3V1_BYTES = 128;
/** Their places, and what they are called. */
const ID3V1_FIELDS = [
  { key: 'TITLE', at: 3, end: 33 },
  { key: 'ARTIST', at: 33, end: 63 },
  { key: 'ALBUM', at: 63, end: 93 },
  { key: 'DATE', at: 93, end: 97 },
  { key: 'COMMENT', at: 97, end: 127 },
];
const TRACK_AT = 125;
const GENRE_AT = 127;

/** Reads the tag that ends at a position. @returns where it begins; the position, where there is none */
export function readId3v1(window: Window, end: number, into: Gathering): number {
  const tag = window.view(end - ID3V1_BYTES, ID3V1_BYTES);
  if (tag.length < ID3V1_BYTES || tag.toString('latin1', 0, 3) !== 'TAG') return end;
  const track = tag[TRACK_AT] === 0 ? tag[TRACK_AT + 1] : 0;
  for (const { key, at, end: behind } of ID3V1_FIELDS) {
    const value = tag
      .toString('latin1', at, key === 'COMMENT' && track > 0 ? TRACK_AT : behind)
      .replace(/\0.*$/s, '')
      .trimEnd();
    if (value !== '') into.addField({ key, value });
  }
  if (track > 0) into.addField({ key: 'TRACKNUMBER', value: String(track) });
  const genre = genreOf(tag[GENRE_AT]);
  if (genre !== undefined) into.addField({ key: 'GENRE', value: genre });
  return end - ID3V1_BYTES;
}
