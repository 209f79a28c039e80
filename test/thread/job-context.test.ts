import { expect, it } from 'vitest';
import { Counting } from '../../src/budget/counting.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { KiB, MiB } from '../../src/bytes.ts';
import { makeContext } from '../../src/thread/job-context.ts';
import { dirtyShard } from '../stand.ts';

it('a job that asks for a size also says how long its blocks can be', () => {
  const ledger = Ledger.create(2, MiB);
  ledger.header.blockBytes = 64 * KiB;
  const { block } = makeContext({
    ...{ ledger, row: 1, counts: new Counting(ledger.row(1)), pool: dirtyShard(), mostBlockMs: 500 },
    data: undefined,
    signal: () => new AbortController().signal,
    emit: () => {},
    emitAsync: async () => {},
    processed: () => {},
  });
  const said = () => [0, 1].map((row) => ledger.row(row).longestBlockBytes);
  expect(said()).toEqual([0, 0]);
  expect([block.frames(1, 8000), ...said()]).toEqual([4000, 0, 16_000]);
  expect([block.frames(2, 48_000), ...said()]).toEqual([8192, 0, 192_000]);
  const any = 2 ** 31 - 1;
  expect([block.frames(2), ...said()]).toEqual([8192, 0, any]);
  expect([block.frames(1, 0.1), ...said()]).toEqual([1, 0, 1]);
  expect([block.bytes, ...said()]).toEqual([64 * KiB, 0, any]);
});
