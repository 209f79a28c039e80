/** What users name as an input, as a source. */
import { type NamedFile, openFileSource } from './file-source.ts';
import { type AudioBytes, openLeaseSource } from './lease-source.ts';
import type { Source } from './source.ts';

/**
 * The path of an audio file, with a name for messages or without; or its bytes in leases. What it is its
 * content says, not its name.
 */
export type AudioInput = string | NamedFile | AudioBytes;

/** @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_INVALID_ARGUMENT`, `ERR_LEASE_RELEASED`, `ERR_LEASE_MOVED` */
export function openSource(input: AudioInput): Source {
  if (typeof input === 'string') return openFileSource({ path: input, name: input });
  return 'path' in input ? openFileSource(input) : openLeaseSource(input);
}
