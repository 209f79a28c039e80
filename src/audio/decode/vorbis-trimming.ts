/**
 * Where the sound of Vorbis in Ogg begins and ends. FFmpeg miscounts what fits in one page: it takes the
 * first packet, which only primes the decoder, for sound, and then cuts too much off the end or nothing. In a
 * chained file it takes the first packet of each further link for sound. What the pages say is right
 * (docs/decisions/022). Owned by one decoder, on its thread.
 * Invariant: a limit is set only from the last packet of a link on, so it can cut off nothing before that.
 */
import { AV_PKT_DATA_NEW_EXTRADATA, AV_PKT_DATA_SKIP_SAMPLES } from 'node-av/constants';
import type { Packet } from 'node-av/lib';
import type { Source } from '../sources/source.ts';
import { oggLinks } from './ogg-links.ts';

/** What has to be done to the codec. */
interface TrimmedCodec {
  /**
   * FFmpeg's decoder would go on with the code books of the link before, and turn the next one into noise.
   */
  beginAnew(headers: Buffer): void;
  /** FFmpeg cuts nothing off any more. */
  stopTrimming(): void;
}

export class VorbisTrimming {
  readonly #source: Source;
  readonly #codec: TrimmedCodec;
  #first = true;
  /** What each link of the file says it holds, once it is known to matter; which of them is being decoded. */
  #links: number[] | null = null;
  #link = 0;
  #linkEnd = Number.POSITIVE_INFINITY;
  #limit = Number.POSITIVE_INFINITY;

  constructor(source: Source, codec: TrimmedCodec) {
    this.#source = source;
    this.#codec = codec;
  }

  /** How many frames may have been decoded at most: known when the last packet of a link is. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * Looks at a packet before it is decoded.
   * @returns whether the packet only primes the decoder: what it yields is no sound
   */
  correct(packet: Packet, decodedFrames: number): boolean {
    const first = this.#first;
    this.#first = false;
    const headers = first ? null : packet.getSideData(AV_PKT_DATA_NEW_EXTRADATA);
    const miscounted = headers !== null || (first && packet.pts === 0n);
    if (headers !== null) {
      this.#link++;
      this.#codec.beginAnew(headers);
    }
    if (miscounted) {
      this.#codec.stopTrimming();
      this.#links ??= oggLinks(this.#source);
      this.#linkEnd = decodedFrames + (this.#links[this.#link] || Number.POSITIVE_INFINITY);
      this.#limit = Number.POSITIVE_INFINITY;
    }
    // Only the last packet of a link has something to cut off, so nothing before it can be lost.
    if (this.#links !== null && packet.getSideData(AV_PKT_DATA_SKIP_SAMPLES) !== null) {
      this.#limit = this.#linkEnd;
    }
    return miscounted;
  }
}
