/**
 * node validate.ts [--fit A-B] [--seeds A-B] [--lots N] [--runs FILE] [--draws N]: does batches for real,
 * takes the times of steps from some of them, and has the simulation predict the others. Prints the times,
 * and what was real and predicted. Runs are kept in the file; those that are there are not done again.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureBroker } from './measure-broker.ts';
import { play } from './play.ts';
import { playForReal, type Real } from './real.ts';
import { runOf, SUCCESSOR_MS } from './runs.ts';
import { Steps } from './steps.ts';
import type { Times } from './times.ts';

const { values } = parseArgs({
  options: {
    fit: { type: 'string', default: '1-4' },
    seeds: { type: 'string', default: '11-18' },
    pages: { type: 'string', default: '4000' },
    /** Runs at once: they sleep most of the time. */
    lots: { type: 'string', default: '1' },
    runs: { type: 'string' },
    /** Each run is predicted so many times, by other draws of what steps take, and the mean counts. */
    draws: { type: 'string', default: '10' },
  },
});
const STEPS = ['files', 'hasResult', 'begin', 'ended', 'putResult', 'gaveBack', 'file', 'way'] as const;
/** Fine, since the longest take so much longer: between two a line is drawn. */
const QUANTILES = 100;
const STOOD_MS = 500;
const FIGURES = ['makespanMs', 'begunAgain', 'madeTwice'] as const;
/** In deviations: 95 of 100 are within. */
const LIKELY = 1.96;

interface Done {
  readonly seed: number;
  readonly withEvils: boolean;
  readonly real: Real;
}

const done: Done[] = values.runs !== undefined && existsSync(values.runs) ? kept(values.runs) : [];
const fits = seedsOf(values.fit);
const seeds = seedsOf(values.seeds);
const { steps: broker } = await measureBroker(Number(values.pages));
// In turns: what else the machine does meanwhile is much the same for all.
const wanted = seeds.flatMap((seed, at) => {
  const learns = at < fits.length ? [{ seed: fits[at], withEvils: false }] : [];
  return [...learns, { seed, withEvils: false }, { seed, withEvils: true }];
});
const left = wanted.filter(
  (one) => !done.some(({ seed, withEvils }) => seed === one.seed && withEvils === one.withEvils),
);
await Promise.all(Array.from({ length: Number(values.lots) }, lot));

const measured = new Steps();
measured.add('gaveBack', 1);
for (const { seed, withEvils, real } of done) if (fits.includes(seed) && !withEvils) learn(real);
const steps = Object.fromEntries(STEPS.map((name) => [name, quantiles(measured.ms[name])]));
const times = { ...steps, start: [SUCCESSOR_MS], broker } as unknown as Times;
console.log(JSON.stringify(times));
for (const withEvils of [false, true]) await compare(withEvils);
process.exit();

async function lot(): Promise<void> {
  for (let run = left.shift(); run !== undefined; run = left.shift()) {
    const real = await undisturbed(run.seed, run.withEvils);
    const one: Done = { ...run, real };
    done.push(one);
    console.error(`${run.withEvils ? 'evils' : 'calm'} ${run.seed}: ${real.makespanMs.toFixed(0)} ms`);
    if (values.runs !== undefined) appendFileSync(values.runs, `${JSON.stringify(one)}\n`);
  }
}

/** Where the machine stands still for a while nothing is measured but that. */
async function undisturbed(seed: number, withEvils: boolean): Promise<Real> {
  for (;;) {
    const real = await playForReal(runOf(seed, withEvils)).catch((error: Error) => error);
    if (!(real instanceof Error) && real.stoodMs < STOOD_MS) return real;
    console.error(
      real instanceof Error ? real.message : `once more: it stood for ${real.stoodMs.toFixed(0)} ms`,
    );
  }
}

/** Of calm ones: who was stopped has measured that, too. */
function learn({ steps }: Real): void {
  for (const [name, ms] of Object.entries(steps)) measured.add(name, ...ms);
  measured.add('way', ...steps.take, ...steps.done, ...steps.renew);
}

async function compare(withEvils: boolean): Promise<void> {
  const all: Record<(typeof FIGURES)[number], { real: number; predicted: number }>[] = [];
  for (const { seed, real } of done.filter(
    (one) => seeds.includes(one.seed) && one.withEvils === withEvils,
  )) {
    const sums = { makespanMs: 0, begunAgain: 0, madeTwice: 0 };
    const draws = Number(values.draws);
    for (let draw = 0; draw < draws; draw++) {
      const played = await play({ ...runOf(seed, withEvils), times, draws: seed + 1000 * draw });
      for (const name of FIGURES) sums[name] += played[name];
    }
    const of = (name: (typeof FIGURES)[number]) => ({ real: real[name], predicted: sums[name] / draws });
    const one = { makespanMs: of('makespanMs'), begunAgain: of('begunAgain'), madeTwice: of('madeTwice') };
    all.push(one);
    const pairs = FIGURES.map((name) => `${short(one[name].real)} ${short(one[name].predicted)}`);
    const percent = 100 * (one.makespanMs.predicted / real.makespanMs - 1);
    console.log([withEvils ? 'evils' : 'calm', seed, ...pairs, `${percent.toFixed(1)} %`].join('\t'));
  }
  for (const name of FIGURES) {
    const real = all.reduce((sum, one) => sum + one[name].real, 0);
    const predicted = all.reduce((sum, one) => sum + one[name].predicted, 0);
    const mean = real / all.length;
    const variance = all.reduce((sum, one) => sum + (one[name].real - mean) ** 2, 0) / (all.length - 1);
    const away = LIKELY * Math.sqrt(all.length * variance);
    const percent = real === 0 ? '' : `${(100 * (predicted / real - 1)).toFixed(1)} %`;
    const interval = `${short(real - away)} to ${short(real + away)}`;
    console.log(
      [
        `all ${all.length}`,
        name,
        `real ${short(real)} (${interval})`,
        `predicted ${short(predicted)}`,
        percent,
      ].join('\t'),
    );
  }
}

function kept(path: string): Done[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function seedsOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

function short(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(Math.abs(value) < 1000 ? 1 : 0);
}

function quantiles(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  return Array.from({ length: QUANTILES + 1 }, (_, step) => Number(at(step / QUANTILES).toPrecision(3)));
}
