/** The decoder of a file, for users, who name their files by paths. */
import { createDecoder, type Decoder } from './decode/decoder.ts';
import { openFileSource } from './sources/file-source.ts';

/**
 * Opens an audio file and decodes its first frame.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
 */
export function openDecoder(path: string): Decoder {
  return createDecoder(openFileSource(path));
}
