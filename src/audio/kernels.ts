/**
 * Kernels: functions over the first `frames` frames of a block, in place, without allocation.
 * They keep no state, so an audio file comes out the same however it is cut into blocks.
 */
import type { Block } from './block.ts';
import { MAX_CHANNELS } from './plan/channels.ts';

/** The factor of a gain in decibels: -6.02 dB is one half. */
export function gainFactor(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** Multiplies every sample. Values past -1..1 are kept here; an integer target clips them. */
export function gain(block: Block, frames: number, channels: number, factor: number): void {
  for (let channel = 0; channel < channels; channel++) {
    const samples = block.channel(channel);
    for (let i = 0; i < frames; i++) samples[i] *= factor;
  }
}

/**
 * Replaces what is not a number by silence, and says whether there was any, and whether anything is past
 * -1..1.
 */
export function scale(block: Block, frames: number, channels: number): { over: boolean; invalid: boolean } {
  let over = false;
  let invalid = false;
  for (let channel = 0; channel < channels; channel++) {
    const samples = block.channel(channel);
    for (let i = 0; i < frames; i++) {
      const sample = samples[i];
      if (sample >= -1 && sample <= 1) continue;
      if (Number.isNaN(sample)) {
        invalid = true;
        samples[i] = 0;
      } else over = true;
    }
  }
  return { over, invalid };
}

/** A linear fade over a whole audio file. All lengths in frames. */
export interface Fade {
  /** How long it rises, from the first frame on. */
  readonly inFrames: number;
  /** How long it falls, up to the last frame; 0 for no fall. */
  readonly outFrames: number;
  /** Frames of the whole audio file; only read where `outFrames` is not 0. */
  readonly totalFrames: number;
}

/**
 * Fades in from silence at frame 0 and out to silence at the last frame.
 * @param position frames of the audio file before this block
 */
export function fade(block: Block, frames: number, channels: number, shape: Fade, position: number): void {
  const { inFrames, outFrames, totalFrames } = shape;
  const rising = Math.min(frames, Math.max(0, inFrames - position));
  const falling =
    outFrames === 0 ? frames : Math.min(frames, Math.max(0, totalFrames - outFrames - position));
  for (let channel = 0; channel < channels; channel++) {
    const samples = block.channel(channel);
    for (let i = 0; i < rising; i++) samples[i] *= (position + i) / inFrames;
    for (let i = falling; i < frames; i++) {
      samples[i] *= Math.max(0, totalFrames - 1 - position - i) / outFrames;
    }
  }
}

/** One frame before mixing; a thread runs one kernel at a time. */
const frame = new Float64Array(MAX_CHANNELS);

/**
 * Mixes source channels into target channels, in place: afterwards the first `matrix.length` planes hold the
 * result. The block needs as many planes as the larger of the two counts.
 * @param matrix one row per target channel, one weight per source channel; see `mixMatrix`
 */
export function downMix(block: Block, frames: number, matrix: readonly Float32Array[]): void {
  const targets = matrix.length;
  const sources = matrix[0].length;
  if (sources === 1) spread(block, frames, matrix);
  else if (sources === 2 && targets === 1) fold(block, frames, matrix[0]);
  else {
    for (let i = 0; i < frames; i++) {
      for (let source = 0; source < sources; source++) frame[source] = block.channel(source)[i];
      for (let target = 0; target < targets; target++) {
        const weights = matrix[target];
        let sum = 0;
        for (let source = 0; source < sources; source++) sum += weights[source] * frame[source];
        block.channel(target)[i] = sum;
      }
    }
  }
}

/** From the last target down to the first, because the first plane is also the source. */
function spread(block: Block, frames: number, matrix: readonly Float32Array[]): void {
  const source = block.channel(0);
  for (let target = matrix.length - 1; target >= 0; target--) {
    const samples = block.channel(target);
    const weight = matrix[target][0];
    for (let i = 0; i < frames; i++) samples[i] = source[i] * weight;
  }
}

function fold(block: Block, frames: number, weights: Float32Array): void {
  const left = block.channel(0);
  const right = block.channel(1);
  const [leftWeight, rightWeight] = weights;
  for (let i = 0; i < frames; i++) left[i] = left[i] * leftWeight + right[i] * rightWeight;
}
