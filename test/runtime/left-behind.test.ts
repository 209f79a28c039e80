import { describe, expect, it } from 'vitest';
import { KiB, type LogEvent, type Runtime, type RuntimeOptions } from '../../src/index.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();

type Stray = LogEvent & { event: 'stray-error' };

/** A runtime of one thread, and the first stray error that it logs. */
async function started(options: Partial<RuntimeOptions> = {}) {
  const events: LogEvent[] = [];
  const told = Promise.withResolvers<Stray>();
  const log = {
    write(event: LogEvent): void {
      events.push(event);
      if (event.event === 'stray-error') told.resolve(event);
    },
    close: () => {},
  };
  const { runtime } = await start('stubborn', { threads: 1, log, ...options });
  return { runtime, events, told: told.promise };
}

const threadOf = (runtime: Runtime): Promise<number> => runtime.run<number>({ do: 'thread' });

describe('what a task left behind', () => {
  it.each([
    ['timer', 'RangeError: stray'],
    ['rejection', 'RangeError: stray'],
    ['text', /stray text/],
  ] as const)('is logged with its name and ends no other task: a %s that throws', async (what, error) => {
    const { runtime, events, told } = await started();
    const words = sharedWords();
    const thread = await runtime.run<number>({ do: 'leave', what, words }, { name: 'culprit' });
    const next = runtime.run<number>({ do: 'wait', words }, { name: 'innocent' });
    await raised(words, 1);
    raise(words, 0);
    expect(await told).toEqual({
      event: 'stray-error',
      shard: 1,
      task: 'culprit',
      error: typeof error === 'string' ? error : expect.stringMatching(error),
      stack: expect.any(String),
    });
    raise(words, 2);
    // It ran to its end in the same thread, which is replaced only then.
    expect(await next).toBe(thread);
    expect(await threadOf(runtime)).not.toBe(thread);
    expect(runtime.snapshot().tasks).toMatchObject({ succeeded: 3, lost: 0, failed: 0 });
    expect(events.filter(({ event }) => event === 'worker-death')).toEqual([]);
  });

  it('replaces the thread at once where no task runs, and the memory there is free', async () => {
    const { runtime, told } = await started();
    const words = sharedWords();
    const thread = await runtime.run<number>({ do: 'leave', what: 'timer', words });
    raise(words, 0);
    expect(await told).toMatchObject({ task: 'task 1' });
    expect(await threadOf(runtime)).not.toBe(thread);
    expect(runtime.snapshot().tasks.lost).toBe(0);
  });

  it('is known by its name even after many others', async () => {
    const { runtime, told } = await started();
    const words = sharedWords();
    await runtime.run({ do: 'leave', what: 'timer', words }, { name: 'culprit' });
    for (let other = 0; other < 1000; other++) {
      if (other % 500 === 0) await runtime.run({ do: 'thread' }, { name: `other ${other}` });
      else await runtime.run({ do: 'thread' });
    }
    raise(words, 0);
    expect(await told).toMatchObject({ task: 'culprit' });
  });

  it('does not save the task itself: what it throws while it runs ends its thread', async () => {
    const { runtime, events } = await started();
    const words = sharedWords();
    const failed = runtime.run({ do: 'throw-while-waiting', words });
    await expect(failed).rejects.toMatchObject({
      code: 'ERR_WORKER_LOST',
      cause: expect.objectContaining({ name: 'RangeError', message: 'stray' }),
    });
    expect(await threadOf(runtime)).toEqual(expect.any(Number));
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['worker-death', 'reclaim']));
  });

  it('is for a listener of the job, where there is one', async () => {
    const { runtime, events } = await started({ job: new URL('../jobs/listens.ts', import.meta.url) });
    const words = sharedWords();
    const thread = await runtime.run({ words });
    await raised(words, 0);
    for (let next = 0; next < 3; next++) expect(await runtime.run({ words: sharedWords() })).toBe(thread);
    expect(events.filter(({ event }) => event === 'stray-error')).toEqual([]);
  });
});

describe('a result that cannot be read', () => {
  it.each([
    ['object', 6000],
    ['array', 9000],
    ['map', 7000],
    ['cause', 7000],
    ['object', 100_000],
  ] as const)('is refused where it is made: %s, %i levels deep', async (around, levels) => {
    const { runtime } = await started();
    const lease = runtime.pool.acquire(500);
    const refused = runtime.run({ do: 'nest', levels, around, lease });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { failed: 1, lost: 0 } });
    expect(await runtime.run<number>({ do: 'thread' })).toEqual(expect.any(Number));
  });

  it('fails the task that returned it, and its thread is replaced with all that the message held', async () => {
    const { runtime, events } = await started();
    const thread = await threadOf(runtime);
    const lease = runtime.pool.acquire(500);
    const refused = runtime.run({ do: 'grow-when-sent', lease, bytes: 5000 }, { name: 'grower' });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining("'grower'"),
    });
    expect(await threadOf(runtime)).not.toBe(thread);
    const { loans, tasks, budget } = runtime.snapshot();
    expect([loans.count, tasks.failed, tasks.lost, budget.usedBytes]).toEqual([0, 1, 0, 0]);
    expect(events.filter(({ event }) => event === 'worker-death')).toEqual([]);
  });

  it('may have as many levels as it is said', async () => {
    const { runtime } = await started();
    const { more } = await runtime.run<{ more: { length: number; release(): void } }>({
      do: 'nest',
      levels: 998,
      around: 'object',
    });
    expect(more.length).toBe(1000);
    more.release();
  });

  it('is left out of an error that carries it', async () => {
    const { runtime } = await started();
    const failed = runtime.run({ do: 'nest', levels: 7000, around: 'object', carried: true });
    const error = await failed.catch((error) => error);
    expect(error).toMatchObject({ message: 'carries too much', kept: 1 });
    expect(error).not.toHaveProperty('value');
    expect(runtime.snapshot().tasks).toMatchObject({ failed: 1, lost: 0 });
  });
});

it.each([
  2000, 7000, 200_000,
])('an input of %i levels is refused, and its leases are free again', async (levels) => {
  const { runtime } = await started();
  const lease = runtime.pool.acquire(5 * KiB);
  let input: unknown = lease;
  for (let level = 0; level < levels; level++) input = level % 2 === 0 ? [input] : { input };
  await expect(runtime.run(input)).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  expect(() => lease.release()).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
  expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, shards: [{ idle: { medium: 1 } }, {}] });
});
