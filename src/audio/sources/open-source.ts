/** What users name as an input, as a source. */
import { openFileSource } from './file-source.ts';
import { type AudioBytes, openLeaseSource } from './lease-source.ts';
import type { Source } from './source.ts';

/** The path of an audio file, or its bytes in leases. What it is its content says, not its name. */
export type AudioInput = string | AudioBytes;

/** @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_INVALID_ARGUMENT`, `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED` */
export function openSource(input: AudioInput): Source {
  return typeof input === 'string' ? openFileSource(input) : openLeaseSource(input);
}
