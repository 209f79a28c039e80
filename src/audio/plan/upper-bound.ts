/**
 * The most bytes that an output can come to, from what the source says of itself and what was asked for. A
 * source may say too little: whoever holds the output keeps to the bound by itself. Pure.
 */
import type { AudioInfo } from './audio-info.ts';
import { mostBitRate } from './bit-rates.ts';
import type { TargetPlan } from './targets.ts';

/** Of headers, and of what a codec has more at the ends. */
const FRAME_BYTES = 65_536;
const MORE_SECONDS = 1;
/** Pages, packets and tables of a container, beside the sound in it. */
const CONTAINER_SHARE = 0.05;

/**
 * Null where the source does not say how long it is.
 * @param tagBytes that the output has for its tags
 */
export function mostBytes(source: AudioInfo, plan: TargetPlan, tagBytes: number): number | null {
  if (source.announcedFrames === null) return null;
  const seconds = source.announcedFrames / source.sampleRate + MORE_SECONDS;
  const sound = seconds * bytesASecond(plan) * (1 + CONTAINER_SHARE);
  return Math.ceil(sound + FRAME_BYTES + tagBytes);
}

function bytesASecond({ to, sampleRate, layout, lossless, bits }: TargetPlan): number {
  const channels = layout.nbChannels;
  // FLAC stores what it cannot make smaller; `null` bits are floats of 32.
  return lossless ? (sampleRate * channels * (bits ?? 32)) / 8 : mostBitRate(to, sampleRate, channels) / 8;
}
