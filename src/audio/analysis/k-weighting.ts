/**
 * The filter that BS.1770 puts before the measurement of loudness: a shelf for the head and a high pass. The
 * Recommendation gives coefficients at 48 kHz only; those of other rates come from the analogue filters that
 * they are the bilinear transform of (ITU-R BS.1770-5, annex 1; the analogue parameters are those of Brecht
 * De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 2018).
 *
 */

const SHELF_HZ = 1681.974450955533;
const SHELF_DB = 3.999843853973347;
const SHELF_Q = 0.7071752369554196;
const HIGH_PASS_HZ = 38.13547087602444;
const HIGH_PASS_Q = 0.5003270373238773;

/** Of the two sections, one after the other; `a0` is 1, and the high pass has the numerator 1, -2, 1. */
export interface KWeighting {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
  readonly c1: number;
  readonly c2: number;
}

/** @param sampleRate Hz */
export function kWeighting(sampleRate: number): KWeighting {
  const shelf = Math.tan((Math.PI * Math.min(SHELF_HZ, sampleRate * 0.49)) / sampleRate);
  const head = 10 ** (SHELF_DB / 20);
  const slope = head ** 0.4996667741545416;
  const scale = 1 + shelf / SHELF_Q + shelf * shelf;
  const pass = Math.tan((Math.PI * HIGH_PASS_HZ) / sampleRate);
  const passScale = 1 + pass / HIGH_PASS_Q + pass * pass;
  return {
    b0: (head + (slope * shelf) / SHELF_Q + shelf * shelf) / scale,
    b1: (2 * (shelf * shelf - head)) / scale,
    b2: (head - (slope * shelf) / SHELF_Q + shelf * shelf) / scale,
    a1: (2 * (shelf * shelf - 1)) / scale,
    a2: (1 - shelf / SHELF_Q + shelf * shelf) / scale,
    c1: (2 * (pass * pass - 1)) / passScale,
    c2: (1 - pass / HIGH_PASS_Q + pass * pass) / passScale,
  };
}
