/**
 * `npm run cluster-test -- [--hosts N] [--kills N] [--runs N] [--seed S] [--files N] [--nfs]`: batches over
 * real hosts and a real broker, which are killed, stopped and cut off at random, and whose clocks are set.
 * With `--nfs` hosts are machines in user mode that have the folder by NFS, whose server is killed, stopped
 * and cut off, too. A run that fails says why, and the next one begins.
 */
import { parseArgs } from 'node:util';
import { build } from '../built.ts';
import { setup as cacheCompiled } from '../compile-cache.ts';
import { campaign } from './campaign.ts';
import { whyNoNfs } from './nfs/nfs-network.ts';
import { seenAtOnce } from './nfs/seen-at-once.ts';
import { whyNoFaults } from './process-faults.ts';
import { whyNoRedis } from './redis.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '4' },
    kills: { type: 'string', default: '20' },
    runs: { type: 'string', default: '1' },
    files: { type: 'string', default: '200' },
    nfs: { type: 'boolean', default: false },
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
const missing = whyNoRedis() ?? (values.nfs ? whyNoNfs() : null);
if (missing !== null) throw new Error(missing);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const noFaults = values.nfs ? 'machines in user mode have clocks and processes of their own' : whyNoFaults();
if (noFaults !== null) console.log(`No clock is set, and no input kills: ${noFaults}`);
const removeCache = cacheCompiled();
const built = build();
const command = [process.execPath, built.command];
try {
  if (values.nfs) console.log(JSON.stringify({ seenWithinMs: await seenAtOnce() }));
  for (let run = 0; run < runs; run++) {
    const about = { command, hosts, kills, files, seed: seed + run, faults: noFaults === null };
    try {
      const tally = await campaign({ ...about, nfs: values.nfs, report: (line) => console.log(line) });
      console.log(JSON.stringify({ seed: seed + run, ...tally }));
    } catch (error) {
      process.exitCode = 1;
      console.log(JSON.stringify({ seed: seed + run, failed: (error as Error).message }));
    }
  }
} finally {
  built.remove();
  removeCache();
}
