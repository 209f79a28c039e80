/** What many hosts live through, each with more of it than the one before. */
import { chance } from './chance.ts';
import type { Cluster, Evil } from './play.ts';

interface Size {
  readonly hosts: number;
  readonly threads: number;
  readonly files: number;
  /** Seconds of work. */
  readonly page: number;
  readonly seed: number;
}

type World = (size: Size) => Omit<Cluster, 'times'>;

/** Predicted seconds of a file, on average: what the makespan is guessed by. */
const FILE_SECONDS = 0.5;
/** Of all hosts, those that share a rack. */
const RACK = 0.05;

const calm: World = ({ hosts, threads, files, page, seed }) => ({
  ...{ hosts, threads, slow: { share: 0, times: 1 }, lockMs: 15_000, stalledMs: 5000, evils: [] },
  workload: {
    ...{ seed, files, medianSeconds: 30, spread: 1, error: 0.3 },
    stragglers: { oneOf: 1e9, times: 1 },
    page: { workSeconds: page, mostFiles: 500 },
  },
});

/** One host of fifty is four times slower, one file of ten thousand takes ten times as long. */
const stragglers: World = (size) => {
  const world = calm(size);
  const workload = { ...world.workload, stragglers: { oneOf: 10_000, times: 10 } };
  return { ...world, workload, slow: { share: 0.02, times: 4 } };
};

/** A rack dies at once, and one host of a hundred at times of their own. */
const deaths: World = (size) => {
  const world = stragglers(size);
  const lastsMs = guessedMs(size);
  const rack = Array.from({ length: Math.ceil(size.hosts * RACK) }, (_, at) => at);
  const alone = Array.from({ length: Math.ceil(size.hosts / 100) }, (_, at): Evil => {
    const host = Math.floor(size.hosts * chance(size.seed, at, 30));
    return { atMs: lastsMs * chance(size.seed, at, 31), kind: 'killed', hosts: [host] };
  });
  return { ...world, evils: [{ atMs: lastsMs / 3, kind: 'killed', hosts: rack }, ...alone] };
};

/** The broker is away for ten seconds, too. */
const restart: World = (size) => {
  const world = deaths(size);
  return {
    ...world,
    evils: [...world.evils, { atMs: guessedMs(size) / 2, kind: 'broker away', forMs: 10_000 }],
  };
};

function guessedMs({ hosts, threads, files }: Size): number {
  return (1000 * files * FILE_SECONDS) / (hosts * threads);
}

export const WORLDS = { calm, stragglers, deaths, restart } as const;
