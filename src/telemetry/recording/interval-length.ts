/** How long the intervals of a recording last. Pure. */

/**
 * Intervals of one length; then they last twice as long, so that a day has some thousands and a batch of a
 * second has more than one.
 */
const INTERVALS_OF_ONE_LENGTH = 600;
const LEAST_INTERVAL_MS = 250;
export const MOST_INTERVAL_MS = 32_000;

/** How long an interval is to be after so many. */
export function lengthMs(intervals: number): number {
  const doublings = Math.floor(intervals / INTERVALS_OF_ONE_LENGTH);
  return Math.min(LEAST_INTERVAL_MS * 2 ** doublings, MOST_INTERVAL_MS);
}
