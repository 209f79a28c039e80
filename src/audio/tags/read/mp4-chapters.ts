/** Chapters of MP4: a list as Nero has it, and a track of texts as QuickTime has it. */
import type { Window } from '../../survey/window.ts';
import type { TagChapter } from '../model.ts';
import type { Gathering } from './gathering.ts';
import { type Box, boxesIn, childOf, numberAt, type Stretch } from './mp4-boxes.ts';

/** Nero's unit is 100 ns. */
const UNITS_A_MS = 10_000;
const MOST_CHAPTERS = 4096;
const MOST_TITLE_BYTES = 4096;
const LONG = 8;

/**
 * Both say the same, where both are there: a list has the exact times and is cut off at 255 of them, a track
 * begins at 0 and has whole titles.
 * @param user boxes of what users keep, in which lists are
 */
export function readChapters(window: Window, movie: Box, user: readonly Box[], into: Gathering): void {
  const track = trackChapters(window, movie, into);
  const list = user.flatMap((box) => listChapters(window, childOf(window, box, 'chpl')));
  const chapters = track.length === 0 ? list : track;
  for (const [i, chapter] of chapters.entries()) {
    const startMs = list.length === chapters.length ? list[i].startMs : chapter.startMs;
    into.addChapter({ ...chapter, startMs });
  }
}

function listChapters(window: Window, box: Box | null): TagChapter[] {
  if (box === null) return [];
  const { body, end } = box;
  const found: TagChapter[] = [];
  const version = numberAt(window, body, 1);
  let at = body + 4 + (version === 0 ? 0 : 4);
  const count = numberAt(window, at, 1);
  at += 1;
  for (let i = 0; i < count && at + LONG < end; i++) {
    const startMs = longAt(window, at) / UNITS_A_MS;
    const length = numberAt(window, at + LONG, 1);
    at += LONG + 1;
    found.push({ startMs, endMs: null, title: window.view(at, length).toString() });
    at += length;
  }
  return found;
}

function trackChapters(window: Window, movie: Box, into: Gathering): TagChapter[] {
  const tracks = [...boxesIn(window, movie)].filter(({ type }) => type === 'trak');
  const wanted = new Set(tracks.flatMap((track) => referredBy(window, track)));
  const track = tracks.find((each) => wanted.has(trackId(window, each)) && isText(window, each));
  const media = track && childOf(window, track, 'mdia');
  const header = media && childOf(window, media, 'mdhd');
  const table = media && inside(window, media, 'minf', 'stbl');
  if (!header || !table) return [];
  const unitsASecond = timescaleAt(window, header);
  const delayMs = delayOf(window, movie, track);
  const toMs = (units: number) => delayMs + (units * 1000) / unitsASecond;
  const durations = durationsIn(window, table);
  const positions = positionsIn(window, table);
  let units = 0;
  if (positions.length === MOST_CHAPTERS)
    into.note(`Chapters behind the first ${MOST_CHAPTERS} were left out.`);
  return positions.map((sample, i) => {
    const startMs = toMs(units);
    const duration = durations[i] ?? 0;
    units += duration;
    return { startMs, endMs: duration > 0 ? toMs(units) : null, title: titleAt(window, sample, into) };
  });
}

/** Of a header of times. */
function timescaleAt(window: Window, header: Box): number {
  const version = numberAt(window, header.body, 1);
  return numberAt(window, header.body + (version === 1 ? 20 : 12), 4) || 1000;
}

/** A track may begin with a stretch in which it has nothing, in the movie's units. */
function delayOf(window: Window, movie: Box, track: Box): number {
  const edits = inside(window, track, 'edts', 'elst');
  const header = childOf(window, movie, 'mvhd');
  if (edits === null || header === null) return 0;
  const long = numberAt(window, edits.body, 1) === 1;
  const first = edits.body + 8;
  const nothing = window.view(first + (long ? 8 : 4), 4);
  if (numberAt(window, edits.body + 4, 4) === 0 || nothing.length < 4 || nothing.readInt32BE() !== -1)
    return 0;
  const units = long ? longAt(window, first) : numberAt(window, first, 4);
  return (units * 1000) / timescaleAt(window, header);
}

function inside(window: Window, within: Stretch, ...types: readonly string[]): Box | null {
  let found: Stretch | null = within;
  for (const type of types) found = found && childOf(window, found, type);
  return found as Box | null;
}

