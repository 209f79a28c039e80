/**
 * Real runs as `node validate.ts` did them, with the times of steps of others that it did in turns with them:
 * what a simulation has to predict.
 */
import type { Times } from './times.ts';

export const TIMES: Times = {
  files: [
    0.24, 0.31, 0.41, 0.51, 0.93, 1.8, 2.6, 3.3, 3.9, 5.4, 6.6, 7.8, 9.5, 12, 13, 16, 19, 24, 34, 46, 130,
  ],
  hasResult: [
    0.094, 0.11, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.19, 0.2, 0.22, 0.23, 0.25, 0.29, 0.39, 0.7, 1.9,
    2.7, 5.1, 18,
  ],
  begin: [0.66, 0.82, 1.1, 1.4, 1.7, 2.1, 2.5, 3, 3.5, 4.1, 5.2, 6.3, 7.6, 9.3, 10, 12, 14, 17, 23, 37, 300],
  ended: [
    0.1, 0.12, 0.13, 0.14, 0.16, 0.2, 0.29, 0.44, 0.69, 1.3, 2, 2.8, 3.6, 4.6, 5.8, 7.2, 9.6, 13, 19, 31, 340,
  ],
  putResult: [1.8, 5.1, 11, 18, 22, 25, 28, 31, 33, 36, 39, 45, 49, 54, 60, 64, 69, 75, 88, 140, 330],
  gaveBack: [1],
  results: [0.7, 1.3, 3.6, 5, 24],
  file: [
    -1.3, -0.4, -0.056, 0.14, 0.34, 0.51, 0.67, 0.9, 1.2, 1.5, 1.9, 2.5, 3.2, 4, 4.8, 5.9, 7.5, 9.8, 14, 26,
    350,
  ],
  way: [
    0.27, 0.53, 0.59, 0.66, 0.7, 0.75, 0.79, 0.85, 0.96, 1.1, 1.4, 1.9, 2.6, 3.3, 4, 4.6, 6.3, 8.6, 13, 21,
    430,
  ],
  start: [600],
  broker: {
    announce: 0.034,
    put: 0.023,
    take: 0.096,
    renew: 0.013,
    giveBack: 0.064,
    done: 0.091,
    counts: 0.033,
    mayLook: 0.026,
    batches: 0.015,
    empty: 0.035,
    forget: 15,
    stalled: 0.035,
  },
};

/** By seeds, none of which the times are of. */
export const RUNS = [
  { withEvils: false, seed: 11, makespanMs: 15792, begunAgain: 0 },
  { withEvils: false, seed: 12, makespanMs: 14929, begunAgain: 0 },
  { withEvils: false, seed: 13, makespanMs: 13550, begunAgain: 0 },
  { withEvils: false, seed: 14, makespanMs: 13133, begunAgain: 0 },
  { withEvils: false, seed: 15, makespanMs: 14567, begunAgain: 0 },
  { withEvils: false, seed: 16, makespanMs: 14587, begunAgain: 0 },
  { withEvils: true, seed: 11, makespanMs: 14894, begunAgain: 8 },
  { withEvils: true, seed: 12, makespanMs: 18093, begunAgain: 8 },
  { withEvils: true, seed: 13, makespanMs: 15426, begunAgain: 11 },
  { withEvils: true, seed: 14, makespanMs: 15664, begunAgain: 12 },
  { withEvils: true, seed: 15, makespanMs: 17277, begunAgain: 15 },
  { withEvils: true, seed: 16, makespanMs: 17422, begunAgain: 10 },
] as const;
