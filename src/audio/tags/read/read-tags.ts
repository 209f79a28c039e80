/**
 * The tags of a source, read from its bytes and not by FFmpeg, which has one value for each name, and neither
 * pictures nor chapters to give (docs/decisions/080).
 */
import { isStream, type Source } from '../../sources/source.ts';
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
  /** What was left out, for the user. */
  readonly notes: readonly string[];
}

interface Tagged {
  readonly window: Window;
  /** Of the format, behind ID3 tags. */
  readonly start: number;
  readonly into: Gathering;
}

const DSF_TAG_AT = 20;

/** Formats whose tags are read here; those of others FFmpeg has to tell. */
const READERS: Readonly<Partial<Record<FormatName, (tagged: Tagged) => void>>> = {
  flac: ({ window, start, into }) => readFlac(window, start, into),
  ogg: ({ window, into }) => readOgg(window, into),
  mp3: readBehind,
  aac: readBehind,
  wv: readBehind,
  ape: readBehind,
  tta: readBehind,
  tak: readBehind,
  mpc: readBehind,
  mpc8: readBehind,
  mov: ({ window, into }) => readMp4(window, into),
  matroska: ({ window, into }) => readMatroska(window, into),
  wav: ({ window, into }) => readWav(window, into),
  aiff: ({ window, into }) => readAiff(window, into),
  dsf: ({ window, into }) => readDsf(window, into),
};

/**
 * Pictures are read from the source once they are needed, but those of a stream, which are gone by then.
 * @param start of the format, behind ID3 tags
 * @returns `null` where FFmpeg has to tell
 */
export function readTags(source: Source, format: FormatName | null, start: number): ReadTags | null {
  const read = format === null ? undefined : READERS[format];
  if (read === undefined) return null;
  const into = new Gathering();
  const tagged = { window: new Window(source), start, into };
  // In front of FLAC and others they are what some program put there, beside the format's own.
  if (format !== 'mp3' && format !== 'aac') read(tagged);
  into.beginLesser();
  if (start > 0) readId3(source, 0, into);
  if (format === 'mp3' || format === 'aac') read(tagged);
  const tags = into.end();
  return { tags: isStream(source) ? held(tags) : tags, notes: into.notes };
}

/** ID3v1 says least, and in fewer letters. */
function readBehind({ window, into }: Tagged): void {
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
