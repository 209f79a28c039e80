/**
 * What of a file is damaged or missing: counted as it is decoded, judged at its end. A lossy stream plays on
 * over a lost packet, as every player does; from a lossless one nothing may be missing. Owned by one decoder,
 * on its thread.
 */
import { AV_CODEC_ID_FLAC, AV_CODEC_PROP_LOSSLESS } from 'node-av/constants';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { nativeReason } from '../native-error.ts';
import type { Container } from './container.ts';

/** Containers that store how long they are; others are measured by their size, or guessed. */
const TELLS_LENGTH = /^(aiff|au|caf|mp3|mov,|matroska,)/;
/** Priming and padding may or may not be counted. */
const LENGTH_TOLERANCE_FRAMES = 8192;

export class Damage {
  /** For the user; complete after {@link judge}. */
  readonly warnings: string[];
  readonly #container: Container;
  readonly #name: string;
  #packets = 0;

  constructor(container: Container) {
    this.#container = container;
    this.#name = jsonText(container.source.name);
    this.warnings = [...container.warnings];
  }

  /** @throws MillpondError `ERR_AUDIO_DECODE` where nothing may be missing */
  tolerate(result: number, decodedFrames: number): void {
    this.#packets++;
    if (this.#container.stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS)) {
      throw this.#lossless(`damage after frame ${decodedFrames} of ${this.#name}: ${nativeReason(result)}`);
    }
  }

  /**
   * To be called at the end.
   * @throws MillpondError `ERR_AUDIO_DECODE` where nothing was left, or something must not be missing
   */
  judge(decodedFrames: number, announcedFrames: number): void {
    if (this.#packets > 0 && decodedFrames === 0) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `An audio file holds audio that decodes, got ${this.#packets} damaged packets and nothing else in ${this.#name}. Restore the file.`,
      );
    }
    this.#compareLength(decodedFrames, announcedFrames);
    if (this.#packets > 0) this.#warnOnce(`Skipped ${this.#packets} damaged packets.`);
  }

  /**
   * FFmpeg drops FLAC frames that it does not recognize without a word, and ends a cut-off WAV where it ends.
   */
  #compareLength(decodedFrames: number, announcedFrames: number): void {
    const { stream, format, cutOff } = this.#container;
    const { codecpar, duration } = stream;
    const container = format.iformat?.name;
    if (container === 'flac' && codecpar.codecId === AV_CODEC_ID_FLAC && duration > BigInt(decodedFrames)) {
      throw this.#lossless(`${decodedFrames} of ${duration} frames of ${this.#name}`);
    }
    const short =
      TELLS_LENGTH.test(container ?? '') &&
      announcedFrames - decodedFrames > LENGTH_TOLERANCE_FRAMES &&
      this.#packets === 0;
    const unknown = container === 'wav' && duration <= 0n && decodedFrames > 0;
    if (cutOff || short || unknown) {
      this.#warnOnce('The file is cut off, or its header is wrong: what is there was decoded.');
    }
  }

  #lossless(got: string): MillpondError {
    return new MillpondError(
      'ERR_AUDIO_DECODE',
      `A lossless audio file decodes without error, got ${got}. Restore the file.`,
    );
  }

  #warnOnce(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }
}
