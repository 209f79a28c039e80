/**
 * What can be said of one channel sample by sample: peak, mean, power, clipping, where its sound begins and
 * ends. Owned by one task on one thread.
 * Invariant: sums are added sample by sample from the first on, so the result does not depend on how the
 * audio was cut into blocks.
 *
 */

/** Frames that are looked at together; `TruePeakMeter` counts on it. */
export const STRETCH = 32;

export class LevelMeter {
  /** As a factor of full scale. */
  peak = 0;
  /** Samples at full scale or past it. */
  clipped = 0;
  /** Samples that were no finite numbers, and count as silence. */
  invalid = 0;
  /** Frames before the first sample over the threshold of silence; all where there is none. */
  leading = 0;
  /** Frames up to the last sample over the threshold, it included; 0 where there is none. */
  sounding = 0;
  frames = 0;
  readonly #fullScale: number;
  readonly #threshold: number;
  #sum = 0;
  #squares = 0;

  /**
   * @param fullScale the greatest sample of the source's depth @param threshold both as a factor of full
   * scale
   */
  constructor(fullScale: number, threshold: number) {
    this.#fullScale = fullScale;
    this.#threshold = threshold;
  }

  /** -1 to 1: how far the middle is off zero. */
  get mean(): number {
    return this.frames === 0 ? 0 : this.#sum / this.frames;
  }

  /** Root of the mean square, the mean left in; 0 to 1. */
  get rms(): number {
    return this.frames === 0 ? 0 : Math.sqrt(this.#squares / this.frames);
  }

  /**
   * Samples that are no finite numbers become silence in place.
   * @param magnitudes gets the greatest sample of each 32; room for `frames / 32`, rounded up
   */
  measure(samples: Float32Array, frames: number, magnitudes: Float32Array): void {
    for (let from = 0, at = 0; from < frames; from += STRETCH, at++) {
      const to = Math.min(frames, from + STRETCH);
      let most = this.#add(samples, from, to);
      if (!Number.isFinite(most)) {
        this.#silence(samples, from, to);
        most = this.#add(samples, from, to);
      }
      magnitudes[at] = most;
      if (most > this.peak) this.peak = most;
      if (most >= this.#fullScale) this.#countClipped(samples, from, to);
      if (most > this.#threshold) this.#sound(samples, from, to);
    }
    this.frames += frames;
    if (this.sounding === 0) this.leading = this.frames;
  }

  /** @returns the greatest sample; not finite where one is not, and then nothing was added */
  #add(samples: Float32Array, from: number, to: number): number {
    let most = 0;
    let sum = this.#sum;
    let squares = this.#squares;
    for (let i = from; i < to; i++) {
      const sample = samples[i];
      most = Math.max(most, Math.abs(sample));
      sum += sample;
      squares += sample * sample;
    }
    if (!Number.isFinite(most)) return most;
    this.#sum = sum;
    this.#squares = squares;
    return most;
  }

  #silence(samples: Float32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (Number.isFinite(samples[i])) continue;
      samples[i] = 0;
      this.invalid++;
    }
  }

  #countClipped(samples: Float32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) if (Math.abs(samples[i]) >= this.#fullScale) this.clipped++;
  }

  #sound(samples: Float32Array, from: number, to: number): void {
    if (this.sounding === 0) {
      let first = from;
      while (!(Math.abs(samples[first]) > this.#threshold)) first++;
      this.leading = this.frames + first;
    }
    let last = to - 1;
    while (!(Math.abs(samples[last]) > this.#threshold)) last--;
    this.sounding = this.frames + last + 1;
  }
}
