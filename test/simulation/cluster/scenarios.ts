/** Small batches with one kind of evil each, for tests. */
import { MEASURED } from './measured-times.ts';
import type { Cluster, Evil } from './play.ts';

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
      times: MEASURED,
      evils,
    },
    workload: {
      ...{ seed, files: 1200, medianSeconds: 20, spread: 0.6, error: 0.2 },
      stragglers: { oneOf: 1e9, times: 1 },
      page: { workSeconds: 8, mostFiles: 500 },
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
