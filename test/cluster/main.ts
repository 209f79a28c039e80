/**
 * `npm run cluster-test -- [--hosts N] [--kills N] [--runs N] [--seed S] [--files N]`: batches over real
 * hosts and a real broker, which are killed, stopped and cut off at random; with an odd seed their clocks are
 * set, with an even one their children are killed.
 */
import { parseArgs } from 'node:util';
import { build } from '../built.ts';
import { setup as cacheCompiled } from '../compile-cache.ts';
import { campaign } from './campaign.ts';
import { whyNoRedis } from './redis.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '4' },
    kills: { type: 'string', default: '20' },
    runs: { type: 'string', default: '1' },
    files: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const [hosts, kills, runs, files, seed] = [
  values.hosts,
  values.kills,
  values.runs,
  values.files,
  values.seed,
].map(Number);
if (![hosts, kills, runs, files, seed].every((value) => Number.isSafeInteger(value) && value >= 0)) {
  throw new RangeError('--hosts, --kills, --runs, --files and --seed are whole numbers.');
}
const noRedis = whyNoRedis();
if (noRedis !== null) throw new Error(noRedis);
const removeCache = cacheCompiled();
const built = build();
const command = [process.execPath, built.command];
try {
  for (let run = 0; run < runs; run++) {
    const report = (line: string): void => console.log(line);
    const clocks = (seed + run) % 2 === 1;
    const tally = await campaign({ command, hosts, kills, files, seed: seed + run, report, clocks });
    console.log(JSON.stringify({ seed: seed + run, ...tally }));
  }
} finally {
  built.remove();
  removeCache();
}
