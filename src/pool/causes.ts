/**
 * The step of the ladder that served a request (or none: `refused`). It labels the latency histograms
 * and indexes the exact counters in shared memory, so the order is part of the layout.
 */
export const CAUSES = [
  'hit',
  'mailbox',
  'larger',
  'fresh',
  'trimmed',
  'waited',
  'direct',
  'refused',
] as const;
export type CauseName = (typeof CAUSES)[number];

export const HIT = 0;
export const MAILBOX = 1;
export const LARGER = 2;
export const FRESH = 3;
export const TRIMMED = 4;
export const WAITED = 5;
export const DIRECT_ALLOCATION = 6;
export const REFUSED = 7;

/** Served from memory already pooled. */
export const REUSING: readonly number[] = [HIT, MAILBOX, LARGER];
