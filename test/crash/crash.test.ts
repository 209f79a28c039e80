import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seeded } from '../simulation/choices.ts';
import { chooseKills, killAgainAndAgain } from './kills.ts';
import { checkPrefixes, type Recording, record, remains } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { signalAt, whyNoStrace } from './strace.ts';

const seed = Number(process.env.MILLPOND_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const noStrace = whyNoStrace();
let batch: SmallBatch;
let runMs: number;
let recorded: Recording = { operations: [], points: [] };

beforeAll(async () => {
  batch = await SmallBatch.make([inject('builtCommand')], 'flac', 14);
  runMs = await batch.timed();
  if (noStrace === null) recorded = await record(batch);
  console.log(`seed ${seed}, ${noStrace ?? `${recorded.points.length} calls to be killed at`}`);
});
afterAll(() => batch?.[Symbol.dispose]());

describe('a batch that is killed', () => {
  it('goes on, and in the end every output is there once, whole, and nothing else', async () => {
    const kills = chooseKills(50, recorded.points, seeded(seed));
    console.log(await killAgainAndAgain(batch, kills, runMs));
  });
});

it.skipIf(noStrace !== null)(
  'an output that was placed when its run was killed is left, and its hidden name goes with the next run',
  async () => {
    // Where nothing may be replaced a file is linked into its place, and then loses its first name.
    using linked = await SmallBatch.make([inject('builtCommand')], 'flac', 4, ['--skip-existing']);
    linked.reset();
    const { signal } = await linked.start(signalAt({ call: 'unlink', nth: 4 }, 'SIGKILL')).ended;
    expect(signal).toBe('SIGKILL');
    expect(() => linked.checkNothingElse()).toThrow(/\.part$/);
    await linked.finish();
  },
);

describe.skipIf(noStrace !== null)('what a run did to its files, replayed', () => {
  it('makes what the run has made', () => {
    const { operations } = recorded;
    expect(remains(batch, operations, 'none', seeded(seed))).toEqual(batch.look());
  });

  it('leaves after each step what a journal says of it', async () => {
    console.log(await checkPrefixes(batch, recorded.operations, seeded(seed)));
  });
});
