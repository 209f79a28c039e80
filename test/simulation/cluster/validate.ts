/**
 * node validate.ts [--fit A,B] [--seeds A,B]: does batches for real, takes the times of steps from some of
 * them, and has the simulation predict the others. Prints the times, and what was real and predicted.
 */
import { parseArgs } from 'node:util';
import { measureBroker } from './measure-broker.ts';
import { play } from './play.ts';
import { playForReal, type Real } from './real.ts';
import { type Run, runOf, SUCCESSOR_MS } from './runs.ts';
import { Steps } from './steps.ts';
import type { Times } from './times.ts';

const { values } = parseArgs({
  options: {
    fit: { type: 'string', default: '1,2,3,4' },
    seeds: { type: 'string', default: '11,12,13,14,15,16,17,18' },
    pages: { type: 'string', default: '4000' },
  },
});
const STEPS = ['files', 'hasResult', 'begin', 'ended', 'putResult', 'gaveBack', 'file', 'way'] as const;
const QUANTILES = 20;
const STOOD_MS = 500;
const numbers = (list: string): number[] => list.split(',').map(Number);

const { steps: broker } = await measureBroker(Number(values.pages));
const measured = new Steps();
measured.add('gaveBack', 1);
const fits = numbers(values.fit);
const done: { withEvils: boolean; seed: number; real: Real }[] = [];
// In turns: what else the machine does meanwhile is much the same for both.
for (const [at, seed] of numbers(values.seeds).entries()) {
  if (at % 2 === 0 && fits.length > 0) await learn(fits.shift() as number);
  for (const withEvils of [false, true]) {
    done.push({ withEvils, seed, real: await undisturbed(runOf(seed, withEvils)) });
  }
}
const steps = Object.fromEntries(STEPS.map((name) => [name, quantiles(measured.ms[name])]));
const times = { ...steps, start: [SUCCESSOR_MS], broker } as unknown as Times;
console.log(JSON.stringify(times));

const FIGURES = ['makespanMs', 'begunAgain', 'madeTwice'] as const;
for (const withEvils of [false, true]) {
  const sums = FIGURES.map(() => ({ real: 0, predicted: 0 }));
  for (const { seed, real } of done.filter((one) => one.withEvils === withEvils)) {
    const predicted = await play({ ...runOf(seed, withEvils), times });
    for (const [at, name] of FIGURES.entries()) {
      sums[at].real += real[name];
      sums[at].predicted += predicted[name];
    }
    const pairs = FIGURES.map((name) => `${Math.round(real[name])} ${Math.round(predicted[name])}`);
    const percent = 100 * (predicted.makespanMs / real.makespanMs - 1);
    console.log([withEvils ? 'evils' : 'calm', seed, ...pairs, `${percent.toFixed(1)} %`].join('\t'));
  }
  const pairs = sums.map(({ real, predicted }) => `${Math.round(real)} ${Math.round(predicted)}`);
  console.log(['all', '', ...pairs].join('\t'));
}
process.exit();

/** Of a calm one: who was stopped has measured that, too. */
async function learn(seed: number): Promise<void> {
  const { steps, makespanMs } = await undisturbed(runOf(seed, false));
  console.error(`fit ${seed}: ${makespanMs.toFixed(0)} ms`);
  for (const [name, ms] of Object.entries(steps)) measured.add(name, ...ms);
  measured.add('way', ...steps.take, ...steps.done, ...steps.renew);
}

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
