/**
 * Where every decision of a schedule comes from: a seed, or the decisions of a schedule that is run again.
 */

export interface Choices {
  /** A whole number from 0 to `of` - 1. */
  pick(of: number): number;
  /** True once in so many times. */
  once(inMany: number): boolean;
  /** What was picked so far. */
  readonly made: readonly number[];
}

/** mulberry32: small, quick and good enough to choose by. */
export function seeded(seed: number): Choices {
  let state = seed >>> 0;
  return choicesOf((of) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % of;
  });
}

/** The same decisions again; what comes after them is always 0. */
export function replayed(made: readonly number[]): Choices {
  let next = 0;
  return choicesOf((of) => (next < made.length ? made[next++] % of : 0));
}

function choicesOf(draw: (of: number) => number): Choices {
  const made: number[] = [];
  const pick = (of: number): number => {
    // No decision, and none that is made again.
    if (of <= 1) return 0;
    const choice = draw(of);
    made.push(choice);
    return choice;
  };
  // 0 is "no", so that a shrunk schedule does less.
  return { pick, once: (inMany) => pick(inMany) === 1, made };
}

/**
 * Makes a failing list of decisions shorter and smaller for as long as it still fails, at most so many runs.
 * @param fails runs the schedule; true when it fails
 */
export async function shrink(
  made: readonly number[],
  fails: (made: readonly number[]) => Promise<boolean>,
  runs = 500,
): Promise<readonly number[]> {
  let best = made;
  let left = runs;
  const attempt = async (candidate: readonly number[]): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (
    let size = Math.ceil(best.length / 2);
    size >= 1 && left > 0;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < best.length && left > 0; ) {
      const without = [...best.slice(0, at), ...best.slice(at + size)];
      const zeros = best.map((choice, index) => (index >= at && index < at + size ? 0 : choice));
      if (await attempt(without)) continue;
      if (zeros.some((choice, index) => choice !== best[index])) await attempt(zeros);
      at += size;
    }
  }
  return best;
}
