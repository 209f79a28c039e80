/** Named traces: made-up loads on a plant, and recorded ones of real runs from `traces/` beside this file. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { KiB, MiB } from '../../src/bytes.ts';
import type { Source } from './closed-loop.ts';
import { Plant, type PlantOptions } from './plant.ts';
import { openRecorded } from './recorded-trace.ts';

export interface Trace {
  readonly what: string;
  readonly open: () => Source;
  /** From here to the end the load is constant, in seconds. */
  readonly constantFrom?: number;
  /** Changes of the load, where it is periodic for ever. */
  readonly edges?: number;
  /** Steps of the block that one of these may cause; 6 where left out. */
  readonly stepsPerEdge?: number;
}

const HOUR = 3600;

function made(what: string, options: PlantOptions, more: Partial<Trace> = {}): Trace {
  return { what, open: () => new Plant(options), ...more };
}

const between = (seconds: number, from: number, to: number): boolean => seconds >= from && seconds < to;
const square = (seconds: number, period: number): boolean => seconds % (2 * period) < period;

const fewer = (bytes: number): number => Math.min(0.3, (0.3 * 64 * KiB) / bytes);

export const MADE_TRACES: Readonly<Record<string, Trace>> = {
  step: made(
    'jobs lease 85 % of the budget between minutes 1 and 3',
    { seconds: HOUR, load: (at) => ({ cpu: 0.6, leaseShare: between(at, 60, 180) ? 0.85 : 0.2 }) },
    { constantFrom: 180 },
  ),
  ramp: made(
    'what jobs lease rises to the whole budget in 10 minutes, then falls again in 10',
    {
      seconds: HOUR,
      load: (at) => ({ cpu: 0.6, leaseShare: at < 1200 ? 1 - Math.abs(at - 600) / 600 : 0 }),
    },
    { constantFrom: 1200 },
  ),
  square: made(
    '10 s of pressure and 10 s without, for ever',
    { seconds: HOUR, load: (at) => ({ cpu: 0.6, leaseShare: square(at, 10) ? 0.8 : 0.2 }) },
    { edges: HOUR / 10 },
  ),
  'cpu-square': made(
    '20 s of busy CPU and 20 s idle, for ever; larger blocks do more',
    {
      seconds: HOUR,
      load: (at) => ({ cpu: square(at, 20) ? 1 : 0.1, leaseShare: 0.2 }),
      speed: (bytes) => bytes ** 0.2,
      noise: 0.02,
    },
    { edges: HOUR / 20 },
  ),
  noise: made(
    'CPU and leases differ wildly from second to second, then no more',
    {
      seconds: HOUR,
      load: (at, random) =>
        at < 600 ? { cpu: random.next(), leaseShare: random.next() ** 2 } : { cpu: 0.5, leaseShare: 0.3 },
      noise: 0.3,
    },
    { constantFrom: 600 },
  ),
  helpful: made(
    'a busy CPU, and larger blocks do more work',
    {
      seconds: HOUR,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      speed: (bytes) => bytes ** 0.2,
      noise: 0.02,
    },
    { constantFrom: 0 },
  ),
  // One of four seeds keeps a larger size in the first hour: of trials of mere noise that end, 1 in 11 says
  // better.
  useless: made(
    'a busy CPU, and larger blocks do the same',
    { seconds: 8 * HOUR, load: () => ({ cpu: 1, leaseShare: 0.2 }), noise: 0.02, seed: 3 },
    { constantFrom: 0 },
  ),
  harmful: made(
    'a busy CPU, and larger blocks do less, for they leave the cache',
    {
      seconds: HOUR,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      speed: (bytes) => bytes ** -0.2,
      noise: 0.02,
    },
    { constantFrom: 0 },
  ),
  greedy: made(
    'one job takes nine tenths of the budget from second 30 on',
    {
      seconds: HOUR,
      load: (at) => ({ cpu: 0.9, leaseShare: at < 30 ? 0.1 : 0.9, greedy: true }),
      noise: 0.05,
    },
    { constantFrom: 30 },
  ),
  night: made(
    'a busy hour, then nothing at all',
    {
      seconds: 3 * HOUR,
      load: (at) => (at < HOUR ? { cpu: 0.9, leaseShare: 0.5 } : { cpu: 0, leaseShare: 0 }),
      noise: 0.05,
    },
    { constantFrom: HOUR },
  ),
  'crowd-night': made(
    '64 workers, ten busy minutes, then nothing at all',
    {
      seconds: HOUR,
      threads: 64,
      load: (at) => (at < 600 ? { cpu: 1, leaseShare: 0.5 } : { cpu: 0, leaseShare: 0 }),
      noise: 0.05,
    },
    { constantFrom: 600 },
  ),
  crowd: made(
    '64 workers, larger blocks do more, and their blocks alone come to the budget',
    {
      seconds: HOUR,
      threads: 64,
      baselineBytes: MiB,
      load: () => ({ cpu: 1, leaseShare: 0.15 }),
      speed: (bytes) => bytes ** 0.1,
      noise: 0.02,
    },
    { constantFrom: 0 },
  ),
  self: made(
    'the block itself is what causes the pressure',
    {
      seconds: 8 * HOUR,
      threads: 8,
      budgetBytes: 24 * MiB,
      baselineBytes: 512 * KiB,
      blocksPerThread: 2,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      noise: 0.02,
    },
    { constantFrom: 0 },
  ),
  overload: made(
    'jobs want more than the budget, for ever',
    { seconds: 8 * HOUR, load: () => ({ cpu: 1, leaseShare: 1.3 }), noise: 0.05 },
    { constantFrom: 0 },
  ),
  silent: made(
    'a busy CPU, and jobs report no work',
    { seconds: HOUR, load: () => ({ cpu: 1, leaseShare: 0.2 }), reports: false, noise: 0.02 },
    { constantFrom: 0 },
  ),
  speech: made(
    'a busy CPU, no work is reported, and blocks last no longer than 125 KiB of samples do',
    {
      seconds: HOUR,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      reports: false,
      longestBytes: 125 * KiB,
    },
    { constantFrom: 0 },
  ),
  'silent-square': made(
    '20 s of busy CPU and 20 s idle, for ever; jobs report no work',
    {
      seconds: HOUR,
      load: (at) => ({ cpu: square(at, 20) ? 1 : 0.1, leaseShare: 0.2 }),
      reports: false,
    },
    // Without a trial it goes up and down by a step in each cool-down, all the time.
    { edges: HOUR / 20, stepsPerEdge: 8 },
  ),
  neighbour: made(
    'hardly anything to do, beside neighbours that take the whole machine; jobs report no work',
    { seconds: HOUR, load: () => ({ cpu: 0.18, contention: 4, leaseShare: 0.2 }), reports: false },
    { constantFrom: 0 },
  ),
  neighbours: made(
    'a busy CPU of which neighbours leave a fifth, and jobs report no work',
    { seconds: HOUR, load: () => ({ cpu: 1, contention: 4, leaseShare: 0.2 }), reports: false },
    { constantFrom: 0 },
  ),
  requests: made(
    'requests take a third of the time of an idle machine, the less the larger blocks are',
    {
      seconds: HOUR,
      load: () => ({ cpu: 0.5, leaseShare: 0.2 }),
      acquireShare: fewer,
      speed: (bytes) => 1 - fewer(bytes),
      noise: 0.02,
    },
    { constantFrom: 0 },
  ),
  dear: made(
    'a busy CPU, no work is reported, and requests take twice the share with blocks twice as large',
    {
      seconds: 8 * HOUR,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      reports: false,
      acquireShare: (bytes) => 0.03 * (bytes / (64 * KiB)),
      noise: 0.05,
    },
    { constantFrom: 0 },
  ),
  tail: made(
    'a busy CPU, no work is reported, and slow requests take three times as long with larger blocks',
    {
      seconds: 8 * HOUR,
      load: () => ({ cpu: 1, leaseShare: 0.2 }),
      reports: false,
      acquireShare: () => 0.03,
      p99: (bytes) => (bytes > 64 * KiB ? 300_000 : 100_000),
      noise: 0.2,
    },
    { constantFrom: 0 },
  ),
  heap: made(
    'process memory rises near its limit and stays there, while the ledger is calm',
    {
      seconds: HOUR,
      limitBytes: 512 * MiB,
      load: (at) => ({ cpu: 0.6, leaseShare: 0.3, otherBytes: Math.min(at / 60, 1) * 460 * MiB }),
    },
    { constantFrom: 60 },
  ),
};

function recordedTraces(): Record<string, Trace> {
  const folder = new URL('traces/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
  return Object.fromEntries(
    files.map((file) => [
      basename(file, '.jsonl'),
      {
        what: `recorded, traces/${file}`,
        ...openRecorded(readFileSync(new URL(file, folder), 'utf8')),
      },
    ]),
  );
}

export function allTraces(): Record<string, Trace> {
  return { ...MADE_TRACES, ...recordedTraces() };
}
