/**
 * What format a file has, by its bytes alone, however long the ID3 tags before it are; and what of it FFmpeg
 * gets to see.
 */
import { InputFormat } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { partOf } from '../sources/part.ts';
import type { Source } from '../sources/source.ts';
import { type FormatName, formatOf, UNMARKED, type UnmarkedName } from '../survey/formats.ts';
import { behindId3 } from '../survey/id3v2.ts';
import { Window } from '../survey/window.ts';

/** Formats before which FFmpeg reads ID3 tags; before others it takes them for damage. */
const TAKES_ID3: ReadonlySet<FormatName> = new Set(['flac', 'mp3', 'aac', 'tta', 'w64']);

const SIGNATURE_BYTES = 16;
/** FFmpeg recognizes most by so much, and all but the oddest by the second. */
const PROBE_BYTES = 4096;
const LARGE_PROBE_BYTES = 65_536;
/** FFmpeg looks at zeros behind what it is given. */
const PADDING_BYTES = 32;

const IN_FRONT = 'The ID3 tag in front of the file was left out: files of this format have none there.';

interface Recognized {
  /** What FFmpeg gets to see. */
  readonly source: Source;
  /** `null` where FFmpeg has to find out. */
  readonly format: FormatName | null;
  /** What was left out, for the user. */
  readonly warnings: readonly string[];
}

/**
 * What is shown of a source is good for as long as the source is open.
 * @throws MillpondError `ERR_AUDIO_OPEN`
 */
export function recognize(source: Source): Recognized {
  const window = new Window(source);
  const begin = behindId3(window, 0);
  if (begin > 0 && begin >= source.size) throw endless(source, begin);
  const format = formatAt(window, begin);
  if (format === null) return { source, format, warnings: [] };
  if (begin === 0 || TAKES_ID3.has(format)) return { source, format, warnings: [] };
  return { source: partOf(source, begin, source.size), format, warnings: [IN_FRONT] };
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

function endless({ name, size }: Source, end: number): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_OPEN',
    `An ID3 tag is followed by audio, got one that ends at byte ${end} of ${size} in ${jsonText(name)}. The file is cut off, or the tag is wrong.`,
  );
}
