/**
 * node validate.ts [--fit A,B] [--seeds A,B]: does batches for real, takes the times of steps from some of
 * them, and has the simulation predict the others. Prints a table and the times.
 */
import { parseArgs } from 'node:util';
import { measureBroker } from './measure-broker.ts';
import { play } from './play.ts';
import { playForReal, type Real } from './real.ts';
import { type Run, runOf, SUCCESSOR_MS } from './runs.ts';
import type { Times } from './times.ts';

const { values } = parseArgs({
  options: {
    fit: { type: 'string', default: '1,2' },
    seeds: { type: 'string', default: '11,12,13,14,15,16,17,18' },
    pages: { type: 'string', default: '4000' },
  },
});
const STEPS = ['files', 'hasResult', 'begin', 'ended', 'putResult', 'gaveBack', 'file', 'way'] as const;
const QUANTILES = 20;
const STOOD_MS = 300;
const numbers = (list: string): number[] => list.split(',').map(Number);

const { steps: broker } = await measureBroker(Number(values.pages));
const measured: Record<string, number[]> = Object.fromEntries(STEPS.map((name) => [name, []]));
measured.gaveBack.push(1);
for (const seed of numbers(values.fit)) {
  // Of calm ones: who was stopped has measured that, too.
  const { steps, makespanMs } = await undisturbed(runOf(seed, false));
  console.error(`fit ${seed}: ${makespanMs.toFixed(0)} ms`);
  const kept: Record<string, readonly number[]> = {
    ...steps,
    way: [...steps.take, ...steps.done, ...steps.renew],
  };
  for (const name of STEPS) measured[name].push(...(kept[name] ?? []));
}
const times = {
  ...Object.fromEntries(STEPS.map((name) => [name, quantiles(measured[name])])),
  start: [SUCCESSOR_MS],
  broker,
} as unknown as Times;
console.log(JSON.stringify(times));

const FIGURES = ['makespanMs', 'begunAgain', 'madeTwice'] as const;
for (const withEvils of [false, true]) {
  const sums = FIGURES.map(() => ({ real: 0, predicted: 0 }));
  for (const seed of numbers(values.seeds)) {
    const run = runOf(seed, withEvils);
    const real = await undisturbed(run);
    const predicted = await play({ ...run, times });
    for (const [at, name] of FIGURES.entries()) {
      sums[at].real += real[name];
      sums[at].predicted += predicted[name];
    }
    const pairs = FIGURES.map((name) => `${Math.round(real[name])} ${Math.round(predicted[name])}`);
    const percent = 100 * (predicted.makespanMs / real.makespanMs - 1);
    console.log([withEvils ? 'evils' : 'calm', seed, ...pairs, `${percent.toFixed(1)} %`].join('\t'));
  }
  console.log(
    ['all', '', ...sums.map((sum) => `${Math.round(sum.real)} ${Math.round(sum.predicted)}`)].join('\t'),
  );
}
process.exit();

/** Where the machine stands still for a while nothing is measured but that. */
async function undisturbed(run: Run): Promise<Real> {
  for (;;) {
    const real = await playForReal(run).catch((error: Error) => error);
    if (!(real instanceof Error) && real.stoodMs < STOOD_MS) return real;
    console.error(
      real instanceof Error ? real.message : `once more: it stood for ${real.stoodMs.toFixed(0)} ms`,
    );
  }
}

function quantiles(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
  return Array.from({ length: QUANTILES + 1 }, (_, step) => Number(at(step / QUANTILES).toPrecision(3)));
}
