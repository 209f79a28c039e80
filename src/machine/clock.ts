/** What a clock is worth. Holds nothing. */

const ROUNDS = 5;
const TIMES = 1000;

/**
 * The least step of a clock, 0 where it never moved, and what reading it costs: in the mean of the quickest
 * of some rounds, since the first ones are not compiled yet. Takes 0.2 to 1 ms.
 * @param now nanoseconds
 */
export function measureReads(now: () => number): { resolutionNanoseconds: number; readNanoseconds: number } {
  let resolution = Number.POSITIVE_INFINITY;
  let read = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = now();
    let last = started;
    for (let at = 0; at < TIMES; at++) {
      const next = now();
      if (next > last && next - last < resolution) resolution = next - last;
      last = next;
    }
    read = Math.min(read, (last - started) / TIMES);
  }
  // A clock that never moved in all that time is no finer than the time that went by: it is not known.
  return {
    resolutionNanoseconds: Number.isFinite(resolution) ? Math.round(resolution) : 0,
    readNanoseconds: Math.round(read),
  };
}
