/**
 * The true peak of one channel: the greatest value between the samples too, where a converter would draw its
 * curve, by four times oversampling (ITU-R BS.1770-5, annex 2). Owned by one task on one thread.
 * Invariant: a stretch is interpolated unless it provably holds no greater peak, so what is left out changes
 * nothing.
 */
import { STRETCH } from './levels.ts';

/** Of each of the interpolation filters; 48 in all at four times. */
const TAPS = 12;
const BEFORE = TAPS - 1;
/** Of the Kaiser window: at 48 kHz flat to 0.1 dB up to 18 kHz, -0.3 dB at 19. */
const BETA = 4;

/** Values at a share of the way between the two samples in the middle of twelve. */
function interpolator(share: number): number[] {
  return Array.from({ length: TAPS }, (_, tap) => {
    const distance = tap - (TAPS / 2 - 1) - share;
    const x = Math.PI * distance;
    const along = distance / (TAPS / 2);
    return ((Math.sin(x) / x) * bessel(BETA * Math.sqrt(1 - along * along))) / bessel(BETA);
  });
}

/** The modified Bessel function of order zero, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 24; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

const QUARTER = interpolator(0.25);
const HALF = interpolator(0.5);

/** How far a filter can raise a peak at most. */
function gainOf(filter: readonly number[]): number {
  return filter.reduce((sum, weight) => sum + Math.abs(weight), 0);
}

const MOST_GAIN = Math.max(gainOf(QUARTER), gainOf(HALF));

/** Where converters oversample less: above 96 kHz two times are enough, and none above 192 kHz. */
function oversamplingOf(sampleRate: number): 1 | 2 | 4 {
  if (sampleRate < 96_000) return 4;
  return sampleRate < 192_000 ? 2 : 1;
}

export class TruePeakMeter {
  /** The greatest so far, as a factor of full scale; never below the greatest sample. */
  peak = 0;
  readonly #oversampling: 1 | 2 | 4;
  /** The last samples of the block before, and behind them the first of this one. */
  readonly #seam = new Float32Array(BEFORE + STRETCH);
  /** The greatest sample among the last. */
  #before = 0;

  constructor(sampleRate: number) {
    this.#oversampling = oversamplingOf(sampleRate);
  }

  /** @param magnitudes the greatest sample of each 32 of these, see `LevelMeter` */
  measure(samples: Float32Array, frames: number, magnitudes: Float32Array): void {
    if (frames === 0) return;
    const seam = this.#seam;
    const head = Math.min(frames, STRETCH);
    for (let i = 0; i < head; i++) seam[BEFORE + i] = samples[i];
    this.#stretch(seam, BEFORE, BEFORE + head, magnitudes[0]);
    for (let from = STRETCH, at = 1; from < frames; from += STRETCH, at++) {
      this.#stretch(samples, from, Math.min(frames, from + STRETCH), magnitudes[at]);
    }
    if (frames >= BEFORE) seam.set(samples.subarray(frames - BEFORE, frames));
    else seam.copyWithin(0, frames, frames + BEFORE);
    let before = 0;
    for (let i = 0; i < BEFORE; i++) before = Math.max(before, Math.abs(seam[i]));
    this.#before = before;
  }

  /** To be called once, after the last block: the curve runs out into silence. */
  finish(): void {
    const silence = new Float32Array(TAPS / 2);
    this.measure(silence, silence.length, new Float32Array(1));
  }

  /** @param magnitude the greatest sample from `from` to `to` */
  #stretch(samples: Float32Array, from: number, to: number, magnitude: number): void {
    const most = Math.max(magnitude, this.#before) * MOST_GAIN;
    this.#before = magnitude;
    if (magnitude > this.peak) this.peak = magnitude;
    if (this.#oversampling === 1 || most <= this.peak) return;
    const between = this.#oversampling === 4 ? quarters(samples, from, to) : halves(samples, from, to);
    if (between > this.peak) this.peak = between;
  }
}

const [q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11] = QUARTER;
const [h0, h1, h2, h3, h4, h5] = HALF;

/** The greatest of the three values before each sample, six samples late. */
function quarters(samples: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) {
    const a = samples[i - 11];
    const b = samples[i - 10];
    const c = samples[i - 9];
    const d = samples[i - 8];
    const e = samples[i - 7];
    const f = samples[i - 6];
    const g = samples[i - 5];
    const h = samples[i - 4];
    const j = samples[i - 3];
    const k = samples[i - 2];
    const l = samples[i - 1];
    const m = samples[i];
    const one =
      q0 * a +
      q1 * b +
      q2 * c +
      q3 * d +
      q4 * e +
      q5 * f +
      (q6 * g + q7 * h + q8 * j + q9 * k + q10 * l + q11 * m);
    const two = h0 * (a + m) + h1 * (b + l) + h2 * (c + k) + (h3 * (d + j) + h4 * (e + h) + h5 * (f + g));
    const three =
      q11 * a +
      q10 * b +
      q9 * c +
      q8 * d +
      q7 * e +
      q6 * f +
      (q5 * g + q4 * h + q3 * j + q2 * k + q1 * l + q0 * m);
    most = Math.max(most, Math.abs(one), Math.abs(two), Math.abs(three));
  }
  return most;
}

function halves(samples: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) {
    const value =
      h0 * (samples[i - 11] + samples[i]) +
      h1 * (samples[i - 10] + samples[i - 1]) +
      h2 * (samples[i - 9] + samples[i - 2]) +
      h3 * (samples[i - 8] + samples[i - 3]) +
      h4 * (samples[i - 7] + samples[i - 4]) +
      h5 * (samples[i - 6] + samples[i - 5]);
    most = Math.max(most, Math.abs(value));
  }
  return most;
}
