/**
 * Numbers that look like chance, each by a seed and what it is for: whoever asks, and when, changes nothing.
 */

/** From 0 to 1. */
export function chance(...parts: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const part of parts) {
    state = Math.imul(state ^ (part | 0), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    state ^= state >>> 16;
  }
  let bits = (state + 0x6d2b79f5) | 0;
  bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
}

/** Around 0, with a deviation of 1. */
export function normal(...parts: readonly number[]): number {
  const distance = Math.sqrt(-2 * Math.log(1 - chance(...parts, 1)));
  return distance * Math.cos(2 * Math.PI * chance(...parts, 2));
}

/** A value as often as it was measured: `quantiles` are at even steps from the least to the most. */
export function drawn(quantiles: readonly number[], share: number): number {
  const at = share * (quantiles.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, quantiles.length - 1);
  return quantiles[below] + (at - below) * (quantiles[above] - quantiles[below]);
}
