import { describe, expect, it } from 'vitest';
import { createRuntime, jobFile } from '../../src/index.ts';
import { closedAfterEach } from './started.ts';

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
