/**
 * Loudness by ITU-R BS.1770-5 and EBU R128 (Tech 3341, 3342). Owned by one task on one thread.
 * Invariant: sums are added sample by sample from the first on, so the result does not depend on how the
 * audio was cut into blocks.
 *
 */
import { type KWeighting, kWeighting } from './k-weighting.ts';
import { LoudnessGate, loudnessOf } from './loudness-gate.ts';

/** Fine enough to meet the loudest window of a short sound (Tech 3341, case 13). */
const STEPS_PER_SECOND = 50;
const MOMENTARY_STEPS = 20;
const SHORT_TERM_STEPS = 150;
/** Gates get a window every 0.1 s: three quarters of it are in the one before (BS.1770). */
const GATED_STEPS = 5;

const INTEGRATED_GATE = -10;
const RANGE_GATE = -20;
const RANGE_LOW = 0.1;
const RANGE_HIGH = 0.95;

/** Of one channel's two sections. */
const STATES = 4;
/** A decaying filter reaches numbers that a CPU adds a hundred times slower; these are silence already. */
const SILENCE = 1e-30;

export interface Loudness {
  /** LUFS over the whole, gated; `null` where nothing is louder than -70 LUFS for 0.4 s. */
  readonly integrated: number | null;
  /** LU (EBU Tech 3342); `null` where nothing is louder than -70 LUFS for 3 s. */
  readonly range: number | null;
  /** LUFS, the greatest of any 0.4 s; `null` for audio that is shorter, or silent. */
  readonly momentaryMax: number | null;
  /** LUFS, the greatest of any 3 s; `null` for audio that is shorter, or silent. */
  readonly shortTermMax: number | null;
}

export class LoudnessMeter {
  readonly #weights: readonly number[];
  readonly #filter: KWeighting;
  readonly #states: Float64Array;
  readonly #stepFrames: number;
  /** Of the weighted squares of the step that is being added up, by channel. */
  readonly #sums: Float64Array;
  readonly #steps = new Float64Array(SHORT_TERM_STEPS);
  readonly #momentary = new LoudnessGate();
  readonly #shortTerm = new LoudnessGate();
  #filled = 0;
  #count = 0;
  #momentaryMax = 0;
  #shortTermMax = 0;

  /** @param weights of each channel, see `channelWeights`; one of weight 0 is not looked at */
  constructor(sampleRate: number, weights: readonly number[]) {
    this.#weights = weights;
    this.#filter = kWeighting(sampleRate);
    this.#stepFrames = Math.max(1, Math.round(sampleRate / STEPS_PER_SECOND));
    this.#states = new Float64Array(weights.length * STATES);
    this.#sums = new Float64Array(weights.length);
  }

  measure(planes: readonly Float32Array[], frames: number): void {
    for (let from = 0; from < frames; ) {
      const to = Math.min(frames, from + this.#stepFrames - this.#filled);
      this.#filterRun(planes, from, to);
      this.#filled += to - from;
      from = to;
      if (this.#filled === this.#stepFrames) this.#endStep();
    }
  }

  result(): Loudness {
    return {
      integrated: this.#momentary.integrated(INTEGRATED_GATE),
      range: this.#shortTerm.range(RANGE_GATE, RANGE_LOW, RANGE_HIGH),
      momentaryMax: this.#momentaryMax > 0 ? loudnessOf(this.#momentaryMax) : null,
      shortTermMax: this.#shortTermMax > 0 ? loudnessOf(this.#shortTermMax) : null,
    };
  }

  #filterRun(planes: readonly Float32Array[], from: number, to: number): void {
    const weights = this.#weights;
    for (let channel = 0; channel < weights.length; ) {
      if (weights[channel] === 0) channel++;
      else if (channel + 1 < weights.length && weights[channel + 1] !== 0) {
        this.#filterTwo(planes, channel, from, to);
        channel += 2;
      } else this.#filterOne(planes[channel], channel++, from, to);
    }
  }

  #filterOne(samples: Float32Array, channel: number, from: number, to: number): void {
    const { b0, b1, b2, a1, a2, c1, c2 } = this.#filter;
    const states = this.#states;
    const at = channel * STATES;
    let [s1, s2, t1, t2] = [states[at], states[at + 1], states[at + 2], states[at + 3]];
    let sum = this.#sums[channel];
    for (let i = from; i < to; i++) {
      const x = samples[i];
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      const z = y + t1;
      t1 = t2 - 2 * y - c1 * z;
      t2 = y - c2 * z;
      sum += z * z;
    }
    states[at] = s1;
    states[at + 1] = s2;
    states[at + 2] = t1;
    states[at + 3] = t2;
    this.#sums[channel] = sum;
  }

  /** Two channels at once: each sample waits for the one before it, and a CPU does the other meanwhile. */
  #filterTwo(planes: readonly Float32Array[], channel: number, from: number, to: number): void {
    const { b0, b1, b2, a1, a2, c1, c2 } = this.#filter;
    const left = planes[channel];
    const right = planes[channel + 1];
    const states = this.#states;
    const at = channel * STATES;
    let [s1, s2, t1, t2] = [states[at], states[at + 1], states[at + 2], states[at + 3]];
    let [u1, u2, v1, v2] = [states[at + 4], states[at + 5], states[at + 6], states[at + 7]];
    let sum = this.#sums[channel];
    let other = this.#sums[channel + 1];
    for (let i = from; i < to; i++) {
      const x = left[i];
      const w = right[i];
      const y = b0 * x + s1;
      const q = b0 * w + u1;
      s1 = b1 * x - a1 * y + s2;
      u1 = b1 * w - a1 * q + u2;
      s2 = b2 * x - a2 * y;
      u2 = b2 * w - a2 * q;
      const z = y + t1;
      const r = q + v1;
      t1 = t2 - 2 * y - c1 * z;
      v1 = v2 - 2 * q - c1 * r;
      t2 = y - c2 * z;
      v2 = q - c2 * r;
      sum += z * z;
      other += r * r;
    }
    states[at] = s1;
    states[at + 1] = s2;
    states[at + 2] = t1;
    states[at + 3] = t2;
    states[at + 4] = u1;
    states[at + 5] = u2;
    states[at + 6] = v1;
    states[at + 7] = v2;
    this.#sums[channel] = sum;
    this.#sums[channel + 1] = other;
  }

  #endStep(): void {
    const sums = this.#sums;
    let energy = 0;
    for (let channel = 0; channel < sums.length; channel++) energy += this.#weights[channel] * sums[channel];
    sums.fill(0);
    const states = this.#states;
    for (let i = 0; i < states.length; i++) if (Math.abs(states[i]) < SILENCE) states[i] = 0;
    this.#steps[this.#count % SHORT_TERM_STEPS] = energy / this.#stepFrames;
    this.#count++;
    this.#filled = 0;
    const gated = this.#count % GATED_STEPS === 0;
    if (this.#count >= MOMENTARY_STEPS) {
      const momentary = this.#mean(MOMENTARY_STEPS);
      if (gated) this.#momentary.add(momentary);
      this.#momentaryMax = Math.max(this.#momentaryMax, momentary);
    }
    if (this.#count >= SHORT_TERM_STEPS) {
      const shortTerm = this.#mean(SHORT_TERM_STEPS);
      if (gated) this.#shortTerm.add(shortTerm);
      this.#shortTermMax = Math.max(this.#shortTermMax, shortTerm);
    }
  }

  #mean(steps: number): number {
    let sum = 0;
    for (let step = this.#count - steps; step < this.#count; step++) {
      sum += this.#steps[step % SHORT_TERM_STEPS];
    }
    return sum / steps;
  }
}
