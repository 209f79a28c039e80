/** As `node validate.ts` printed them: redis-server 7.0, a local ext4, two busy cores. Milliseconds. */
import type { Times } from './times.ts';

export const MEASURED: Times = {
  files: [0.3, 0.5, 0.6, 1, 5, 20],
  hasResult: [0.2, 0.3, 0.5, 1, 3, 10],
  begin: [0.6, 1, 1.2, 2, 6, 30],
  ended: [0.1, 0.2, 0.3, 0.5, 1, 10],
  putResult: [3, 5, 6.7, 9, 15, 40],
  gaveBack: [0.6, 1, 2],
  file: [0.2, 0.3, 0.4, 0.8, 2, 10],
  way: [0.4, 0.6, 0.8, 1.2, 4, 20],
  start: [400, 480, 600, 900],
  broker: {
    announce: 0.026,
    put: 0.023,
    take: 0.073,
    renew: 0.008,
    giveBack: 0.054,
    done: 0.068,
    counts: 0.03,
    batches: 0.015,
    empty: 0.034,
    forget: 13,
    stalled: 0.034,
  },
};
