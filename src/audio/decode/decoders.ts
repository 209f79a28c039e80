/** The decoders that are allowed to run, and what is said of a stream that has none. */
import { AV_CODEC_ID_OPUS, FF_DECODER_LIBOPUS } from 'node-av/constants';
import { avGetCodecName, Codec, type Stream } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { remembered } from '../kept.ts';
import { DECODERS } from '../survey/formats.ts';

type CodecParameters = Stream['codecpar'];
type CodecId = CodecParameters['codecId'];

const allowed: ReadonlySet<string> = new Set(DECODERS);

/**
 * FFmpeg's own of Opus loses 24 frames where some streams are in SILK and others in CELT, and ends what is in
 * SILK with 24 frames from behind its end (docs/decisions/022).
 * @returns `null` for a codec that none of {@link DECODERS} decodes
 */
export const decoderOf: (id: CodecId) => Codec | null = remembered((id) => {
  const codec = id === AV_CODEC_ID_OPUS ? Codec.findDecoderByName(FF_DECODER_LIBOPUS) : Codec.findDecoder(id);
  return codec !== null && allowed.has(codec.name ?? '') ? codec : null;
});

/** Where the head of Opus says how its channels are mapped, and the last of the mappings to speakers. */
const OPUS_MAPPING_AT = 18;
const OPUS_SURROUND = 1;

/** As {@link decoderOf}, of a stream: FFmpeg takes all channels of libopus for those of speakers. */
export function decoderFor({ codecId, extradata }: CodecParameters): Codec | null {
  const mapping = codecId === AV_CODEC_ID_OPUS ? (extradata?.[OPUS_MAPPING_AT] ?? 0) : 0;
  return mapping > OPUS_SURROUND ? Codec.findDecoder(codecId) : decoderOf(codecId);
}

export function undecodable(name: string, id: CodecId): MillpondError {
  return new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `An audio file is in a codec that docs/formats.md names, got ${avGetCodecName(id) ?? 'one without a name'} in ${jsonText(name)}. Convert it with another program first.`,
  );
}
