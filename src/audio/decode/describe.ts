/** What a file is, from its container, its codec and its first frame. */
import { AV_CODEC_PROP_LOSSLESS, type AVSampleFormat } from 'node-av/constants';
import { avGetCodecName, type Codec, type CodecContext, Frame } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import { type Layout, MAX_CHANNELS, namedLayout } from '../plan/channels.ts';
import { depthOf, storageOf } from '../sample-format.ts';
import type { Source } from '../sources/source.ts';
import type { Sound } from '../survey/sound.ts';
import { NO_TAGS } from '../tags/model.ts';
import type { ReadTags } from '../tags/read/read-tags.ts';
import type { Container } from './container.ts';
import { toldTags } from './tags.ts';

/** FFmpeg's time base of a whole file. */
const MICROSECONDS = 1_000_000;

/** Hz. Twice the fastest converters there are; beyond it the header is wrong. */
const MAX_SAMPLE_RATE = 1_536_000;

/** How the samples of a frame are stored, and what they stand for. */
export interface SampleForm {
  readonly format: AVSampleFormat;
  /** Hz. */
  readonly rate: number;
  readonly layout: Layout;
  /**
   * The layout as frames have it, where they don't name their speakers: swresample would take them for
   * another format's.
   */
  readonly unnamed: Layout | null;
}

/**
 * What the decoder gives: the form of a frame, or of the codec where there is none.
 * @throws MillpondError `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
 */
export function formOf(given: Frame | CodecContext, source: Source): SampleForm {
  const format = given instanceof Frame ? (given.format as AVSampleFormat) : given.sampleFormat;
  const { sampleRate: rate, channelLayout: native } = given;
  const name = jsonText(source.name);
  if (storageOf(format) === null || rate <= 0 || native.nbChannels <= 0) {
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
  if (rate > MAX_SAMPLE_RATE) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `An audio file has at most ${MAX_SAMPLE_RATE} Hz, got ${rate} in ${name}. Its header is wrong: repair it, or leave the file out.`,
    );
  }
  const layout = namedLayout(native);
  return { format, rate, layout, unnamed: layout === native ? null : native };
}

/** Frames that a container announces, at a rate in Hz; null where it does not say. */
export function announcedFrames(
  { source, sound, stream, format, mp3 }: Container,
  rate: number,
): number | null {
  if (sound !== null && (sound.form !== null || sound.bytes === null)) return framesWithin(source, sound);
  if (mp3 !== null) return mp3.frames;
  const { timeBase, duration } = stream;
  const seconds =
    duration > 0n ? (Number(duration) * timeBase.num) / timeBase.den : Number(format.duration) / MICROSECONDS;
  return seconds > 0 ? Math.round(seconds * rate) : null;
}

/** Containers of lossless sound that tell their length to the frame. */
const EXACT: ReadonlySet<string> = new Set(['flac', 'wv', 'tta', 'ape', 'tak']);

/** Frames that a container has, where it tells exactly; else `null`. */
export function exactFrames({ format, stream }: Container): number | null {
  const exact = EXACT.has(format.iformat?.name ?? '') && stream.duration > 0n;
  return exact ? Number(stream.duration) : null;
}

/** Whether what a container announces is what there is, or no whole file. */
export function tellsLength(container: Container): boolean {
  return (container.sound?.form ?? null) !== null || exactFrames(container) !== null;
}

/** What there is of the sound, whatever the header claims. */
function framesWithin({ size }: Source, { start, bytes, form }: Sound): number | null {
  const there = Math.max(0, Math.min(size - start, bytes ?? size));
  return form === null || !Number.isFinite(there) ? null : Math.floor(there / form.frameBytes) || null;
}

/**
 * @param form of the first frame
 * @param read what is known of its tags, `null` for nothing
 */
export function describe(
  container: Container,
  codec: Codec,
  context: CodecContext,
  { format, rate, layout }: SampleForm,
  read: ReadTags | null,
): AudioInfo {
  const { stream } = container;
  const storage = storageOf(format)!;
  return {
    sampleRate: rate,
    channels: layout.nbChannels,
    layout,
    // A library's name is no codec's.
    codec: (codec.wrapper === null ? codec.name : avGetCodecName(codec.id)) ?? String(codec.id),
    sampleFormat: storage.name,
    depth: depthOf(storage, container.bits ?? context.bitsPerRawSample),
    lossless: stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS),
    announcedFrames: announcedFrames(container, rate),
    tags: read?.complete === true ? read.tags : toldTags(container.format, read?.tags ?? NO_TAGS),
  };
}
