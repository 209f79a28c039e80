/**
 * `npm run crash-test -- [--runs N] [--recoveries N] [--seed S] [--files N] [--to FORMAT] [--options "..."]`:
 * replays every prefix of what a run does to its files, with all losses, goes on after some of them, and
 * kills a batch N times.
 */
import { parseArgs } from 'node:util';
import { build } from '../built.ts';
import { setup as cacheCompiled } from '../compile-cache.ts';
import { seeded } from '../simulation/choices.ts';
import { killAgainAndAgain } from './kills.ts';
import { checkPrefixes, record, recover } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { whyNoStrace } from './strace.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    recoveries: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    files: { type: 'string', default: '24' },
    to: { type: 'string', default: 'flac' },
    options: { type: 'string', default: '' },
  },
});
const [runs, recoveries, seed, files] = [values.runs, values.recoveries, values.seed, values.files].map(
  Number,
);
if (![runs, recoveries, seed, files].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new RangeError('--runs, --recoveries, --seed and --files are whole numbers.');
}
const options = values.options.split(' ').filter((option) => option !== '');
console.log({ runs, recoveries, seed, files, to: values.to, options });

const removeCache = cacheCompiled();
const built = build();
const startedMs = performance.now();
const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
try {
  const noStrace = whyNoStrace();
  if (noStrace !== null) console.log(`Killed at random only, and nothing is replayed: ${noStrace}`);
  else {
    using batch = await SmallBatch.make([built.command], values.to, files, [
      ...options,
      '--durability',
      'power',
    ]);
    const { operations } = await record(batch);
    const states = await checkPrefixes(batch, operations, seeded(seed));
    console.log({ prefixes: operations.length, states, seconds: seconds() });
    await recover(batch, operations, recoveries, seeded(seed));
    console.log({ recoveries, seconds: seconds() });
  }
  using batch = await SmallBatch.make([built.command], values.to, files, options);
  const points = noStrace === null ? (await record(batch)).points : [];
  const run = { points, runMs: await batch.timed() };
  const tally = await killAgainAndAgain(batch, runs, run, seeded(seed), (tally) => {
    if (tally.batches % 10 === 0) console.log(JSON.stringify({ ...tally, seconds: seconds() }));
  });
  console.log({ ...tally, calls: points.length, seconds: seconds() });
} finally {
  built.remove();
  removeCache();
}
