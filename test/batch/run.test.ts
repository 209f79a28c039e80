import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runBatch } from '../../src/batch/run.ts';
import { MillpondError } from '../../src/errors.ts';
import { outputExists } from '../../src/files/whole-file.ts';
import type { Runner } from '../../src/runtime/runner.ts';

it('a failure that the budget caused names the option of the command', async () => {
  const refusal = new MillpondError('ERR_BUDGET_EXHAUSTED', 'Run fewer threads, or raise budgetBytes.');
  const runner = { threads: 1, run: () => Promise.reject(refusal) } as unknown as Runner;
  const file = { input: '/x.wav', output: join(tmpdir(), 'x.flac'), bytes: 1, estimatedSeconds: 1 };
  const { failures } = await runBatch(
    runner,
    { files: [file], skipped: [], refused: [], unreadable: [] },
    { request: ({ input }) => input },
    { advanced() {}, done() {}, failed() {} },
    new AbortController().signal,
  );
  const message = 'Run fewer threads, or raise --budget.';
  expect(failures).toEqual([{ file: '/x.wav', code: 'ERR_BUDGET_EXHAUSTED', message }]);
});

it.each([
  [true, { ok: 0, skipped: 1, failures: [] }],
  [false, { ok: 0, skipped: 0, failures: [expect.objectContaining({ code: 'ERR_OUTPUT_EXISTS' })] }],
])('an output that appeared meanwhile: its file is skipped is %s', async (skipsExisting, expected) => {
  const runner = { threads: 1, run: () => Promise.reject(outputExists('/x')) } as unknown as Runner;
  const file = { input: '/x.wav', output: join(tmpdir(), 'x.flac'), bytes: 1, estimatedSeconds: 1 };
  const told: string[] = [];
  const outcome = await runBatch(
    runner,
    { files: [file], skipped: [], refused: [], unreadable: [] },
    { request: ({ input }) => input, skipsExisting },
    { advanced() {}, done: () => told.push('done'), failed: () => told.push('failed') },
    new AbortController().signal,
  );
  expect(outcome).toMatchObject(expected);
  expect(told).toEqual([skipsExisting ? 'done' : 'failed']);
});
