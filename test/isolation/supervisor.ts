/** A program that is killed: it says which processes it has, each of which runs a task that never ends. */
import { createIsolatedRunner } from '../../src/isolation/index.ts';

const job = new URL('../jobs/deadly.ts', import.meta.url);
const runner = await createIsolatedRunner({ job, processes: 2, threads: 2, spare: false });
const pids = await Promise.all([1, 2].map(() => runner.run<{ pid: number }>({ do: 'pid' })));
const begun = [1, 2].map(
  () =>
    new Promise<void>((resolve) => {
      void runner.run({ do: 'report-and-spin' }, { onProgress: () => resolve() });
    }),
);
await Promise.all(begun);
process.stdout.write(`${JSON.stringify(pids.map(({ pid }) => pid))}\n`);
