/**
 * node mutant-main.ts NUMBER SEED...: plays a wrong variant of admission, and prints what it breaks, as JSON.
 */
import { replacePiece } from '../replace-piece.ts';
import { MUTANTS } from './mutants.ts';

const [number, ...seeds] = process.argv.slice(2).map(Number);
const { file, from, to, at = 'ten times the load' } = MUTANTS[number];
replacePiece({ file: `service/admission/${file}`, from, to });

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
