/**
 * The Info frame that encoders of MP3 put first: how long the sound is, and what to cut off at its ends.
 * FFmpeg reads it too, but believes none of it where it does not know the size of the file.
 */
import type { Window } from './window.ts';

/** Frames are samples per channel, counted from the first packet behind the Info frame. */
export interface Mp3Info {
  /** That the sound has, once its ends are cut off. */
  readonly frames: number;
  /** What is filling, up to the end of a packet. What comes behind, such as another file, is sound. */
  readonly padding: { readonly from: number; readonly to: number };
}

const HEAD_BYTES = 4;
const LAYER_3 = 1;
const MPEG_1 = 3;
const MONO = 3;

const HAS_FRAMES = 1;
/** Flags of what else comes before the name of the encoder, with its bytes. */
const FIELDS: readonly (readonly [flag: number, bytes: number])[] = [
  [HAS_FRAMES, 4],
  [2, 4],
  [4, 100],
  [8, 4],
];
const ENCODERS = /^(?:LAME|Lav[fc])/;
/** Behind the name; where it begins, and what it is long. */
const DELAYS_AT = 21;
const DELAYS_BYTES = 3;
/** Of every decoder. */
const DECODER_DELAY = 529;

/** @returns `null` where the first frame at `start` is none, or does not tell both ends */
export function mp3Info(window: Window, start: number): Mp3Info | null {
  const head = window.view(start, HEAD_BYTES);
  if (head.length < HEAD_BYTES || head[0] !== 0xff || head[1] < 0xe0) return null;
  if (((head[1] >> 1) & 3) !== LAYER_3) return null;
  const full = ((head[1] >> 3) & 3) === MPEG_1;
  const mono = head[3] >> 6 === MONO;
  let at = start + HEAD_BYTES + (full ? (mono ? 17 : 32) : mono ? 9 : 17);
  const mark = window.view(at, 12);
  if (mark.length < 12 || !/^(?:Xing|Info)/.test(mark.toString('latin1', 0, 4))) return null;
  const flags = mark.readUInt32BE(4);
  const packets = (flags & HAS_FRAMES) === 0 ? 0 : mark.readUInt32BE(8);
  at += 8;
  for (const [flag, bytes] of FIELDS) if ((flags & flag) !== 0) at += bytes;
  const delays = window.view(at, DELAYS_AT + DELAYS_BYTES);
  if (packets === 0 || delays.length < DELAYS_AT + DELAYS_BYTES) return null;
  if (!ENCODERS.test(delays.toString('latin1', 0, 4))) return null;
  const both = delays.readUIntBE(DELAYS_AT, DELAYS_BYTES);
  const [before, behind] = [both >> 12, both & 0xfff];
  const to = packets * (full ? 1152 : 576);
  return { frames: Math.max(0, to - before - behind), padding: { from: to - behind + DECODER_DELAY, to } };
}
