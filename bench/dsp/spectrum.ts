/** Magnitudes of windowed FFTs, as a user would write them: radix 2, in place, over two Float32 arrays. */

export const WINDOW = 1024;
export const BINS = WINDOW / 2 + 1;

const hann = Float32Array.from(
  { length: WINDOW },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW),
);
const cosines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / WINDOW));
const sines = Float64Array.from({ length: WINDOW / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / WINDOW));
const reversed = Uint16Array.from({ length: WINDOW }, (_, i) => {
  let bits = 0;
  for (let bit = 1; bit < WINDOW; bit <<= 1) bits = (bits << 1) | (i & bit ? 1 : 0);
  return bits;
});

/** How many windows of a block there are; they do not overlap, and the last one is filled up with silence. */
export function windowsOf(samples: number): number {
  return Math.ceil(samples / WINDOW);
}

/**
 * Writes `BINS` magnitudes for each window of the block.
 * @param real and `imaginary` are working memory of at least `WINDOW` samples
 */
export function magnitudes(
  input: Float32Array,
  samples: number,
  real: Float32Array,
  imaginary: Float32Array,
  output: Float32Array,
): void {
  for (let window = 0; window < windowsOf(samples); window++) {
    const start = window * WINDOW;
    for (let i = 0; i < WINDOW; i++) {
      const at = reversed[i];
      real[i] = start + at < samples ? input[start + at] * hann[at] : 0;
      imaginary[i] = 0;
    }
    transform(real, imaginary);
    const first = window * BINS;
    for (let bin = 0; bin < BINS; bin++) {
      output[first + bin] = Math.sqrt(real[bin] * real[bin] + imaginary[bin] * imaginary[bin]);
    }
  }
}

/** The butterflies; the input is in bit-reversed order already. */
function transform(real: Float32Array, imaginary: Float32Array): void {
  for (let half = 1, step = WINDOW / 2; half < WINDOW; half *= 2, step /= 2) {
    for (let start = 0; start < WINDOW; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const upper = start + k;
        const lower = upper + half;
        const cosine = cosines[k * step];
        const sine = sines[k * step];
        const re = real[lower] * cosine - imaginary[lower] * sine;
        const im = real[lower] * sine + imaginary[lower] * cosine;
        real[lower] = real[upper] - re;
        imaginary[lower] = imaginary[upper] - im;
        real[upper] += re;
        imaginary[upper] += im;
      }
    }
  }
}
