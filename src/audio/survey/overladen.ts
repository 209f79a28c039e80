/** What is thrown of tags that FFmpeg must not read, where nothing can be left out. */
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';

export function overladen(name: string, fault: string): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `The tags of an audio file can be read in a moment, got ${jsonText(name)}: ${fault}. Remove them, or write the file anew without them.`,
  );
}
