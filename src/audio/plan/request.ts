/** The request and the result of a conversion, with the rules that need nothing but the request. */
import type { Bytes } from '../../bytes.ts';
import { MillpondError } from '../../errors.ts';
import type { SpooledFile } from '../../files/spool.ts';
import type { Lease } from '../../pool/lease.ts';
import { jsonText } from '../../text/escaping.ts';
import type { AudioOutput } from '../sinks/create-sink.ts';
import type { AudioInput } from '../sources/open-source.ts';
import { type AudioLimits, checkAudioLimits, checkOutputLimit } from './limits.ts';
import type { TargetSettings } from './targets.ts';

/** Which pictures an output has, and how large. */
export interface CoverSettings {
  /**
   * `keep`: those of the source, as they are; `none`: none; `folder`: as `keep`, and where the source has
   * none that of a file beside it that is called cover, folder, front or albumart (jpg, jpeg, png); a path:
   * that of this file instead of the source's. Default `keep`.
   */
  readonly cover?: 'keep' | 'none' | 'folder' | { readonly path: string };
  /**
   * Pixels, 16 to 10000, of the longer side: a picture that has more is made smaller, as JPEG. Default: every
   * picture stays as it is.
   */
  readonly coverSize?: number;
}

/** What is made of an audio file, wherever it comes from. */
export interface TranscodeSettings extends TargetSettings, AudioLimits, CoverSettings {
  /** Decibels, -200 to 200. Default 0. */
  readonly gainDb?: number;
  /** Seconds, 0 and up. Default 0. */
  readonly fadeInSeconds?: number;
  /**
   * Seconds, 0 and up. Default 0. Decodes the file once more beforehand, because the exact end must be known.
   */
  readonly fadeOutSeconds?: number;
  /**
   * Bytes that the output may come to, 1 and up. One that would be larger ends with `ERR_OUTPUT_TOO_LARGE`,
   * and nothing is left of it. Set it where others choose the input: 3 KiB of silence in FLAC are 100 MiB of
   * WAV. Default: 4 GiB and 4,096 times the size of the input; of a stream that comes no limit.
   */
  readonly maxOutputBytes?: Bytes;
}

/** What is looked at of an output before it appears. Neither is for streams, which are gone by then. */
export interface OutputChecks {
  /** Whether the result has digests. Default false. Reads the output once more. */
  readonly hash?: boolean;
  /**
   * Whether the output is decoded again and compared with what was encoded: its frames, and of a lossless one
   * its samples. One that differs ends the task with `ERR_OUTPUT_VERIFY`, and does not appear. Default false.
   * What is read is what the system gives back, which may be its cache and not yet the disk.
   */
  readonly verify?: boolean;
}

export interface TranscodeRequest extends TranscodeSettings, OutputChecks {
  /** Path of the audio file, or its bytes in leases. What it is its content says, not its name. */
  readonly input: AudioInput;
  /**
   * Path of the file to make, in a folder that exists: it appears whole or not at all, over an older one
   * unless it is `{ path, overwrite: false }`. Or leases, which the result then has; a file without a name
   * where the output may be larger than `mostOutputBytes`, where the source does not say how long it is, and
   * where memory is short.
   */
  readonly output: AudioOutput;
  /** Whether a file has the times of the file that it was made of. Default false: it has its own. */
  readonly preserveTimes?: boolean;
}

export interface TranscodeResult {
  /** Frames (samples per channel) that the output decodes to. */
  readonly frames: number;
  /** Hz. */
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  /** Of audio: `frames` at `sampleRate`. */
  readonly seconds: number;
  /** The size of the output. */
  readonly bytesWritten: number;
  /**
   * The output where leases were asked for and could be had, else `null`: one after the other, each full up
   * to its `length`. They belong to whoever gets the result.
   */
  readonly leases: Lease[] | null;
  /**
   * The output where leases were asked for and it became a file without a name, else `null`. It belongs to
   * whoever gets the result, who disposes of it: `using` does.
   */
  readonly file: SpooledFile | null;
  /** Bits of an integer sample in a lossless output, else `null`. */
  readonly bits: number | null;
  /** Of the output's bytes, in hex, where `hash` was asked for; else `null`. */
  readonly sha256: string | null;
  /**
   * SHA-256 of a lossless output's samples as a WAV of its depth holds them, in hex, where `hash` or `verify`
   * was asked for; else `null`. The same sound has the same digest in WAV and FLAC, whatever its tags.
   */
  readonly samples: string | null;
  /** What was changed or left out without being asked for. */
  readonly warnings: string[];
}

/** Whether kernels will change samples. */
export function isProcessed(request: TranscodeSettings): boolean {
  return (request.gainDb ?? 0) !== 0 || fades(request);
}

export function fades({ fadeInSeconds = 0, fadeOutSeconds = 0 }: TranscodeSettings): boolean {
  return fadeInSeconds > 0 || fadeOutSeconds > 0;
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` for a value outside its documented range */
export function checkRequest(settings: TranscodeSettings): void {
  const { gainDb = 0, fadeInSeconds = 0, fadeOutSeconds = 0 } = settings;
  checkCover(settings);
  checkAudioLimits(settings);
  checkOutputLimit(settings.maxOutputBytes);
  if (!(Math.abs(gainDb) <= 200)) {
    throw new MillpondError('ERR_INVALID_ARGUMENT', `A gain is -200 to 200 dB, got ${gainDb}. Try -6.`);
  }
  for (const seconds of [fadeInSeconds, fadeOutSeconds]) {
    if (!(seconds >= 0 && Number.isFinite(seconds))) {
      throw new MillpondError(
        'ERR_INVALID_ARGUMENT',
        `A fade lasts 0 seconds or more, got ${seconds}. Try 0.5.`,
      );
    }
  }
}

const LEAST_COVER_SIZE = 16;
const MOST_COVER_SIZE = 10_000;

function checkCover({ cover = 'keep', coverSize }: CoverSettings): void {
  const known = typeof cover === 'string' ? ['keep', 'none', 'folder'].includes(cover) : cover?.path;
  if (!known) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A cover is keep, none, folder or { path }, got ${jsonText(cover)}. Try keep.`,
    );
  }
  if (coverSize === undefined) return;
  if (Number.isInteger(coverSize) && coverSize >= LEAST_COVER_SIZE && coverSize <= MOST_COVER_SIZE) return;
  throw new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `The longer side of a cover has ${LEAST_COVER_SIZE} to ${MOST_COVER_SIZE} pixels, got ${coverSize}. Try 600.`,
  );
}
