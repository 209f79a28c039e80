/**
 * A user's DSP job over a file of samples, block by block: the same for every contender but for where its
 * memory is from.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Pool } from 'millpond/worker';
import type { PauseWords } from '../pauses.ts';
import { filter, lowPass, peaking } from './biquad.ts';
import { BINS, magnitudes, WINDOW, windowsOf } from './spectrum.ts';

export type Kind = 'biquad' | 'spectrum';

export interface DspTask {
  readonly kind: Kind;
  /** Mono Float32 samples without a header. */
  readonly file: string;
  /** At least as large as one window's magnitudes. */
  readonly blockBytes: number;
  readonly pauses: PauseWords;
}

const RATE = 48_000;
const CHAIN = [
  peaking(120, RATE, 0.8, 3),
  peaking(900, RATE, 1.1, -2),
  peaking(3500, RATE, 1.4, 2.5),
  lowPass(7000, RATE, Math.SQRT1_2),
];

export const newState = (): Float64Array => new Float64Array(2 * CHAIN.length);

/** Reads, works, sums up. @returns the energy of all outputs */
export function workThrough({ kind, file, blockBytes }: DspTask, pool: Pool): number {
  const descriptor = openSync(file, 'r');
  const state = newState();
  let energy = 0;
  try {
    for (;;) {
      using input = pool.acquire(blockBytes);
      const samples = readSync(descriptor, input.bytes) / 4;
      if (samples === 0) return energy;
      using output = pool.acquire(blockBytes);
      if (kind === 'biquad') energy += biquad(state, input.float32, output.float32, samples);
      else energy += spectrum(input.float32, output.float32, samples, pool);
    }
  } finally {
    closeSync(descriptor);
  }
}

export function biquad(
  state: Float64Array,
  input: Float32Array,
  output: Float32Array,
  samples: number,
): number {
  chain(state, input, output, samples);
  return energyOf(output, samples);
}

export function chain(state: Float64Array, input: Float32Array, output: Float32Array, samples: number): void {
  filter(CHAIN, state, input, output, samples);
}

export function spectrum(input: Float32Array, output: Float32Array, samples: number, pool: Pool): number {
  using real = pool.acquire(WINDOW * 4);
  using imaginary = pool.acquire(WINDOW * 4);
  magnitudes(input, samples, real.float32, imaginary.float32, output);
  return energyOf(output, windowsOf(samples) * BINS);
}

function energyOf(samples: Float32Array, count: number): number {
  let energy = 0;
  for (let i = 0; i < count; i++) energy += samples[i] * samples[i];
  return energy;
}
