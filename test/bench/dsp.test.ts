import { describe, expect, it } from 'vitest';
import { filter, lowPass, peaking } from '../../bench/dsp/biquad.ts';
import { BINS, magnitudes, WINDOW, windowsOf } from '../../bench/dsp/spectrum.ts';

const RATE = 48_000;
const sine = (frequency: number, samples: number) =>
  Float32Array.from({ length: samples }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / RATE));
const loudest = (samples: Float32Array) =>
  samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe("the benchmark's biquad chain", () => {
  it.each([
    { section: lowPass(1000, RATE, Math.SQRT1_2), frequency: 1000, gain: Math.SQRT1_2 },
    { section: lowPass(1000, RATE, Math.SQRT1_2), frequency: 20, gain: 1 },
    { section: peaking(2000, RATE, 1, 6), frequency: 2000, gain: 10 ** (6 / 20) },
  ])('has a gain of $gain at $frequency Hz', ({ section, frequency, gain }) => {
    const output = new Float32Array(RATE);
    filter([section], new Float64Array(2), sine(frequency, RATE), output, RATE);
    expect(loudest(output.subarray(RATE / 2))).toBeCloseTo(gain, 2);
  });

  it('makes the same of one long block and of several short ones', () => {
    const chain = [lowPass(4000, RATE, 0.7), peaking(500, RATE, 2, -3)];
    const input = sine(700, 1000);
    const [whole, parts] = [new Float32Array(1000), new Float32Array(1000)];
    filter(chain, new Float64Array(4), input, whole, 1000);
    const state = new Float64Array(4);
    for (let at = 0; at < 1000; at += 250) {
      filter(chain, state, input.subarray(at), parts.subarray(at), 250);
    }
    expect(parts).toEqual(whole);
  });
});

describe("the benchmark's spectrum", () => {
  it('has its peak at the bin of a sine, at half the sum of the window', () => {
    const bin = 100;
    const output = new Float32Array(BINS);
    const [real, imaginary] = [new Float32Array(WINDOW), new Float32Array(WINDOW)];
    magnitudes(sine((bin * RATE) / WINDOW, WINDOW), WINDOW, real, imaginary, output);
    expect(output.indexOf(loudest(output))).toBe(bin);
    expect(output[bin]).toBeCloseTo(WINDOW / 4, 1);
    expect(output[bin + 5]).toBeCloseTo(0, 2);
  });

  it('fills the last window up with silence', () => {
    expect(windowsOf(WINDOW + 1)).toBe(2);
    const output = new Float32Array(2 * BINS).fill(-1);
    const [real, imaginary] = [new Float32Array(WINDOW), new Float32Array(WINDOW)];
    magnitudes(new Float32Array(2 * WINDOW).fill(1), WINDOW + 1, real, imaginary, output);
    expect(output[0]).toBeCloseTo(WINDOW / 2, 1);
    expect(loudest(output.subarray(BINS))).toBeCloseTo(0, 5);
  });
});
