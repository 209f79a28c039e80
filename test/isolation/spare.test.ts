import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IsolatedRunner } from '../../src/isolation/index.ts';
import { errorsOf, isThere, startIsolated } from './isolated.ts';

let runner: IsolatedRunner;
beforeAll(async () => {
  ({ runner } = await startIsolated('deadly', { threads: 1, spare: true }));
});
afterAll(() => runner.close());

it('a spare process takes the place of one that dies, and another stands ready', async () => {
  // It comes once the others have begun.
  await expect.poll(() => runner.pids.length).toBe(2);
  const [first, spare] = runner.pids;
  const begun = Promise.withResolvers<void>();
  const run = runner.run<{ pid: number }>({ do: 'pid-later' }, { onProgress: () => begun.resolve() });
  await begun.promise;
  process.kill(first, 'SIGKILL');
  // It is tried again there.
  expect(await errorsOf([run])).toEqual({});
  expect((await run).pid).toBe(spare);
  await expect.poll(() => runner.pids.length).toBe(2);
  expect(runner.pids[0]).toBe(spare);
  expect(isThere(first)).toBe(false);
});
