import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runBatch } from '../../src/batch/run.ts';
import { MillpondError } from '../../src/errors.ts';
import type { Runner } from '../../src/runtime/runner.ts';

it('a failure that the budget caused names the option of the command', async () => {
  const refusal = new MillpondError('ERR_BUDGET_EXHAUSTED', 'Run fewer threads, or raise budgetBytes.');
  const runner = { threads: 1, run: () => Promise.reject(refusal) } as unknown as Runner;
  const file = { input: '/x.wav', output: join(tmpdir(), 'x.flac'), bytes: 1, estimatedSeconds: 1 };
  const { failures } = await runBatch(
    runner,
    { files: [file], skipped: 0, unreadable: [] },
    { request: ({ input }) => input },
    { advanced() {}, done() {}, failed() {} },
    new AbortController().signal,
  );
  const message = 'Run fewer threads, or raise --budget.';
  expect(failures).toEqual([{ file: '/x.wav', code: 'ERR_BUDGET_EXHAUSTED', message }]);
});
