/** What is known of an audio file once its first frame is decoded. Types: plans need no native code. */
import type { AudioTags } from '../tags/model.ts';
import type { Layout } from './channels.ts';

/** `bits` of an integer depth: 1 to 64, those that carry sound. Of a float: 32 or 64. */
export interface Depth {
  readonly type: 'integer' | 'float';
  readonly bits: number;
}

export interface AudioInfo {
  /** Hz, as decoded. */
  readonly sampleRate: number;
  /** 1 to 8. */
  readonly channels: number;
  readonly layout: Layout;
  /** FFmpeg's name of the codec, such as `pcm_s16le` or `vorbis`. */
  readonly codec: string;
  /** FFmpeg's name of what the decoder gives, such as `s16` or `fltp`. */
  readonly sampleFormat: string;
  readonly depth: Depth;
  readonly lossless: boolean;
  /** Frames the container announces, at `sampleRate`; `null` where it does not say. Not always exact. */
  readonly announcedFrames: number | null;
  /** Pictures are read from the audio file, so only while its decoder is open. */
  readonly tags: AudioTags;
}
