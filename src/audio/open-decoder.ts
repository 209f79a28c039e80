/** The decoder of an audio file, for users, who name files by paths and have bytes in leases. */
import { createDecoder, type Decoder } from './decode/decoder.ts';
import type { AudioLimits } from './plan/limits.ts';
import { type AudioInput, openSource } from './sources/open-source.ts';

/**
 * Opens an audio file and decodes its first frame. Leases stay with the caller, and live until it is closed.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`,
 * `ERR_AUDIO_TOO_LONG`; for leases also `ERR_INVALID_ARGUMENT`, `ERR_LEASE_RELEASED` and `ERR_LEASE_MOVED`
 */
export function openDecoder(input: AudioInput, limits: AudioLimits = {}): Decoder {
  return createDecoder(openSource(input), limits);
}
