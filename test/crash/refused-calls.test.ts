/** A system that says no: a call that makes, writes, places or syncs a file fails once, or from then on. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seeded } from '../simulation/choices.ts';
import { SmallBatch } from './small-batch.ts';
import { failing, whyNoStrace } from './strace.ts';

const seed = Number(process.env.MILLPOND_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const choices = seeded(seed);
console.log(`seed ${seed}`);

describe.skipIf(whyNoStrace() !== null)('a batch', () => {
  let batch: SmallBatch;
  beforeAll(async () => {
    batch = await SmallBatch.make([inject('builtCommand')], 'flac', 6, ['--durability', 'power']);
  });
  afterAll(() => batch?.[Symbol.dispose]());

  it.each([
    ['mkdir', 'ENOSPC', ''],
    ['rename', 'EIO', ''],
    ['rename', 'EROFS', '+'],
    // Of outputs and of the journal, whose lines go by pwrite.
    ['fdatasync', 'EIO', ''],
    ['fsync', 'EIO', '+'],
    ['pwrite64', 'ENOSPC', '+'],
  ])('says what failed when %s is answered %s%s, and goes on the next time', async (call, error, more) => {
    batch.reset();
    const when = `${1 + choices.pick(6)}${more}`;
    const { code, signal, stderr } = await batch.start(failing(call, error, when)).ended;
    // There may be fewer of them.
    if (code !== 0) {
      expect([when, code, signal, stderr]).toEqual([
        when,
        1,
        null,
        expect.stringMatching(`${error}.*\\(ERR_\\w+\\)`),
      ]);
    }
    await batch.check();
    await batch.finish();
  });
});
