/**
 * The tags of a source, read from its bytes and not by FFmpeg, which has one value for each name, and neither
 * pictures nor chapters to give (docs/decisions/080).
 */
import { isStream, type Source } from '../../sources/source.ts';
import type { Chunk } from '../../survey/chunks.ts';
import type { FormatName } from '../../survey/formats.ts';
import { Window } from '../../survey/window.ts';
import { type AudioTags, bytesInMemory, type TagBytes } from '../model.ts';
import { readApe } from './ape.ts';
import { readFlac } from './flac.ts';
import { Gathering } from './gathering.ts';
import { readId3, readId3v1 } from './id3.ts';
import { readMatroska } from './matroska.ts';
import { readMp4 } from './mp4.ts';
import { readOgg } from './ogg.ts';
import { readAiff, readWav } from './riff.ts';

export interface ReadTags {
  readonly tags: AudioTags;
  /** FFmpeg has nothing to add. */
  readonly complete: boolean;
  /** What was left out, for the user. */
  readonly notes: readonly string[];
}

interface Place {
  readonly window: Window;
  /** Of the format, behind ID3 tags. */
  readonly start: number;
  /** Those that hold tags, for formats that are made of chunks. */
  readonly chunks: readonly Chunk[];
}

const DSF_TAG_AT = 20;

/** Formats whose tags are read here; those of others FFmpeg has to tell. */
const READERS: Readonly<Partial<Record<FormatName, (into: Gathering, place: Place) => void>>> = {
  flac: (into, { window, start }) => readFlac(window, start, into),
  ogg: (into, { window }) => readOgg(window, into),
  mp3: readBehind,
  aac: readBehind,
  wv: readBehind,
  ape: readBehind,
  tta: readBehind,
  tak: readBehind,
  mpc: readBehind,
  mpc8: readBehind,
  mov: (into, { window }) => readMp4(window, into),
  matroska: (into, { window }) => readMatroska(window, into),
  wav: (into, { window, chunks }) => readWav(window, chunks, into),
  aiff: (into, { window, chunks }) => readAiff(window, chunks, into),
  dsf: (into, { window }) => readDsf(window, into),
};

interface ToRead {
  /** With the ID3 tags that it begins with; `null` where there are none. */
  readonly whole: Source | null;
  /** The same, or what lies behind them. */
  readonly source: Source;
  readonly format: FormatName;
  /** Of the format in `source`. */
  readonly start: number;
  readonly chunks: readonly Chunk[];
}

/** Pictures are read from the source once they are needed, but those of a stream, which are gone by then. */
export function readTags({ whole, source, format, start, chunks }: ToRead): ReadTags {
  const into = new Gathering();
  const read = READERS[format];
  const id3First = format === 'mp3' || format === 'aac';
  const ownTags = () => read?.(into, { window: new Window(source), start, chunks });
  if (!id3First) ownTags();
  into.beginLesser();
  // In front of others they are what some program put there, beside the format's own.
  if (whole !== null) readId3(whole, 0, into);
  if (id3First) ownTags();
  const tags = into.end();
  // FFmpeg finds more of them between frames of AAC.
  const complete = read !== undefined && format !== 'aac';
  return { tags: isStream(source) ? held(tags) : tags, complete, notes: into.notes };
}

/** ID3v1 says least, and in fewer letters. */
function readBehind(into: Gathering, { window }: Place): void {
  if (isStream(window.source)) return;
  into.beginLesser();
  const { size } = window.source;
  const older = new Gathering();
  const end = readId3v1(window, size, older);
  readApe(window, end, into);
  into.beginLesser();
  for (const field of older.end().fields) into.addField(field);
}

/** It says itself where its tag is. */
function readDsf(window: Window, into: Gathering): void {
  const at = window.view(DSF_TAG_AT, 8);
  if (at.length === 8) readId3(window.source, Number(at.readBigUInt64LE()), into);
}

function held(tags: AudioTags): AudioTags {
  const pictures = tags.pictures.map((picture) => ({ ...picture, bytes: inMemory(picture.bytes) }));
  const natives = tags.natives.map((native) => ({ ...native, bytes: inMemory(native.bytes) }));
  return { ...tags, pictures, natives };
}

function inMemory(bytes: TagBytes): TagBytes {
  const whole = Buffer.alloc(bytes.size);
  bytes.read(whole, 0);
  return bytesInMemory(whole);
}
