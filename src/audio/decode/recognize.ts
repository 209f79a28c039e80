/**
 * What format a file has, by its bytes alone, however long the ID3 tags before it are; and what of it FFmpeg
 * gets to see: tags that would cost it minutes it does not.
 */
import { InputFormat } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { mended } from '../sources/mended.ts';
import { partOf } from '../sources/part.ts';
import { isStream, type Source } from '../sources/source.ts';
import { stopBehind } from '../survey/behind.ts';
import { chunksWithin } from '../survey/chunk-formats.ts';
import type { ChunkSurvey } from '../survey/chunks.ts';
import { type FormatName, formatOf, UNMARKED, type UnmarkedName } from '../survey/formats.ts';
import { countedInPassing } from '../survey/id3-in-passing.ts';
import { behindId3 } from '../survey/id3v2.ts';
import { type Mp3Info, mp3Info } from '../survey/mp3-info.ts';
import { overladen } from '../survey/overladen.ts';
import { bitsInUse } from '../survey/pcm-form.ts';
import type { Sound } from '../survey/sound.ts';
import { faultInFront, faultWithin } from '../survey/tags.ts';
import { Window } from '../survey/window.ts';
import { type ReadTags, readTags } from '../tags/read/read-tags.ts';

/** Formats before which FFmpeg passes over ID3 tags; before others it takes them for damage. */
const TAKES_ID3: ReadonlySet<FormatName> = new Set(['flac', 'mp3', 'aac', 'tta', 'w64']);

/** What needs no look at what comes later, and no way back. */
const STREAMED: ReadonlySet<FormatName | null> = new Set(['wav', 'flac', 'mp3', 'ogg', 'aac']);

const SIGNATURE_BYTES = 16;
/** FFmpeg recognizes most by so much, and all but the oddest by the second. */
const PROBE_BYTES = 4096;
const LARGE_PROBE_BYTES = 65_536;
/** FFmpeg looks at zeros behind what it is given. */
const PADDING_BYTES = 32;

export interface Recognized {
  /** What FFmpeg gets to see. */
  readonly source: Source;
  /** `null` where FFmpeg has to find out. */
  readonly format: FormatName | null;
  /** Where in it the sound lies, for formats whose header says so. */
  readonly sound: Sound | null;
  /** Bits of a sample that count, where FFmpeg would not know; else `null`. */
  readonly bits: number | null;
  /** Of MP3 as a stream, what its first frame says of its ends. */
  readonly mp3: Mp3Info | null;
  /** Its tags, as far as FFmpeg need not tell them; `null` where it has to tell all. */
  readonly tags: ReadTags | null;
  /** What was left out, for the user. */
  readonly warnings: readonly string[];
}

/**
 * What is shown of a source is good for as long as the source is open.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_UNSUPPORTED`
 */
export function recognize(source: Source): Recognized {
  const window = new Window(source, new Map());
  const begin = behindId3(window);
  if (begin > 0 && window.view(begin, 1).length === 0) throw tagsOnly(source);
  const format = formatAt(window, begin);
  if (isStream(source) && !STREAMED.has(format)) throw notStreamed(window, format);
  if (format === null)
    return { source, format, sound: null, bits: null, mp3: null, tags: null, warnings: [] };
  const from = begin > 0 && isHidden(window, format) ? begin : 0;
  const rest = from === 0 ? source : partOf(source, from, source.size);
  const restWindow = from === 0 ? window : new Window(rest, new Map());
  const fault = faultWithin(restWindow, format, begin - from);
  if (fault !== null) throw overladen(source.name, fault);
  const { sound, stop, read: chunks } = chunksOf(restWindow, format, begin - from);
  const end = stop ?? stopBehind(restWindow, format, begin - from);
  // What FFmpeg must not see of them is not read here either.
  const tagged = end === null || end.note === null ? rest : partOf(rest, 0, end.start);
  const read = readTags({
    whole: begin > 0 ? source : null,
    source: tagged,
    format,
    start: begin - from,
    chunks,
  });
  const notes = new Set([end?.note ?? null, ...read.notes]);
  const form = sound?.form ?? null;
  const seen = mended(rest, restWindow.mended ?? new Map());
  const alone = sound?.alone === true ? partOf(seen, sound.start, rest.size) : null;
  const shown = alone ?? (end === null ? seen : partOf(seen, 0, end.start));
  return {
    source: format === 'aac' ? countedInPassing(shown, begin - from) : shown,
    format,
    sound: sound === null || alone === null ? sound : { ...sound, start: 0 },
    bits: sound === null || form === null ? null : bitsInUse(rest, sound, form),
    mp3: format === 'mp3' && isStream(rest) ? mp3Info(restWindow, begin - from) : null,
    tags: read,
    warnings: [...notes].filter((note) => note !== null),
  };
}

