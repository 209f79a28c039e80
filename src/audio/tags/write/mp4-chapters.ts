/**
 * Chapters of MP4, in both ways that players look for: Nero's list in `udta`, and QuickTime's track of text,
 * which the track of the sound refers to. Pure.
 */
import type { TagBytes, TagChapter } from '../model.ts';
import { big16, big32, big64 } from './bytes.ts';
import { box, fullBox } from './mp4-box.ts';
import { joined } from './pieces.ts';

/** Nero's list: its version 1, its count and lengths in a byte each. */
const NERO_VERSION = 0x100_0000;
const MOST_LISTED = 255;
const MOST_TITLE_BYTES = 255;
/** 100 ns. */
const TICKS_A_MS = 10_000;

/** Units of time a second. */
const TIMESCALE = 1000;
const UNDETERMINED = 0x55c4;
const IN_MOVIE = 2;
const SECOND_VERSION = 0x100_0000;
const SELF_CONTAINED = 1;
const UNITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000].map(big32);
/** Says of a text that it is in UTF-8. */
const ENCODING = box('encd', big32(0x100));
const MOST_TEXT_BYTES = 0xffff;

export function neroChapters(chapters: readonly TagChapter[]): TagBytes {
  const listed = chapters.slice(0, MOST_LISTED);
  const entries = listed.map(({ startMs, title }) => {
    const text = cut(title, MOST_TITLE_BYTES);
    return Buffer.concat([big64(Math.round(startMs * TICKS_A_MS)), Buffer.from([text.length]), text]);
  });
  return fullBox('chpl', NERO_VERSION, big32(0), Buffer.from([listed.length]), ...entries);
}

/** What the track's samples are. */
export function chapterTexts(chapters: readonly TagChapter[]): TagBytes[] {
  return chapters.map(({ title }) => {
    const text = cut(title, MOST_TEXT_BYTES);
    return joined([big16(text.length), text, ENCODING]);
  });
}

/** A note, where a title is longer than a text may be. */
export function titlesCut(chapters: readonly TagChapter[]): string[] {
  const long = chapters.some(({ title }) => Buffer.byteLength(title) > MOST_TEXT_BYTES);
  return long ? [`Titles of chapters were cut off: m4a holds ${MOST_TEXT_BYTES} bytes of each.`] : [];
}

interface ChapterTrack {
  readonly id: number;
  readonly chapters: readonly TagChapter[];
  readonly texts: readonly TagBytes[];
  /** Where the first of the texts lies; the others are behind it. */
  readonly at: number;
  /** Of the sound. */
  readonly durationMs: number;
  /** Units of time a second, of the whole. */
  readonly movieTimescale: number;
}

/** A track of text. Each chapter lasts until the next one begins. */
export function chapterTrack({
  id,
  chapters,
  texts,
  at,
  durationMs,
  movieTimescale,
}: ChapterTrack): TagBytes {
  const starts = chapters.map(({ startMs }) => Math.round(startMs));
  const end = Math.max(Math.round(durationMs), starts.at(-1)!);
  const lengths = starts.map((start, i) => (starts[i + 1] ?? end) - start);
  const [before] = starts;
  const length = end - before;
  const inMovie = (ms: number): number => Math.round((ms * movieTimescale) / TIMESCALE);
  // Before the first chapter there is nothing.
  const edits = [{ length: inMovie(length), from: 0 }];
  if (before > 0) edits.unshift({ length: inMovie(before), from: -1 });
  // What lasts for longer than 32 bits hold has a second version of both boxes, with times of 64.
  const long = inMovie(end) > 0xffff_ffff;
  const version = long ? SECOND_VERSION : 0;
  const time = long ? big64 : big32;
  const editList = edits.map((edit) => {
    const from = edit.from < 0 ? Buffer.alloc(long ? 8 : 4, 0xff) : time(edit.from);
    return Buffer.concat([time(edit.length), from, big32(0x1_0000)]);
  });
  const header = fullBox(
    'tkhd',
    version | IN_MOVIE,
    ...[0, 0].map(time),
    ...[id, 0].map(big32),
    time(inMovie(end)),
    ...[0, 0, 0, 0].map(big32),
    ...UNITY,
    ...[0, 0].map(big32),
  );
  const media = box(
    'mdia',
    fullBox('mdhd', 0, ...[0, 0, TIMESCALE, length].map(big32), big16(UNDETERMINED), big16(0)),
    fullBox('hdlr', 0, big32(0), Buffer.from('text'), Buffer.alloc(13)),
    box('minf', textHeader(), dataInformation(), sampleTable(texts, lengths, at)),
  );
  return box('trak', header, box('edts', fullBox('elst', version, big32(edits.length), ...editList)), media);
}

function textHeader(): TagBytes {
  const graphics = [0x40, 0x8000, 0x8000, 0x8000, 0, 0].map(big16);
  const matrix = [1, 0, 0, 0, 1, 0, 0, 0, 0x4000].map((value, at) =>
    at === 0 ? big16(value) : big32(value),
  );
  return box('gmhd', fullBox('gmin', 0, ...graphics), box('text', ...matrix, big16(0)));
}

function dataInformation(): TagBytes {
  return box('dinf', fullBox('dref', 0, big32(1), fullBox('url ', SELF_CONTAINED)));
}

/** All texts are one chunk. */
function sampleTable(texts: readonly TagBytes[], lengths: readonly number[], at: number): TagBytes {
  const count = texts.length;
  // Flags, justification, colours, a box, a font without a name: players show none of it.
  const description = box('text', Buffer.alloc(6), big16(1), big32(1), Buffer.alloc(40));
  const place =
    at > 0xffff_ffff ? fullBox('co64', 0, big32(1), big64(at)) : fullBox('stco', 0, big32(1), big32(at));
  return box(
    'stbl',
    fullBox('stsd', 0, big32(1), description),
    fullBox('stts', 0, big32(count), ...lengths.flatMap((length) => [big32(1), big32(length)])),
    fullBox('stsc', 0, ...[1, 1, count, 1].map(big32)),
    fullBox('stsz', 0, big32(0), big32(count), ...texts.map(({ size }) => big32(size))),
    place,
  );
}

/** In UTF-8, no character cut in two. */
function cut(text: string, mostBytes: number): Buffer {
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, mostBytes);
  while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
