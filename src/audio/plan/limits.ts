/**
 * How long an audio file may be and how large what is made of it: a few bytes can claim, and hold, days of
 * silence. The defaults are beyond anything that was recorded. Pure.
 */
import { type Bytes, formatBytes, GiB } from '../../bytes.ts';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';

/** What one file may ask for. */
export interface AudioLimits {
  /**
   * Seconds of sound that an audio file may hold, over 0. One that holds more ends with `ERR_AUDIO_TOO_LONG`:
   * at once where its header certainly says so, else when so much was decoded. Default: 1,000 hours; below
   * 1,000 Hz as many frames as these have at 1,000 Hz; of a stream that comes no limit.
   */
  readonly maxSeconds?: number;
}

const DEFAULT_SECONDS = 1000 * 3600;
/** Hz. What has fewer is a log of measurements: a year of one a second is none of sound. */
const LEAST_SOUND_RATE = 1000;

/** Of 24 hours of digital silence FLAC makes a 1,300th of what they are in WAV. */
const DEFAULT_OUTPUT_SHARE = 4096;
const DEFAULT_OUTPUT_BYTES = 4 * GiB;

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkAudioLimits({ maxSeconds = DEFAULT_SECONDS }: AudioLimits): void {
  if (maxSeconds > 0) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `An audio file may last for more than 0 seconds, got maxSeconds ${maxSeconds}. Leave it out for ${DEFAULT_SECONDS}.`,
  );
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` */
export function checkOutputLimit(maxOutputBytes: Bytes | undefined): void {
  if (maxOutputBytes === undefined || maxOutputBytes >= 1) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `An output may come to 1 byte or more, got maxOutputBytes ${maxOutputBytes}. Leave it out for ${formatBytes(DEFAULT_OUTPUT_BYTES)} and ${DEFAULT_OUTPUT_SHARE} times the input's size.`,
  );
}

/** Frames that an audio file of this rate may have. @param streamed it has no end that anybody knows */
export function mostFrames({ maxSeconds }: AudioLimits, rate: number, streamed: boolean): number {
  if (maxSeconds !== undefined) return maxSeconds * rate;
  return streamed ? Number.POSITIVE_INFINITY : DEFAULT_SECONDS * Math.max(rate, LEAST_SOUND_RATE);
}

/** @param inputBytes `Infinity` of a stream */
export function mostOutput(maxOutputBytes: Bytes | undefined, inputBytes: number): number {
  return maxOutputBytes ?? DEFAULT_OUTPUT_BYTES + DEFAULT_OUTPUT_SHARE * inputBytes;
}

export function tooLong(name: string, mostFrames: number, rate: number): MillpondError {
  const seconds = Math.round((mostFrames / rate) * 1000) / 1000;
  return new MillpondError(
    'ERR_AUDIO_TOO_LONG',
    `An audio file lasts for ${seconds} seconds at the most, got more in ${jsonText(name)}. Leave the file out, or raise maxSeconds.`,
  );
}

export function tooLarge(mostBytes: number): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_TOO_LARGE',
    `An output comes to ${formatBytes(mostBytes)} at the most, got more. Ask for a smaller format, give it a shorter input, or raise maxOutputBytes.`,
  );
}
