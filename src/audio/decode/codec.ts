/** Finds and opens a stream's codec, so that it trims what the container calls padding and reports damage. */
import {
  AV_CODEC_PROP_LOSSLESS,
  AV_EF_CRCCHECK,
  AV_EF_EXPLODE,
  AV_OPT_TYPE_INT,
  AV_OPT_TYPE_INT64,
  AV_OPT_TYPE_SAMPLE_FMT,
  AV_SAMPLE_FMT_FLT,
  FF_DECODER_LIBOPUS,
} from 'node-av/constants';
import type { Codec, CodecContext } from 'node-av/lib';
import { jsonText } from '../../text/escaping.ts';
import { check } from '../native-error.ts';
import type { Container } from './container.ts';
import { decoderFor, undecodable } from './decoders.ts';

/**
 * Of a codec's frame, all channels together: FFmpeg allocates what a frame says that it holds, up to 2 GiB.
 * The longest that encoders make are of TTA, a second at any rate.
 */
const MOST_FRAME_SAMPLES = 2n ** 24n;

/** @throws MillpondError `ERR_AUDIO_UNSUPPORTED` */
export function findCodec({ stream, source }: Container): Codec {
  const codec = decoderFor(stream.codecpar);
  if (codec === null) throw undecodable(source.name, stream.codecpar.codecId);
  return codec;
}

/** @throws MillpondError `ERR_AUDIO_DECODE` */
export function openCodec(context: CodecContext, codec: Codec, { stream, source }: Container): void {
  const parameters = stream.codecpar;
  context.allocContext3(codec);
  const refused = () => `A decoder accepts its stream's parameters, got ${jsonText(source.name)}.`;
  check(context.parametersToContext(parameters), 'ERR_AUDIO_DECODE', refused);
  // Without the stream's time base the decoder could not cut off what the container marks as padding.
  context.pktTimebase = stream.timeBase;
  // FFmpeg verifies no checksum of its own accord and would pass on damaged samples.
  if (parameters.hasProperties(AV_CODEC_PROP_LOSSLESS)) {
    context.setOption('err_detect', AV_EF_CRCCHECK | AV_EF_EXPLODE, AV_OPT_TYPE_INT);
  }
  // Else libopus rounds to 16 bits; the others have no choice, or make the best of it.
  if (codec.name === FF_DECODER_LIBOPUS) {
    check(
      context.setOption('request_sample_fmt', AV_SAMPLE_FMT_FLT, AV_OPT_TYPE_SAMPLE_FMT),
      'ERR_AUDIO_DECODE',
      refused,
    );
  }
  check(context.setOption('max_samples', MOST_FRAME_SAMPLES, AV_OPT_TYPE_INT64), 'ERR_AUDIO_DECODE', refused);
  check(context.open2Sync(codec, null), 'ERR_AUDIO_DECODE', refused);
}
