/**
 * node mutant-main.ts NUMBER SEED...: plays a wrong variant of the protocol from each seed on, and prints
 * after how many schedules it was caught, as JSON.
 */
import { ALLOWED, MUTANTS } from './mutants.ts';
import { replacePiece } from './replace-piece.ts';

const [number, ...seeds] = process.argv.slice(2).map(Number);
const mutant = MUTANTS.at(number);
if (mutant !== undefined) replacePiece(mutant);

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
