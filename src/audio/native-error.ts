/** FFmpeg's return codes as millpond errors. */
import { AVERROR_EAGAIN, AVERROR_EOF } from 'node-av/constants';
import { FFmpegError } from 'node-av/lib';
import { type ErrorCode, MillpondError } from '../errors.ts';

export const AGAIN: number = AVERROR_EAGAIN;
export const END: number = AVERROR_EOF;

/** What FFmpeg says of a return code, such as "Invalid data found when processing input". */
export function nativeReason(result: number): string {
  return FFmpegError.strerror(result);
}

/**
 * Passes a return code through, or throws.
 * @throws MillpondError with `code`; the message is `text` and FFmpeg's reason.
 */
export function check(result: number, code: ErrorCode, text: () => string): number {
  if (result < 0) throw new MillpondError(code, `${text()} FFmpeg says: ${nativeReason(result)}.`);
  return result;
}
