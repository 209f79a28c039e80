/**
 * Bodies that are a row of frames. Those within reach are counted; where some are not, the rest is taken
 * to be like both ends, if these are alike.
 */
import { mp3Info } from '../../audio/survey/mp3-info.ts';
import type { Fields } from './fields.ts';
import { aacFrame, dolbyFrame, dtsFrame, type Frame, type FrameAt, mpegFrame } from './frames.ts';
import type { Told } from './told.ts';

/** So many in a row are no chance. */
const SURE_FRAMES = 3;
/** Before the first frame: what is left of one, or junk. */
const MOST_JUNK_BYTES = 32_768;
/** By which both ends may differ. */
const ALIKE = 0.02;
/** As of tags behind the sound, next to all of it. */
const LITTLE = 0.005;

interface Row {
  /** Positions of the first frame, and behind the last one. */
  readonly start: number;
  readonly end: number;
  readonly first: Frame;
  readonly seconds: number;
}

/** What begins with one of these bytes may be such a frame. */
const KINDS: readonly (readonly [firstByte: number, frameAt: FrameAt])[] = [
  [0x0b, dolbyFrame],
  [0x7f, dtsFrame],
  [0xff, aacFrame],
  [0xff, mpegFrame],
];

/** @returns `null` where there are none */
export function tellRow(fields: Fields): Told | null {
  for (const [firstByte, frameAt] of KINDS) {
    const start = firstOf(fields, firstByte, frameAt);
    if (start !== null) return tellFrames(fields, start, frameAt);
  }
  return null;
}

/** @param start of the first frame */
export function tellFrames(fields: Fields, start: number, frameAt: FrameAt): Told {
  const row = rowFrom(fields, start, fields.reach.head.length, frameAt);
  if (row === null) return {};
  const { samples: _, bytes: __, ...told } = row.first;
  return { ...told, seconds: announced(fields, row) ?? lasting(fields, row, frameAt) };
}

function firstOf(fields: Fields, firstByte: number, frameAt: FrameAt): number | null {
  const { head } = fields.reach;
  const last = Math.min(head.length, MOST_JUNK_BYTES);
  for (let at = head.indexOf(firstByte); at >= 0 && at < last; at = head.indexOf(firstByte, at + 1)) {
    if (isSure(fields, at, frameAt)) return at;
  }
  return null;
}

function isSure(fields: Fields, start: number, frameAt: FrameAt): boolean {
  let at = start;
  for (let count = 0; count < SURE_FRAMES; count++) {
    const frame = frameAt(fields, at);
    if (frame === null) return count > 0 && at === fields.size && start === 0;
    at += frame.bytes;
  }
  return true;
}

/** Frames one behind another, those that begin before a position. */
function rowFrom(fields: Fields, start: number, before: number, frameAt: FrameAt): Row | null {
  const first = frameAt(fields, start);
  let [end, seconds] = [start, 0];
  for (
    let frame = first;
    frame !== null && end < before;
    frame = end < before ? frameAt(fields, end) : null
  ) {
    end += frame.bytes;
    seconds += frame.samples / frame.rate;
  }
  return first === null ? null : { start, end, first, seconds };
}

function lasting(fields: Fields, row: Row, frameAt: FrameAt): number {
  const { size, reach } = fields;
  const { head } = reach;
  if (size <= head.length || size - row.end <= LITTLE * size) return row.seconds;
  // Damage, or another codec.
  if (row.end < head.length) return Number.NaN;
  const last = lastRow(fields, row, frameAt);
  if (last === null) return Number.NaN;
  const [a, b] = [row, last].map(({ start, end, seconds }) => (end - start) / seconds);
  if (Math.abs(a - b) > ALIKE * Math.min(a, b)) return Number.NaN;
  const both = (row.end - row.start + last.end - last.start) / (row.seconds + last.seconds);
  return (last.end - row.start) / both;
}

/**
 * The frames near the end, up to it or to what comes behind them: they begin with the same byte as the
 * first.
 */
function lastRow(fields: Fields, { start }: Row, frameAt: FrameAt): Row | null {
  const { at: from, bytes } = fields.reach.tail;
  const firstByte = fields.u8(start);
  const most = Math.min(bytes.length, MOST_JUNK_BYTES);
  for (let at = bytes.indexOf(firstByte); at >= 0 && at < most; at = bytes.indexOf(firstByte, at + 1)) {
    if (isSure(fields, from + at, frameAt)) return rowFrom(fields, from + at, fields.size, frameAt);
  }
  return null;
}

const XING_FRAMES = 1;
/** Of Fraunhofer's mark, which stands there whatever the channels, and of its number of frames. */
const VBRI_AT = 36;
const VBRI_FRAMES_AT = VBRI_AT + 14;

/** Of MP3, by the frame that its encoder put first; `null` where there is none. */
function announced(fields: Fields, { start, first }: Row): number | null {
  if (first.family !== 'mp3') return null;
  const info = mp3Info(fields.window, start);
  if (info !== null) return info.frames / first.rate;
  if (fields.text(start + VBRI_AT, 4) === 'VBRI') {
    return (fields.u32be(start + VBRI_FRAMES_AT) * first.samples) / first.rate;
  }
  const full = first.samples === 1152;
  const at = start + 4 + (first.channels === 1 ? (full ? 17 : 9) : full ? 32 : 17);
  if (!/^(?:Xing|Info)$/.test(fields.text(at, 4)) || (fields.u32be(at + 4) & XING_FRAMES) === 0) return null;
  return (fields.u32be(at + 8) * first.samples) / first.rate;
}
