/**
 * Where the sound of Vorbis in Ogg begins and ends. FFmpeg miscounts what fits in one page: it takes the
 * first packet, which only primes the decoder, for sound, and then cuts too much off the end or nothing. What
 * the pages say is right (docs/decisions/022). Owned by the reader of one link, on its thread.
 * Invariant: a limit is set only from the last packet on, so it can cut off nothing before that.
 */
import { AV_PKT_DATA_SKIP_SAMPLES } from 'node-av/constants';
import type { Frame, Packet } from 'node-av/lib';
import type { Trimming } from './trimming.ts';

export class VorbisTrimming implements Trimming {
  readonly #lastPosition: () => number;
  readonly #stopTrimming: () => void;
  #first = true;
  #miscounted = false;
  #limit = Number.POSITIVE_INFINITY;

  /**
   * @param lastPosition what the last page says, asked once that was read; 0 where it does not
   * @param stopTrimming makes FFmpeg cut nothing off any more
   */
  constructor(lastPosition: () => number, stopTrimming: () => void) {
    this.#lastPosition = lastPosition;
    this.#stopTrimming = stopTrimming;
  }

  correct(packet: Packet): boolean {
    const primes = this.#first && packet.pts === 0n;
    this.#first = false;
    if (primes) {
      this.#stopTrimming();
      this.#miscounted = true;
    }
    // Only the last packet has something to cut off, so nothing before it can be lost.
    if (this.#miscounted && packet.getSideData(AV_PKT_DATA_SKIP_SAMPLES) !== null) {
      this.#limit = this.#lastPosition() || Number.POSITIVE_INFINITY;
    }
    return primes;
  }
  /** How many may have been given out at most is known when the last packet is. */
  keep({ nbSamples }: Frame, given: number): number {
    return Math.min(nbSamples, this.#limit - given);
  }
}
