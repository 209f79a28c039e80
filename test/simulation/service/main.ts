/**
 * npm run simulate-service -- [--load N] [--cores N] [--bytes-ms N] [--seconds N] [--seeds A,B]
 *
 * Plays a service under loads, and prints what short and long work, clients and tickets got: by default under
 * each of 0.8, 1, 1.5, 3 and 10 times what it can carry, from three seeds that are counted together.
 */
import { parseArgs } from 'node:util';
import { type Figures, measure } from './measure.ts';
import { play } from './play.ts';
import { SCENARIOS } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    load: { type: 'string', default: '0.8,1,1.5,3,10' },
    cores: { type: 'string', default: '2,8' },
    'bytes-ms': { type: 'string', default: '60000' },
    seconds: { type: 'string', default: '3600' },
    seeds: { type: 'string', default: '1,2,3' },
  },
});
const numbers = (list: string): number[] => list.split(',').map(Number);

for (const cores of numbers(values.cores)) {
  for (const bytesMs of numbers(values['bytes-ms'])) {
    for (const load of numbers(values.load)) {
      const workload = {
        ...SCENARIOS['ten times the load'].workload,
        ...{ load, cores, bytesMs, seconds: Number(values.seconds) },
      };
      const beganMs = performance.now();
      const figures = measure(
        numbers(values.seeds).map((seed) => play(workload, seed)),
        workload,
      );
      const askUs = ((performance.now() - beganMs) * 1000) / figures.asks;
      console.log(
        `${cores} cores, ${bytesMs} bytes/ms, load ${load}: ${lineOf(figures)}, ${askUs.toFixed(0)} us`,
      );
    }
  }
}

function lineOf(figures: Figures): string {
  const { classes, throughput, accuracy, headAccuracy, tickets, ticketsAdmitted, shares } = figures;
  const ofClass = Object.entries(classes).map(
    ([name, { done, p50, p99, aloneP99, refused }]) =>
      `${name} ${done} p50 ${fixed(p50)} p99 ${fixed(p99)} (alone ${fixed(aloneP99)}) refused ${fixed(refused)}`,
  );
  const { hog, heavy, ...usual } = shares;
  return [
    ...ofClass,
    `throughput ${fixed(throughput)}`,
    `right ${fixed(accuracy)} and ${fixed(headAccuracy)}`,
    `tickets ${tickets}: ${fixed(ticketsAdmitted)}`,
    `hog ${fixed(hog)} heavy ${fixed(heavy)} least ${fixed(Math.min(...Object.values(usual)))}`,
  ].join(', ');
}

function fixed(value: number): string {
  return value.toFixed(2);
}
