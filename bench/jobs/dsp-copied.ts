/** One block of the DSP job, whose samples come from the main thread and go back to it as copies. */
import { biquad, type Kind, spectrum } from '../dsp/work.ts';
import { type PauseWords, watchPauses } from '../pauses.ts';
import { allocating } from './pool-stand-in.ts';

export interface Block {
  readonly kind: Kind;
  readonly samples: Float32Array;
  /** What a filter carries from block to block. */
  readonly state: Float64Array;
  readonly pauses: PauseWords;
}

export interface Done {
  readonly output: Float32Array;
  readonly state: Float64Array;
  readonly energy: number;
}

/** Magnitudes of a last block may be more than its samples are. */
const LEAST_OUTPUT = 1024;

export default ({ kind, samples, state, pauses }: Block): Done => {
  watchPauses(pauses);
  const output = new Float32Array(Math.max(LEAST_OUTPUT, samples.length));
  const energy =
    kind === 'biquad'
      ? biquad(state, samples, output, samples.length)
      : spectrum(samples, output, samples.length, allocating);
  return { output, state, energy };
};
