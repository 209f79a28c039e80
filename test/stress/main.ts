/**
 * `npm run stress -- [--seconds N] [--seed S] [--threads T]`: as long as you like, with another seed each
 * time.
 */
import { parseArgs } from 'node:util';
import { stress } from './stress.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    threads: { type: 'string', default: '3' },
  },
});
const options = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  threads: Number(values.threads),
};
if (!Object.values(options).every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new RangeError('--seconds, --seed and --threads are whole numbers.');
}
console.log(options);
console.log(await stress(options));
