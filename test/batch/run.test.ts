import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Ending, Endings } from '../../src/batch/endings.ts';
import { OutputFolders } from '../../src/batch/output-folders.ts';
import { PendingFiles } from '../../src/batch/pending.ts';
import type { Decision, QueuedFile } from '../../src/batch/plan.ts';
import { type BatchWork, runBatch } from '../../src/batch/run.ts';
import { MillpondError } from '../../src/errors.ts';
import { outputExists } from '../../src/files/whole-file.ts';
import type { Runner } from '../../src/runtime/runner.ts';

const file = (name: string, estimatedSeconds = 1): QueuedFile => ({
  ...{ input: `/${name}.wav`, output: join(tmpdir(), `${name}.flac`), bytes: 1, estimatedSeconds },
  ...{ number: 0, at: -1 },
});
const toDo = (one: QueuedFile): Decision => ({ to: 'do', file: one, found: { input: null, output: null } });

async function run(
  decisions: AsyncIterable<readonly Decision[]>,
  job: (input: string) => Promise<unknown>,
  work: Partial<BatchWork<never>> = {},
  listener: (ending: Ending) => void = () => {},
) {
  const { signal } = new AbortController();
  const [pending, endings] = [new PendingFiles(), new Endings([listener])];
  const listing = pending.list(decisions, endings, signal);
  const runner = { threads: 1, run: job } as unknown as Runner;
  const files = { pending, endings, folders: new OutputFolders() };
  await runBatch(runner, files, { request: ({ input }) => input, ...work }, () => {}, signal);
  await listing;
  return endings;
}

async function* one() {
  yield [toDo(file('x'))];
}

it('a failure that the budget caused names the option of the command', async () => {
  const refusal = new MillpondError('ERR_BUDGET_EXHAUSTED', 'Run fewer threads, or raise budgetBytes.');
  const { failures } = await run(one(), () => Promise.reject(refusal));
  const message = 'Run fewer threads, or raise --budget.';
  expect(failures).toEqual([{ file: '/x.wav', code: 'ERR_BUDGET_EXHAUSTED', message }]);
});

it.each([
  [true, { ok: 0, skippedLate: 1, ended: 1, failures: [], skips: { exists: 1 } }],
  [false, { ok: 0, skippedLate: 0, failures: [{ code: 'ERR_OUTPUT_EXISTS' }], skips: { exists: 0 } }],
])('an output that appeared meanwhile: its file is skipped is %s', async (skipsExisting, expected) => {
  const told: string[] = [];
  const endings = await run(
    one(),
    () => Promise.reject(outputExists('/x')),
    { skipsExisting },
    (ending) => void told.push(ending.state),
  );
  expect(endings).toMatchObject(expected);
  expect(told).toEqual([skipsExisting ? 'skipped' : 'failed']);
});

describe('while files are listed', () => {
  it('those that are known are done, and of these the longest first', async () => {
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    async function* decisions() {
      yield [toDo(file('a'))];
      // A listing that waited for all would wait for ever.
      await begun.promise;
      yield [1, 5, 3, 9, 7, 2, 8].map((seconds) => toDo(file(`${seconds}`, seconds)));
    }
    const results: PromiseWithResolvers<object>[] = [];
    const ended = run(decisions(), (input) => {
      order.push(input.slice(1, -4));
      const result = Promise.withResolvers<object>();
      results.push(result);
      if (results.length === 1) begun.resolve();
      else result.resolve({ seconds: 1, warnings: [] });
      return result.promise;
    });
    await begun.promise;
    results[0].resolve({ seconds: 1, warnings: [] });
    expect(await ended).toMatchObject({ ok: 8, audioSeconds: 8 });
    expect(order).toEqual(['a', '9', '8', '7', '5', '3', '2', '1']);
  });

  it('what ends the listing is told once those before it are done', async () => {
    async function* broken() {
      yield [toDo(file('a')), toDo(file('b'))];
      throw new Error('the list is none');
    }
    const done: string[] = [];
    const ended = run(
      broken(),
      async () => ({ seconds: 1, warnings: [] }),
      {},
      ({ input }) => {
        done.push(input);
      },
    );
    await expect(ended).rejects.toThrow('the list is none');
    expect(done.sort()).toEqual(['/a.wav', '/b.wav']);
  });

  it('whether there are enough files is known as soon as they are listed', async () => {
    const [pending, endings] = [new PendingFiles(), new Endings()];
    const { signal } = new AbortController();
    const rest = Promise.withResolvers<void>();
    async function* decisions() {
      yield [toDo(file('a')), toDo(file('b'))];
      await rest.promise;
    }
    const [two, three, one] = [pending.atLeast(2), pending.atLeast(3), pending.atLeast(1)];
    const listing = pending.list(decisions(), endings, signal);
    expect([await one, await two, pending.totals]).toEqual([
      true,
      true,
      { files: 2, seconds: 2, isExact: false },
    ]);
    rest.resolve();
    await listing;
    expect([await three, await pending.atLeast(2), pending.totals.isExact]).toEqual([false, true, true]);
  });
});

it('a listener that fails ends the batch', async () => {
  async function* many() {
    for (let at = 0; at < 100; at++) yield [toDo(file(`${at}`))];
  }
  let begun = 0;
  const broken = run(
    many(),
    async () => {
      begun++;
      return { seconds: 1, warnings: [] };
    },
    {},
    () => {
      throw new Error('the disk is full');
    },
  );
  await expect(broken).rejects.toThrow('the disk is full');
  expect(begun).toBeLessThan(10);
});

it('of a million failures and notes the first are kept, and all are counted', async () => {
  const endings = new Endings();
  const ended = { input: '/x.wav', output: null, bytes: 1 };
  const result = { seconds: 1, warnings: ['quiet', 'short'] };
  for (let at = 0; at < 20_000; at++) {
    await endings.add({ ...ended, state: 'failed', code: 'ERR_AUDIO_OPEN', message: `${at}`, callMs: null });
    await endings.add({ ...ended, state: 'done', result, callMs: 1, notes: result.warnings });
  }
  const { failed, failures, failuresLeftOut, notes, notesLeftOut } = endings;
  expect([failed, failures.length, failuresLeftOut]).toEqual([20_000, 10_000, 10_000]);
  expect([notes.length, notesLeftOut, failures[9999].message]).toEqual([10_000, 30_000, '9999']);
});
