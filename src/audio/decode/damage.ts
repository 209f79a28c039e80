/**
 * What of a file is damaged or missing: counted as it is decoded, judged at its end. A lossy stream plays on
 * over a lost packet, as every player does; from a lossless one nothing may be missing. Owned by one decoder,
 * on its thread.
 */
import { AV_CODEC_PROP_LOSSLESS, AVERROR_INVALIDDATA } from 'node-av/constants';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import { nativeReason } from '../native-error.ts';
import { leftOutBehind } from '../survey/left-out.ts';
import type { Container } from './container.ts';
import { decoderOf } from './decoders.ts';
import { exactFrames } from './describe.ts';
import { endsInPadding } from './ending.ts';

/** Containers that store how long they are, about; others are measured by their size, or guessed. */
const TELLS_LENGTH = /^(aiff|au|caf|mp3|mov,|matroska,)/;
/** Priming and padding may or may not be counted. */
const LENGTH_TOLERANCE_FRAMES = 8192;

/** Those of discs have packets with heads, which may be damaged. */
const PLAIN_SAMPLES = /^pcm_(?!bluray|dvd)/;

const CUT_OFF = 'The file is cut off, or its header is wrong: what is there was decoded.';

export class Damage {
  /** For the user; complete after {@link judge}. */
  readonly warnings: string[];
  readonly #container: Container;
  readonly #name: string;
  /** Frames that it has, where the container tells exactly; else `null`. */
  readonly #length: number | null;
  #packets = 0;
  #partOfFrame = false;
  #cutOff = false;

  constructor(container: Container) {
    this.#container = container;
    this.#name = jsonText(container.source.name);
    this.warnings = [...container.warnings];
    this.#length = exactFrames(container);
  }

  /** Whether something did not decode, or is missing; complete after {@link judge}. */
  get found(): boolean {
    return this.#packets > 0 || this.#cutOff;
  }

  /**
   * A packet that does not decode, or cannot be read.
   * @returns whether more may come: not once all that was announced is there, since what comes then is none
   * of the sound
   * @throws MillpondError `ERR_AUDIO_DECODE` where nothing may be missing
   */
  tolerate(result: number, decodedFrames: number): boolean {
    // FFmpeg takes what could not be read for what is damaged.
    this.#container.rethrow();
    if (this.#length !== null && decodedFrames >= this.#length) {
      this.#warnOnce(leftOutBehind('it is no sound'));
      return false;
    }
    this.#packets++;
    if (this.#isLossless) {
      throw this.#lossless(`damage after frame ${decodedFrames} of ${this.#name}: ${nativeReason(result)}`);
    }
    return true;
  }

  /** As {@link tolerate}, of what a decoder refused. All it refuses of plain samples is a part of a frame. */
  refused(result: number, decodedFrames: number): boolean {
    const { codecId } = this.#container.stream.codecpar;
    const plain = PLAIN_SAMPLES.test(decoderOf(codecId)?.name ?? '');
    if (!plain || result !== AVERROR_INVALIDDATA) return this.tolerate(result, decodedFrames);
    this.#partOfFrame = true;
    return true;
  }

  /**
   * To be called at the end.
   * @throws MillpondError `ERR_AUDIO_DECODE` where nothing was left, or something must not be missing
   */
  judge(decodedFrames: number, announcedFrames: number): void {
    this.#container.rethrow();
    if (this.#packets > 0 && decodedFrames === 0) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `An audio file holds audio that decodes, got ${this.#packets} damaged packets and nothing else in ${this.#name}. Restore the file.`,
      );
    }
    this.#compareLength(decodedFrames, announcedFrames);
    if (this.#packets > 0) this.#warnOnce(`Skipped ${this.#packets} damaged packets.`);
  }

  /** FFmpeg drops FLAC frames that it does not recognize without a word, and ends what is cut off there. */
  #compareLength(decodedFrames: number, announcedFrames: number): void {
    const { format, sound, source } = this.#container;
    if (this.#length !== null && this.#length > decodedFrames && this.#isLossless) {
      throw this.#lossless(`${decodedFrames} of ${this.#length} frames of ${this.#name}`);
    }
    const short =
      TELLS_LENGTH.test(format.iformat?.name ?? '') &&
      announcedFrames - decodedFrames > LENGTH_TOLERANCE_FRAMES &&
      this.#packets === 0;
    const torn = this.#partOfFrame && !(sound !== null && endsInPadding(sound, source.end));
    this.#cutOff = short || torn || this.#container.isCutOff();
    if (this.#cutOff) this.#warnOnce(CUT_OFF);
  }

  get #isLossless(): boolean {
    return this.#container.stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS);
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
