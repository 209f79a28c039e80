/** The decoders that are allowed to run, and what is said of a stream that has none. */
import { avGetCodecName, Codec, type Stream } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { remembered } from '../kept.ts';
import { DECODERS } from '../survey/formats.ts';

type CodecId = Stream['codecpar']['codecId'];

const allowed: ReadonlySet<string> = new Set(DECODERS);

/** @returns `null` for a codec that none of {@link DECODERS} decodes */
export const decoderOf: (id: CodecId) => Codec | null = remembered((id) => {
  const codec = Codec.findDecoder(id);
  return codec !== null && allowed.has(codec.name ?? '') ? codec : null;
});

export function undecodable(name: string, id: CodecId): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `An audio file is in a codec that docs/formats.md names, got ${avGetCodecName(id) ?? 'one without a name'} in ${jsonText(name)}. Convert it with another program first.`,
  );
}