/** The tracks that have the chapters of another. */
function referredBy(window: Window, track: Box): number[] {
  const list = inside(window, track, 'tref', 'chap');
  if (list === null) return [];
  const count = Math.min(MOST_CHAPTERS, Math.floor((list.end - list.body) / 4));
  return Array.from({ length: count }, (_, i) => numberAt(window, list.body + i * 4, 4));
}

function trackId(window: Window, track: Box): number {
  const header = childOf(window, track, 'tkhd');
  if (header === null) return 0;
  return numberAt(window, header.body + (numberAt(window, header.body, 1) === 1 ? 20 : 12), 4);
}

function isText(window: Window, track: Box): boolean {
  const handler = inside(window, track, 'mdia', 'hdlr');
  return handler !== null && ['text', 'sbtl'].includes(window.text(handler.body + 8, 4));
}

/** Of each sample, in units. */
function durationsIn(window: Window, table: Box): number[] {
  const box = childOf(window, table, 'stts');
  const durations: number[] = [];
  if (box === null) return durations;
  const runs = numberAt(window, box.body + 4, 4);
  for (let i = 0, at = box.body + 8; i < runs && at + 8 <= box.end; i++, at += 8) {
    const count = Math.min(numberAt(window, at, 4), MOST_CHAPTERS - durations.length);
    for (let j = 0; j < count; j++) durations.push(numberAt(window, at + 4, 4));
    if (durations.length === MOST_CHAPTERS) break;
  }
  return durations;
}

interface Sample {
  readonly at: number;
  readonly size: number;
}

/** Where samples lie, by the tables of their sizes, of chunks, and of how many are in each of these. */
function positionsIn(window: Window, table: Box): Sample[] {
  const sizes = childOf(window, table, 'stsz');
  const runs = childOf(window, table, 'stsc');
  const chunks = childOf(window, table, 'stco') ?? childOf(window, table, 'co64');
  const found: Sample[] = [];
  if (sizes === null || runs === null || chunks === null) return found;
  const bytes = chunks.type === 'stco' ? 4 : LONG;
  const alike = numberAt(window, sizes.body + 4, 4);
  const count = Math.min(MOST_CHAPTERS, numberAt(window, sizes.body + 8, 4));
  const runCount = Math.min(numberAt(window, runs.body + 4, 4), Math.floor((runs.end - runs.body - 8) / 12));
  const chunkCount = Math.min(
    numberAt(window, chunks.body + 4, 4),
    Math.floor((chunks.end - chunks.body - 8) / bytes),
  );
  for (let chunk = 0, run = 0; chunk < chunkCount && found.length < count; chunk++) {
    const nextRun = runs.body + 8 + (run + 1) * 12;
    if (run + 1 < runCount && numberAt(window, nextRun, 4) === chunk + 1) run++;
    const each = numberAt(window, runs.body + 8 + run * 12 + 4, 4);
    const place = chunks.body + 8 + chunk * bytes;
    let at = bytes === 4 ? numberAt(window, place, 4) : longAt(window, place);
    for (let i = 0; i < each && found.length < count; i++) {
      const size = alike || numberAt(window, sizes.body + 12 + found.length * 4, 4);
      found.push({ at, size });
      at += size;
    }
  }
  return found;
}

/** A length of two bytes, and the text, which may be wide. */
function titleAt(window: Window, { at, size }: Sample, into: Gathering): string {
  const claimed = Math.min(numberAt(window, at, 2), Math.max(0, size - 2));
  if (claimed > MOST_TITLE_BYTES)
    into.note(`Titles of chapters were cut off: they have over ${MOST_TITLE_BYTES} bytes.`);
  const length = Math.min(claimed, MOST_TITLE_BYTES);
  const text = window.view(at + 2, length);
  const mark = text.length >= 2 ? text.readUInt16BE() : 0;
  if (mark === 0xfeff)
    return Buffer.from(text.subarray(2, text.length & ~1))
      .swap16()
      .toString('utf16le');
  return mark === 0xfffe ? text.toString('utf16le', 2) : text.toString();
}

function longAt(window: Window, at: number): number {
  const bytes = window.view(at, LONG);
  return bytes.length < LONG ? 0 : Number(bytes.readBigUInt64BE());
}
