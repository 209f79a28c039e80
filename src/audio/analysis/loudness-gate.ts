/**
 * The loudness of many windows, gathered in steps of 0.01 LU, so that a day of audio takes as much memory as
 * a second. Owned by one meter.
 * Invariant: the energy of all windows is summed as it is; only which side of a gate a window lies on, and
 * where a percentile lies, is known to 0.01 LU.
 *
 */

/** LUFS; quieter windows never count (BS.1770). */
const ABSOLUTE_GATE = -70;
const STEPS_PER_LU = 100;
/** Up to +30 LUFS, more than eight channels of square waves have. */
const STEPS = 100 * STEPS_PER_LU;

/** What BS.1770 adds, so that a sine of 997 Hz at full scale in one front channel has -3.01 LUFS. */
const OFFSET = -0.691;

/** @param energy mean square of the weighted samples, summed over the channels. @returns LUFS */
export function loudnessOf(energy: number): number {
  return OFFSET + 10 * Math.log10(energy);
}

function energyOf(loudness: number): number {
  return 10 ** ((loudness - OFFSET) / 10);
}

const LEAST_ENERGY = energyOf(ABSOLUTE_GATE);

export class LoudnessGate {
  readonly #counts = new Uint32Array(STEPS);
  readonly #energies = new Float64Array(STEPS);

  clear(): void {
    this.#counts.fill(0);
    this.#energies.fill(0);
  }

  add(energy: number): void {
    if (!(energy >= LEAST_ENERGY)) return;
    const step = stepOf(loudnessOf(energy));
    this.#counts[step]++;
    this.#energies[step] += energy;
  }

  /** LUFS of the windows that pass the relative gate; `null` where none pass. @param gate LU, such as -10 */
  integrated(gate: number): number | null {
    const { count, energy } = this.#above(this.#gateStep(gate));
    return count === 0 ? null : loudnessOf(energy / count);
  }

  /** LU between two percentiles of the windows that pass the relative gate; `null` where none pass. */
  range(gate: number, low: number, high: number): number | null {
    const from = this.#gateStep(gate);
    const { count } = this.#above(from);
    if (count === 0) return null;
    const steps = this.#percentile(from, count, high) - this.#percentile(from, count, low);
    return steps / STEPS_PER_LU;
  }

  /** The first step that passes a gate relative to the mean of all. */
  #gateStep(gate: number): number {
    const { count, energy } = this.#above(0);
    return count === 0 ? 0 : Math.max(0, stepOf(loudnessOf(energy / count) + gate));
  }

  #above(from: number): { count: number; energy: number } {
    let count = 0;
    let energy = 0;
    for (let step = from; step < STEPS; step++) {
      count += this.#counts[step];
      energy += this.#energies[step];
    }
    return { count, energy };
  }

  #percentile(from: number, count: number, share: number): number {
    const rank = Math.round((count - 1) * share);
    let step = from;
    for (let passed = this.#counts[step]; passed <= rank; passed += this.#counts[step]) step++;
    return step;
  }
}

function stepOf(loudness: number): number {
  return Math.min(STEPS - 1, Math.max(0, Math.floor((loudness - ABSOLUTE_GATE) * STEPS_PER_LU)));
}
