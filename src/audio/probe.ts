/** What a file is, without decoding it. */
import { Codec, CodecContext } from 'node-av/lib';
import { MillpondError } from '../errors.ts';
import { quote } from './native-error.ts';
import { depthOf, storageOf } from './sample-format.ts';
import { openSource } from './source.ts';
import { readTags, type Tags } from './tags.ts';

export interface Probe {
  /** As the container says or the bit rate suggests; `null` where neither does. */
  readonly seconds: number | null;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** FFmpeg's name of the codec, such as `pcm_s16le` or `vorbis`. */
  readonly codec: string;
  /** FFmpeg's name of what the decoder gives, such as `s16` or `fltp`. */
  readonly sampleFormat: string;
  /** Bits of an integer sample; `null` for floats, which all lossy codecs of today decode to. */
  readonly bits: number | null;
  readonly tags: Tags;
}

/** @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_UNSUPPORTED` */
export function probe(path: string): Probe {
  const source = openSource(path, true);
  const context = new CodecContext();
  try {
    const { stream, format } = source;
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    context.allocContext3(codec);
    context.parametersToContext(stream.codecpar);
    const opened = codec === null ? -1 : context.open2Sync(codec, null);
    const storage = storageOf(context.sampleFormat);
    if (codec === null || opened < 0 || storage === null) {
      throw new MillpondError(
        'ERR_AUDIO_UNSUPPORTED',
        `An input is in a codec that FFmpeg decodes, got codec number ${stream.codecpar.codecId} in ${quote(path)}. Convert it first.`,
      );
    }
    const { type, bits } = depthOf(storage, context.bitsPerRawSample);
    const { timeBase, duration } = stream;
    const seconds =
      duration > 0n ? (Number(duration) * timeBase.num) / timeBase.den : Number(format.duration) / 1_000_000;
    return {
      seconds: seconds > 0 ? seconds : null,
      sampleRate: context.sampleRate,
      channels: stream.codecpar.channels,
      codec: codec.name ?? String(codec.id),
      sampleFormat: storage.name,
      bits: type === 'integer' ? bits : null,
      tags: readTags(format, stream),
    };
  } finally {
    context.freeContext();
    source.close();
  }
}
