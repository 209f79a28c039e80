/** What a file is, from its container, its codec and its first frame. */
import { AV_CODEC_PROP_LOSSLESS, type AVSampleFormat } from 'node-av/constants';
import type { Codec, CodecContext, Frame } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import { type Layout, MAX_CHANNELS, namedLayout } from '../plan/channels.ts';
import { depthOf, storageOf } from '../sample-format.ts';
import type { Container } from './container.ts';
import { readTags } from './tags.ts';

/** FFmpeg's time base of a whole file. */
const MICROSECONDS = 1_000_000;

/** Hz. Twice the fastest converters there are; beyond it the header is wrong. */
const MAX_SAMPLE_RATE = 1_536_000;

interface Description {
  readonly info: AudioInfo;
  readonly format: AVSampleFormat;
  /**
   * Set where the stream does not name its speakers: swresample would take its frames for another format's.
   */
  readonly relabel: Layout | null;
}

/**
 * @param frame the first one; `null` where there is none, and the codec has to know
 * @throws MillpondError `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
 */
export function describe(
  { stream, format: container, source }: Container,
  codec: Codec,
  context: CodecContext,
  frame: Frame | null,
): Description {
  const format = frame ? (frame.format as AVSampleFormat) : context.sampleFormat;
  const { sampleRate, channelLayout: native } = frame ?? context;
  const storage = storageOf(format);
  const name = jsonText(source.name);
  if (storage === null || sampleRate <= 0 || native.nbChannels <= 0) {
    throw new MillpondError(
      'ERR_AUDIO_DECODE',
      `An audio file has a rate, channels and samples, got none in ${name}. The file is damaged or cut off.`,
    );
  }
  if (native.nbChannels > MAX_CHANNELS) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `An audio file has at most ${MAX_CHANNELS} channels, got ${native.nbChannels} in ${name}. Split or mix it first.`,
    );
  }
  if (sampleRate > MAX_SAMPLE_RATE) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `An audio file has at most ${MAX_SAMPLE_RATE} Hz, got ${sampleRate} in ${name}. Its header is wrong: repair it, or leave the file out.`,
    );
  }
  const { timeBase, duration } = stream;
  const layout = namedLayout(native);
  const seconds =
    duration > 0n
      ? (Number(duration) * timeBase.num) / timeBase.den
      : Number(container.duration) / MICROSECONDS;
  const info: AudioInfo = {
    sampleRate,
    channels: native.nbChannels,
    layout,
    codec: codec.name ?? String(codec.id),
    sampleFormat: storage.name,
    depth: depthOf(storage, context.bitsPerRawSample),
    lossless: stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS),
    announcedFrames: seconds > 0 ? Math.round(seconds * sampleRate) : null,
    tags: readTags(container, stream),
  };
  return { info, format, relabel: layout === native ? null : layout };
}
