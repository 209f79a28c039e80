/** What of a stream's packets and frames is no sound, where FFmpeg does not cut it off. */
import type { Frame, Packet, Stream } from 'node-av/lib';
import type { Mp3Info } from '../survey/mp3-info.ts';

export interface Trimming {
  /**
   * Looks at a packet before it is decoded.
   * @returns whether the packet only primes the decoder: what it yields is no sound
   */
  correct(packet: Packet): boolean;
  /**
   * @param given how many frames were given out before
   * @returns how many of a decoded frame's are sound, from its first one on; 0 or fewer for none
   */
  keep(decoded: Frame, given: number): number;
}

/** Cuts off the filling at the end of an MP3, by the time at which FFmpeg says that a frame begins. */
export function mp3Trimming({ padding }: Mp3Info, { timeBase }: Stream): Trimming {
  const { num, den } = timeBase;
  return {
    correct: () => false,
    keep({ pts, nbSamples, sampleRate }) {
      const start = Math.round((Number(pts) * num * sampleRate) / den);
      const apart = start + nbSamples <= padding.from || start >= padding.to;
      return apart ? nbSamples : padding.from - start;
    },
  };
}
