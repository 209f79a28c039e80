/** Small batches that are played and done for real: what hosts, threads, locks and evils each seed has. */
import { chance } from './chance.ts';
import type { Cluster, Evil } from './play.ts';

type Run = Omit<Cluster, 'times'>;

/** From a death to the first question of the host that comes in its place. */
export const SUCCESSOR_MS = 600;
const HOSTS = 4;
const LOCK_MS = 1500;
const FILES = 400;
/** Within so much after the start, which is well before the end. */
const EVIL_MS = 8000;

export function runOf(seed: number, withEvils: boolean): Run {
  return {
    ...{ hosts: HOSTS, threads: 2, slow: { share: 0, times: 1 }, lockMs: LOCK_MS, stalledMs: 500 },
    workload: {
      ...{ seed, files: FILES, medianSeconds: 20, spread: 0.6, error: 0.2 },
      stragglers: { oneOf: 100, times: 4 },
      page: { workSeconds: 1, mostFiles: 500 },
    },
    evils: withEvils ? evilsOf(seed) : [],
  };
}

/** Three deaths and two stops that are longer than a lock. */
function evilsOf(seed: number): Evil[] {
  return Array.from({ length: 5 }, (_, at): Evil => {
    const atMs = 500 + EVIL_MS * chance(seed, at, 20);
    const hosts = [Math.floor(HOSTS * chance(seed, at, 21))];
    if (at < 3) return { atMs, kind: 'killed', hosts };
    return { atMs, kind: 'stopped', hosts, forMs: LOCK_MS * (1.2 + chance(seed, at, 22)) };
  });
}
