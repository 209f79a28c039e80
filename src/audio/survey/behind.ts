/** Tags that programs put behind the sound of files that end with it. */
import { partOf } from '../sources/part.ts';
import type { Stop } from './chunks.ts';
import type { FormatName } from './formats.ts';
import { leftOutBehind } from './left-out.ts';
import { endsInApe, faultAtEnd } from './tags.ts';
import { Window } from './window.ts';

const ID3V1_BYTES = 128;
const APE_FOOTER_BYTES = 32;
/** Of the flags, whose last byte has it: there is a header as long as the footer. */
const APE_HAS_HEADER = 0x80;
/** `LYRICS200`, and the length before it in digits. */
const LYRICS_MARK = 'LYRICS200';
const LYRICS_DIGITS = 6;

/** Where FLAC says how long it is, in 36 bits, and WavPack in 32: 0 and all ones where they don't know. */
const FLAC_LENGTH_AT = 21;
const WAVPACK_LENGTH_AT = 12;
const UNKNOWN_LENGTH = 0xffff_ffff;

/**
 * Where FFmpeg has to stop, since what comes are tags that it takes for sound or must not read.
 * @param start of the format, behind ID3 tags
 */
export function stopBehind(window: Window, format: FormatName, start: number): Stop | null {
  const id3v1 = endsInApe(format) ? id3v1BehindApe(window) : null;
  const rest = id3v1 === null ? window : new Window(partOf(window.source, 0, id3v1));
  const laden = faultAtEnd(rest, format);
  // They are read all the same, as far as they may be written, but not by FFmpeg.
  if (laden !== null) return { start: laden.start, note: null };
  if (id3v1 !== null) return { start: id3v1, note: null };
  if (tellsLength(window, format, start)) return null;
  const tags = tagsBehind(window, format !== 'wv');
  const note = leftOutBehind('files of this format have no such tags');
  return tags === window.source.size ? null : { start: tags, note };
}

/** Where a file's length is known, what comes behind that is no sound, whatever it is. */
function tellsLength(window: Window, format: FormatName, start: number): boolean {
  if (format === 'flac') {
    const length = window.view(start + FLAC_LENGTH_AT, 5);
    return length.length === 5 && ((length[0] & 0x0f) > 0 || length.readUInt32BE(1) > 0);
  }
  const length = format === 'wv' ? window.view(start + WAVPACK_LENGTH_AT, 4) : null;
  return length?.length !== 4 || length.readUInt32LE() !== UNKNOWN_LENGTH;
}

/** FFmpeg finds APEv2 at the very end only. An ID3v1 tag behind it says the same in fewer letters. */
function id3v1BehindApe(window: Window): number | null {
  const start = id3v1Before(window, window.source.size);
  return start !== null && apeBefore(window, start) !== null ? start : null;
}

/** Where the tags begin that a source ends with, by what they claim; its end, where there are none. */
function tagsBehind(window: Window, withApe: boolean): number {
  const before = (end: number) =>
    id3v1Before(window, end) ?? lyricsBefore(window, end) ?? (withApe ? apeBefore(window, end) : null);
  let end = window.source.size;
  for (let start = before(end); start !== null; start = before(end)) end = start;
  return end;
}

function id3v1Before(window: Window, end: number): number | null {
  const start = end - ID3V1_BYTES;
  return window.text(start, 3) === 'TAG' ? start : null;
}

function apeBefore(window: Window, end: number): number | null {
  const footer = window.view(end - APE_FOOTER_BYTES, APE_FOOTER_BYTES);
  if (footer.length < APE_FOOTER_BYTES || footer.toString('latin1', 0, 8) !== 'APETAGEX') return null;
  const header = (footer[23] & APE_HAS_HEADER) !== 0 ? APE_FOOTER_BYTES : 0;
  const bytes = footer.readUInt32LE(12);
  const start = end - bytes - header;
  return bytes >= APE_FOOTER_BYTES && start >= 0 ? start : null;
}

function lyricsBefore(window: Window, end: number): number | null {
  const at = end - LYRICS_MARK.length;
  const digits = window.text(at - LYRICS_DIGITS, LYRICS_DIGITS);
  if (window.text(at, LYRICS_MARK.length) !== LYRICS_MARK || !/^\d{6}$/.test(digits)) return null;
  const start = at - LYRICS_DIGITS - Number(digits);
  return start >= 0 ? start : null;
}
