/** Small batches with one kind of evil each, for tests. */
import type { Cluster, Evil } from './play.ts';
import type { Times } from './times.ts';

/** As of many more pages, on a share that is far away: several hosts are idle before one has read them. */
const RESULTS_MS = [5000];

/** As of a machine that has little else to do; seeds that showed something once are of these. */
const TIMES: Times = {
  files: [0.3, 0.5, 0.6, 1, 5, 20],
  hasResult: [0.2, 0.3, 0.5, 1, 3, 10],
  begin: [0.6, 1, 1.2, 2, 6, 30],
  ended: [0.1, 0.2, 0.3, 0.5, 1, 10],
  putResult: [3, 5, 6.7, 9, 15, 40],
  gaveBack: [0.6, 1, 2],
  results: RESULTS_MS,
  file: [0.2, 0.3, 0.4, 0.8, 2, 10],
  way: [0.4, 0.6, 0.8, 1.2, 4, 20],
  start: [400, 480, 600, 900],
  broker: {
    ...{ announce: 0.026, put: 0.023, take: 0.073, renew: 0.008, giveBack: 0.054, done: 0.068 },
    ...{ counts: 0.03, mayLook: 0.026, batches: 0.015, empty: 0.034, forget: 13, stalled: 0.034 },
  },
};
const HOSTS = 4;
const ALL = [0, 1, 2, 3];

function cluster(seed: number, evils: readonly Evil[]): Cluster {
  return {
    ...{
      hosts: HOSTS,
      threads: 2,
      slow: { share: 0, times: 1 },
      lockMs: 1500,
      stalledMs: 500,
      times: TIMES,
      evils,
    },
    workload: {
      ...{ seed, files: 1200, medianSeconds: 20, spread: 0.6, error: 0.2 },
      stragglers: { oneOf: 1e9, times: 1 },
      // Of so small a batch, pages of 8 s.
      page: { workSeconds: 128, mostFiles: 500 },
    },
  };
}

export const SCENARIOS = {
  'nothing happens': (seed) => cluster(seed, []),
  'hosts are killed': (seed) =>
    cluster(
      seed,
      ALL.map((at) => ({ atMs: 3000 + 5000 * at, kind: 'killed', hosts: [at] })),
    ),
  'hosts are stopped for longer than their locks last': (seed) =>
    cluster(
      seed,
      ALL.map((at) => ({ atMs: 3000 + 5000 * at, kind: 'stopped', hosts: [at], forMs: 3000 })),
    ),
  'hosts do not reach the broker for longer than their locks last': (seed) =>
    cluster(seed, [
      { atMs: 5000, kind: 'cut off', hosts: [0], forMs: 8000 },
      { atMs: 15_000, kind: 'cut off', hosts: [1, 2], forMs: 8000 },
    ]),
  'the broker is away for longer than locks last': (seed) =>
    cluster(seed, [{ atMs: 9000, kind: 'broker away', forMs: 4000 }]),
  'hosts are told to leave': (seed) =>
    cluster(seed, [
      { atMs: 5000, kind: 'drained', hosts: [0] },
      { atMs: 9000, kind: 'drained', hosts: [1, 2] },
    ]),
} as const satisfies Record<string, (seed: number) => Cluster>;
