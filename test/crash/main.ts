/**
 * `npm run crash-test -- [--runs N] [--seed S] [--to FORMAT]`: kills a batch N times, then replays every
 * prefix of what one run does to its files, with all losses.
 */
import { parseArgs } from 'node:util';
import { build } from '../built.ts';
import { setup as cacheCompiled } from '../compile-cache.ts';
import { seeded } from '../simulation/choices.ts';
import { chooseKills, killAgainAndAgain } from './kills.ts';
import { checkPrefixes, record } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { whyNoStrace } from './strace.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    to: { type: 'string', default: 'flac' },
    files: { type: 'string', default: '24' },
  },
});
const [runs, seed, files] = [values.runs, values.seed, values.files].map(Number);
if (![runs, seed, files].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new RangeError('--runs, --seed and --files are whole numbers.');
}
console.log({ runs, seed, files, to: values.to });

const removeCache = cacheCompiled();
const built = build();
try {
  using batch = await SmallBatch.make([built.command], values.to, files);
  const noStrace = whyNoStrace();
  if (noStrace !== null) console.log(`Killed at random only, and nothing is replayed: ${noStrace}`);
  const { operations, points } = noStrace === null ? await record(batch) : { operations: [], points: [] };
  console.log(`${operations.length} operations, ${points.length} calls to be killed at`);
  console.log({ prefixes: operations.length, states: await checkPrefixes(batch, operations, seeded(seed)) });
  const kills = chooseKills(runs, points, seeded(seed));
  const runMs = await batch.timed();
  console.log(await killAgainAndAgain(batch, kills, runMs, (tally) => console.log(JSON.stringify(tally))));
} finally {
  built.remove();
  removeCache();
}
