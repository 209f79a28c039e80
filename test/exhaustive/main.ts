/** `npm run enumerate -- [large] [part of a case's name]`: the cases with their counts and times. */
import { CASES, LARGE_CASES } from './cases.ts';
import { PROTOCOL } from './protocol.ts';
import { search } from './search.ts';

const [first, ...rest] = process.argv.slice(2);
const large = first === 'large';
const part = (large ? rest : process.argv.slice(2)).join(' ');
for (const given of large ? LARGE_CASES : CASES) {
  if (!given.name.includes(part)) continue;
  const start = performance.now();
  const { states, transitions, ends, broken } = search(given, PROTOCOL);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${given.name}: ${states} states, ${transitions} transitions, ${ends} ends, ${seconds} s`);
  if (broken === null) continue;
  console.error([`${broken.invariant}:`, ...broken.steps].join('\n  '));
  process.exitCode = 1;
}
