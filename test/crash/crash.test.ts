import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seeded } from '../simulation/choices.ts';
import { chooseKills, killAgainAndAgain } from './kills.ts';
import { checkPrefixes, type Recording, record, remains } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { whyNoStrace } from './strace.ts';

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

describe.skipIf(noStrace !== null)('what a run did to its files, replayed', () => {
  it('makes what the run has made', () => {
    const { operations } = recorded;
    expect(remains(batch, operations, 'none', seeded(seed))).toEqual(batch.look());
  });

  it('leaves after each step what a journal says of it', async () => {
    console.log(await checkPrefixes(batch, recorded.operations, seeded(seed)));
  });
});
