import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seeded } from '../simulation/choices.ts';
import { killAgainAndAgain } from './kills.ts';
import type { Operation } from './operations.ts';
import { checkPrefixes, record, recover, remains, withoutSyncs } from './replay.ts';
import { SmallBatch } from './small-batch.ts';
import { signalAt, whyNoStrace } from './strace.ts';

const seed = Number(process.env.MILLPOND_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const noStrace = whyNoStrace();
/** What the built command is given to make `files` outputs. */
const batchOf = (files: number, ...options: string[]): Promise<SmallBatch> =>
  SmallBatch.make([inject('builtCommand')], 'flac', files, options);

describe('a batch that is killed', () => {
  it.each([
    ['by itself', '0'],
    ['with its child, or only that', '1'],
  ])('%s goes on, and in the end every output is there once, whole, and nothing else', async (_, isolate) => {
    using batch = await batchOf(12, '--isolate', isolate);
    const { points } = noStrace === null ? await record(batch) : { points: [] };
    const run = { points, runMs: await batch.timed() };
    console.log(`seed ${seed}`, await killAgainAndAgain(batch, 25, run, seeded(seed)), noStrace ?? '');
  });
});

it.skipIf(noStrace !== null)(
  'an output that was placed when its run was killed is left, and its hidden name goes with the next run',
  async () => {
    // Where nothing may be replaced a file is linked into its place, and then loses its first name.
    using linked = await batchOf(4, '--skip-existing');
    linked.reset();
    const { signal } = await linked.start(signalAt({ call: 'unlink', nth: 4 }, 'SIGKILL')).ended;
    expect(signal).toBe('SIGKILL');
    expect(() => linked.checkNothingElse()).toThrow(/\.part$/);
    await linked.finish();
  },
);

describe.skipIf(noStrace !== null)('a batch whose machine loses its power', () => {
  let batch: SmallBatch;
  let operations: readonly Operation[];
  let journal: number;
  const FILES = 48;
  beforeAll(async () => {
    batch = await batchOf(FILES, '--durability', 'power');
    ({ operations } = await record(batch));
    journal = fileCreatedAs(/\/\.journal\.ndjson\./);
  });
  afterAll(() => batch?.[Symbol.dispose]());

  const fileCreatedAs = (name: RegExp): number =>
    operations.flatMap((one) => (one.kind === 'create' && name.test(one.path) ? [one.file] : []))[0];
  const lostAtTheEnd = async (all: readonly Operation[]): Promise<number> =>
    FILES - (await batch.claims(remains(batch, all, 'all', seeded(seed)))).length;

  it('is replayed as it was: the same operations make the same files', () => {
    expect(remains(batch, operations, 'none', seeded(seed))).toEqual(batch.look());
  });

  it('puts each output in its place from the same folder: no rename crosses from one disk to another', () => {
    const placed = operations.filter((one) => one.kind === 'rename' || one.kind === 'link');
    expect(placed.length).toBeGreaterThan(FILES);
    for (const { from, to } of placed) expect(dirname(from)).toBe(dirname(to));
  });

  it('has what its journal calls done, wherever it is lost and whatever was not synced', async () => {
    expect(operations.length).toBeGreaterThanOrEqual(200);
    const states = await checkPrefixes(batch, operations, seeded(seed));
    console.log(`seed ${seed}`, { prefixes: operations.length, states });
    expect(await lostAtTheEnd(operations)).toBe(0);
  });

  it.each([
    ['the outputs', (of: number | string) => typeof of === 'number' && of !== journal],
    ['the folders of the outputs', (of: number | string) => `${of}`.startsWith(`${batch.out}/one`)],
    ['the folder of the journal', (of: number | string) => of === `${batch.out}/.millpond`],
    ['the journal', (of: number | string) => of === journal],
  ])('would not have it, if %s were not synced', async (_, isLeftOut) => {
    const less = withoutSyncs(operations, isLeftOut);
    const check = async (): Promise<void> => {
      await checkPrefixes(batch, less, seeded(seed));
      if ((await lostAtTheEnd(less)) > 0) throw new Error('What was said to be done is lost in the end.');
    };
    await expect(check()).rejects.toThrow(/journal|lost/);
  });

  it('goes on from what is left, and makes what is missing', async () => {
    await recover(batch, operations, 4, seeded(seed));
  });
});
