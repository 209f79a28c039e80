/** node mutant-main.ts NUMBER SEED...: plays a wrong variant, and prints what it breaks, as JSON. */
import { replacePiece } from '../replace-piece.ts';
import { MUTANTS } from './mutants.ts';

const [number, ...usual] = process.argv.slice(2).map(Number);
const { file, from, to, at, seed } = MUTANTS[number];
const seeds = seed === undefined ? usual : [seed];
replacePiece({ file: `cluster/${file}`, from, to });

// After the hooks: these import what they replace.
const { play } = await import('./play.ts');
const { broken } = await import('./promises.ts');
const { SCENARIOS } = await import('./scenarios.ts');
const found: string[] = [];
for (const seed of seeds) {
  const cluster = SCENARIOS[at](seed);
  found.push(...broken(cluster, await play(cluster)));
}
console.log(JSON.stringify(found));