function chunksOf(
  window: Window,
  format: FormatName,
  start: number,
): Pick<ChunkSurvey, 'sound' | 'stop' | 'read'> {
  const { source } = window;
  const { sound, stop, read, fault, cutOff } = chunksWithin(window, format, start);
  if (fault !== null) throw overladen(source.name, fault);
  if (cutOff !== null) throw misled(source, cutOff);
  // FFmpeg would take the chunks behind no sound at all for sound.
  const empty = sound?.bytes === 0 ? { start: sound.start, note: null } : null;
  return { sound, read, stop: empty ?? stop };
}

/** FFmpeg does not get to see the tags in front of a file. */
function isHidden(window: Window, format: FormatName): boolean {
  return faultInFront(window) !== null || !TAKES_ID3.has(format);
}

function formatAt(window: Window, begin: number): FormatName | null {
  const marked = formatOf(window.view(begin, SIGNATURE_BYTES));
  if (marked !== null) return marked;
  const { source } = window;
  const head = headAt(source, begin, PROBE_BYTES);
  const likely = probed(head);
  const framed = likely === 'mp3' || likely === 'aac';
  if (framed && isFrameSync(head)) return likely;
  if (begin === 0 && likely !== null && !framed) return null;
  const probable = probed(headAt(source, begin, LARGE_PROBE_BYTES));
  // FFmpeg itself would have to see the beginning twice.
  if (isStream(source)) return probable;
  // MP3 is what nearly all files are that begin with a tag, and FFmpeg finds its frames behind whatever else.
  if (begin > 0) return probable ?? 'mp3';
  // The tags of AAC are to be looked through, also where a file begins inside of a frame.
  return probable === 'aac' ? 'aac' : null;
}

function probed(head: Buffer): UnmarkedName | null {
  const name = InputFormat.probe(head)?.name;
  return UNMARKED.find((format) => format === name) ?? null;
}

/** What frames of MPEG audio and of AAC begin with. */
function isFrameSync(head: Buffer): boolean {
  return head.length > 1 && head[0] === 0xff && head[1] >= 0xe0;
}

function headAt(source: Source, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length + PADDING_BYTES);
  return bytes.subarray(0, source.read(bytes.subarray(0, length), at));
}

function tagsOnly({ name }: Source): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_OPEN',
    `Behind ID3 tags a file has audio, got nothing but tags, by what they claim, in ${jsonText(name)}. The file is cut off, or a tag is wrong.`,
  );
}

function notStreamed({ source }: Window, format: FormatName | null): MillpondError {
  const name = jsonText(source.name);
  if (source.end === 0) {
    return new MillpondError('ERR_AUDIO_OPEN', `An input holds audio, got ${name}, which is empty.`);
  }
  const got = format === null ? 'none of them' : `the format ${format}`;
  return new MillpondError(
    format === null ? 'ERR_AUDIO_OPEN' : 'ERR_AUDIO_UNSUPPORTED',
    `As a stream WAV, FLAC, MP3, Ogg and AAC are read, got ${got} in ${name}. Leave --stream out, so that it is stored first; all formats are read then.`,
  );
}

function misled({ name, end }: Source, fault: string): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_OPEN',
    `What lies before the sound of a file is inside the file, got ${jsonText(name)} of ${end} bytes, where ${fault}. The file is cut off, or its header is wrong.`,
  );
}
