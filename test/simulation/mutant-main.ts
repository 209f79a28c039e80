/**
 * node mutant-main.ts NUMBER SEED...: plays a wrong variant of the protocol from each seed on, and prints
 * after how many schedules it was caught, as JSON. The sources stay as they are: the piece is replaced when
 * its module is loaded.
 */
import { registerHooks } from 'node:module';
import { ALLOWED, MUTANTS } from './mutants.ts';

const [number, ...seeds] = process.argv.slice(2).map(Number);
const mutant = MUTANTS.at(number);
if (mutant !== undefined) {
  const { file, from, to } = mutant;
  const url = new URL(`../../src/${file}`, import.meta.url).href;
  registerHooks({
    load(loaded, context, next) {
      const module = next(loaded, context);
      if (loaded !== url) return module;
      const parts = String(module.source).split(from);
      if (parts.length !== 2) throw new Error(`'${from}' is ${parts.length - 1} times in ${file}`);
      return { ...module, source: parts.join(to) };
    },
  });
}

// After the hooks: these import what they replace.
const { simulate } = await import('./run.ts');
const { WORLDS } = await import('./worlds.ts');
// What is right is played elsewhere, for longer.
const most = mutant === undefined ? 1000 : ALLOWED;
const caught: (number | null)[] = [];
for (const seed of seeds) {
  const failure = await simulate(most, seed, WORLDS[mutant?.world ?? 'mixed'], false);
  caught.push(failure === null ? null : failure.seed - seed + 1);
}
console.log(JSON.stringify(caught));
