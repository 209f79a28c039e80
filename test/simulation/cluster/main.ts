/**
 * npm run simulate-cluster -- [--hosts N] [--threads N] [--files N] [--pages A,B] [--seeds A,B] [--worlds
 * A,B]  Plays batches over many hosts, and prints for each size of pages and each kind of world what it came
 * to: the median of the seeds, and the least and the most. How far it is goes to stderr.
 */
import { parseArgs } from 'node:util';
import { MEASURED } from './measured-times.ts';
import { type Played, play } from './play.ts';
import { WORLDS } from './worlds.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '1000' },
    threads: { type: 'string', default: '8' },
    files: { type: 'string', default: '1000000' },
    pages: { type: 'string', default: '0.5,2,8,32,128' },
    seeds: { type: 'string', default: '1,2,3' },
    worlds: { type: 'string', default: Object.keys(WORLDS).join(',') },
  },
});
/** So many files take minutes. */
const LONG = 1_000_000;
const numbers = (list: string): number[] => list.split(',').map(Number);
const [hosts, threads, files] = [values.hosts, values.threads, values.files].map(Number);

const FIGURES: readonly (readonly [string, (played: Played) => number])[] = [
  ['makespan s', ({ makespanMs }) => makespanMs / 1000],
  ['over ideal s', ({ makespanMs, idealMs }) => (makespanMs - idealMs) / 1000],
  ['over ideal %', ({ makespanMs, idealMs }) => 100 * (makespanMs / idealMs - 1)],
  ['begun again', ({ begunAgain }) => begunAgain],
  ['made twice', ({ madeTwice }) => madeTwice],
  ['broker busy %', ({ brokerBusyMs, makespanMs }) => (100 * brokerBusyMs) / makespanMs],
  ['busiest second %', ({ brokerMostBusy }) => 100 * brokerMostBusy],
  ['last file began before s', ({ tailMs }) => tailMs / 1000],
  ['longest file s', ({ longestSeconds }) => longestSeconds],
  ['hole s', ({ holesMs }) => Math.max(0, ...holesMs) / 1000],
  ['looks through all results', ({ walks }) => walks],
  ['asked/s', ({ broker, makespanMs }) => (1000 * sum(Object.values(broker))) / makespanMs],
];

console.log(['world', 'page s', 'pages', ...FIGURES.map(([name]) => name)].join('\t'));
for (const world of values.worlds.split(',') as (keyof typeof WORLDS)[]) {
  for (const page of numbers(values.pages)) {
    const played: Played[] = [];
    for (const seed of numbers(values.seeds)) {
      const cluster = WORLDS[world]({ hosts, threads, files, page, seed });
      const name = `${world}, pages of ${page} s, seed ${seed}`;
      const told = (share: number, atMs: number): void =>
        console.error(
          `${name}: ${Math.floor(100 * share)} % after ${(atMs / 1000).toFixed(0)} s of its time`,
        );
      played.push(await play({ ...cluster, times: MEASURED }, files >= LONG ? told : undefined));
      const one = played.at(-1) as Played;
      if (one.missing > 0) throw new Error(`${name}: ${one.missing} are missing`);
    }
    const figures = FIGURES.map(([, of]) => spread(played.map(of)));
    console.log([world, page, played[0].pages, ...figures].join('\t'));
  }
}

function spread(list: readonly number[]): string {
  const sorted = list.toSorted((a, b) => a - b);
  const [least, middle, most] = [sorted[0], sorted[sorted.length >> 1], sorted[sorted.length - 1]].map(
    (one) => Number(one.toPrecision(3)),
  );
  return least === most ? `${middle}` : `${middle} (${least} to ${most})`;
}

function sum(list: readonly number[]): number {
  return list.reduce((all, one) => all + one, 0);
}
