/**
 * node mutant-main.ts NUMBER SEED...: plays a wrong variant of admission, and prints what it breaks, as JSON.
 * The sources stay as they are: the piece is replaced when its module is loaded.
 */
import { registerHooks } from 'node:module';
import { MUTANTS } from './mutants.ts';

const [number, ...seeds] = process.argv.slice(2).map(Number);
const { file, from, to, at = 'ten times the load' } = MUTANTS[number];
const url = new URL(`../../../src/service/admission/${file}`, import.meta.url).href;
registerHooks({
  load(loaded, context, next) {
    const module = next(loaded, context);
    if (loaded !== url) return module;
    const parts = String(module.source).split(from);
    if (parts.length !== 2) throw new Error(`'${from}' is ${parts.length - 1} times in ${file}`);
    return { ...module, source: parts.join(to) };
  },
});

// After the hooks: these import what they replace.
const { measure } = await import('./measure.ts');
const { play } = await import('./play.ts');
const { SCENARIOS } = await import('./scenarios.ts');
const { workload, broken } = SCENARIOS[at];
const figures = measure(
  seeds.map((seed) => play(workload, seed)),
  workload,
);
console.log(JSON.stringify(broken(figures)));
