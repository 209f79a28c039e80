import { inject, it } from 'vitest';
import { campaign } from './campaign.ts';
import { whyNoRedis } from './redis.ts';

const seed = Number(process.env.MILLPOND_CLUSTER_SEED ?? Math.floor(Math.random() * 2 ** 31));
const noRedis = whyNoRedis();

it.skipIf(noRedis !== null)(
  'batches end whole, and each file shows once, whoever is killed, stopped or cut off',
  async () => {
    const command = [process.execPath, inject('builtCommand')];
    const tally = await campaign({ command, hosts: 3, kills: 20, seed, files: 1000 });
    console.log(`seed ${seed}`, tally);
  },
);

it.runIf(noRedis !== null)(`batches over hosts are not tested: ${noRedis}`, () => {});
