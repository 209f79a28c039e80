/** A chain of biquad filters, as a user would write one: transposed direct form II, in Float32 in and out. */

interface Section {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

/** The RBJ cookbook's peaking equalizer. */
export function peaking(frequency: number, rate: number, q: number, gainDb: number): Section {
  const a = 10 ** (gainDb / 40);
  const omega = (2 * Math.PI * frequency) / rate;
  const alpha = Math.sin(omega) / (2 * q);
  const cosine = Math.cos(omega);
  const a0 = 1 + alpha / a;
  return {
    b0: (1 + alpha * a) / a0,
    b1: (-2 * cosine) / a0,
    b2: (1 - alpha * a) / a0,
    a1: (-2 * cosine) / a0,
    a2: (1 - alpha / a) / a0,
  };
}

/** The RBJ cookbook's second-order low-pass. */
export function lowPass(frequency: number, rate: number, q: number): Section {
  const omega = (2 * Math.PI * frequency) / rate;
  const alpha = Math.sin(omega) / (2 * q);
  const cosine = Math.cos(omega);
  const a0 = 1 + alpha;
  return {
    b0: (1 - cosine) / 2 / a0,
    b1: (1 - cosine) / a0,
    b2: (1 - cosine) / 2 / a0,
    a1: (-2 * cosine) / a0,
    a2: (1 - alpha) / a0,
  };
}

/** Filters `input` into `output`; `state` holds two numbers a section and goes from block to block. */
export function filter(
  sections: readonly Section[],
  state: Float64Array,
  input: Float32Array,
  output: Float32Array,
  samples: number,
): void {
  let from = input;
  for (let at = 0; at < sections.length; at++) {
    const { b0, b1, b2, a1, a2 } = sections[at];
    let first = state[2 * at];
    let second = state[2 * at + 1];
    for (let i = 0; i < samples; i++) {
      const x = from[i];
      const y = b0 * x + first;
      first = b1 * x - a1 * y + second;
      second = b2 * x - a2 * y;
      output[i] = y;
    }
    state[2 * at] = first;
    state[2 * at + 1] = second;
    from = output;
  }
}
