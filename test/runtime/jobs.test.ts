import { describe, expect, it } from 'vitest';
import { createRuntime, jobFile } from '../../src/index.ts';
import { readSnapshot } from '../../src/report/read-snapshot.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();
const file = (job: string): URL => new URL(`../jobs/${job}.ts`, import.meta.url);

describe('a runtime of several jobs', () => {
  it('runs each by its name, on the same threads and pools', async () => {
    const { runtime } = await start('', {
      job: undefined,
      jobs: { echo: file('basic'), short: file('short').href },
      threads: 1,
    });
    const thread = await runtime.run({ do: 'count' }, { job: 'short' });
    expect(await runtime.run({ do: 'echo', value: 7 }, { job: 'echo' })).toBe(7);
    expect(await runtime.run({ do: 'count' }, { job: 'short' })).toBe(thread);
    await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        if (at % 2 === 0) expect(await runtime.run({ do: 'count' }, { job: 'short' })).toBe(thread);
        else expect(await runtime.run({ do: 'echo', value: at }, { job: 'echo' })).toBe(at);
      }),
    );
  });

  it('tells them apart in its snapshot: how many wait, run and have ended, and how long that took', async () => {
    const { runtime } = await start('', {
      job: undefined,
      // A name that every object has, and one that an object puts first.
      jobs: { constructor: file('basic'), short: file('short'), 7: file('short') },
      threads: 1,
    });
    const job = 'short';
    await runtime.run({ do: 'count' }, { job });
    await expect(runtime.run({ do: 'throw' }, { job })).rejects.toThrow('short');
    await expect(runtime.run({ do: 'exit' }, { job })).rejects.toThrow('exit');
    await runtime.run({ do: 'echo' }, { job: 'constructor' });
    const words = sharedWords();
    const held = runtime.run({ do: 'hold', words }, { job });
    await raised(words, 0);
    const cancelling = new AbortController();
    const { signal } = cancelling;
    const waiting = runtime.run({ do: 'echo' }, { job: 'constructor' });
    const cancelled = runtime.run({ do: 'echo' }, { job: 'constructor', signal });
    const alsoWaiting = [runtime.run({ do: 'count' }, { job }), runtime.run({ do: 'count' }, { job })];
    cancelling.abort();
    await expect(cancelled).rejects.toThrow('abort');

    const { tasks } = runtime.snapshot();
    // An object has a constructor anyway, for the types.
    const byJob = tasks.byJob as Record<'constructor' | 'short' | 7, typeof tasks>;
    expect(Object.keys(byJob).sort()).toEqual(['7', 'constructor', 'short']);
    const none = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
    expect(byJob.short).toMatchObject({ ...none, queued: 2, running: 1, succeeded: 1, failed: 1, lost: 1 });
    expect(byJob.constructor).toMatchObject({ ...none, queued: 1, succeeded: 1, cancelled: 1 });
    expect(byJob[7]).toMatchObject({ ...none, queueWait: { count: 0 }, serviceTime: { count: 0 } });
    const all = Object.values(byJob);
    for (const name of Object.keys(none) as (keyof typeof none)[]) {
      expect(all.reduce((sum, counts) => sum + counts[name], 0)).toBe(tasks[name]);
    }
    expect([byJob.short.serviceTime.count, byJob.constructor.serviceTime.count]).toEqual([3, 1]);
    expect([byJob.short.queueWait.count, byJob.constructor.queueWait.count]).toEqual([3, 2]);
    for (const name of ['queueWait', 'serviceTime'] as const) {
      expect(all.reduce((sum, times) => sum + times[name].sum, 0)).toBe(tasks[name].sum);
      expect(Math.max(...all.map((times) => times[name].max))).toBe(tasks[name].max);
    }
    // What a run's JSON has of it is read as it was written.
    const json = JSON.stringify({ schema: 'millpond.run/1', runtime: runtime.snapshot() });
    expect(readSnapshot('run.json', json).tasks.byJob).toMatchObject({ constructor: { queued: 1 }, 7: none });

    raise(words, 1);
    await Promise.all([held, waiting, ...alsoWaiting]);
  });

  it.each([
    [undefined, "one of the runtime's jobs, echo, short; got undefined"],
    ['toString', "got 'toString'"],
  ])('refuses a task for %s, and takes nothing of it', async (job, message) => {
    const { runtime } = await start('', {
      job: undefined,
      jobs: { echo: file('basic'), short: file('short') },
      threads: 1,
    });
    const lease = runtime.pool.acquire(10);
    await expect(runtime.run({ lease }, { job })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
    lease.release();
  });

  it.each([
    ['nothing', {}],
    ['a job besides', { job: file('basic'), jobs: { echo: file('basic') } }],
    ['no files', { jobs: {} }],
    ['a name', { jobs: 'echo' }],
    ['a relative path', { jobs: { echo: './basic.ts' } }],
  ])('is not made of %s', async (_what, options) => {
    await expect(createRuntime(options as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('does not start where one of them is none', async () => {
    const jobs = { echo: file('basic'), wrong: file('other-export') };
    await expect(createRuntime({ jobs, threads: 1, logLevel: 'silent' })).rejects.toMatchObject({
      code: 'ERR_JOB_INVALID',
    });
  });
});

it('a job of one file may be named, too, as the file is', async () => {
  const { runtime } = await start('short', { threads: 1 });
  expect(await runtime.run({ do: 'count' }, { job: 'short' })).toEqual(expect.any(Number));
});

it('a job file may have the form of CommonJS', async () => {
  const { runtime } = await start('', {
    job: new URL('../jobs/in-commonjs.cts', import.meta.url),
    threads: 1,
  });
  expect(await runtime.run(20)).toBe(21);
});

it('an address with types is an address', () => {
  const typed: URL = jobFile(file('basic'));
  expect(typed.href).toBe(file('basic').href);
  expect(() => jobFile('./basic.ts')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
});
