import { describe, expect, it } from 'vitest';
import { createRuntime, KiB, MiB } from '../../src/index.ts';
import { closedAfterEach, raise, raised, startRuntime, wordsRaisedAfterEach } from './started.ts';

const start = closedAfterEach();

const words = wordsRaisedAfterEach();

/** Enough for a job to begin, also on a busy machine: one that is told before never does. */
const TIME_MS = 300;

const timeout = { code: 'ERR_TASK_TIMEOUT' };
const stuck = { code: 'ERR_TASK_STUCK' };

describe('a task whose time is over', () => {
  it('is asked to stop, and its run is told when it has', async () => {
    const { runtime } = await start('stubborn', { threads: 1 });
    const shared = words();
    const lease = runtime.pool.acquire(MiB);
    const run = runtime.run(
      { do: 'until-aborted', words: shared, lease },
      { timeoutMs: TIME_MS, name: 'long' },
    );
    await expect(run).rejects.toMatchObject({
      ...timeout,
      message: expect.stringContaining(`'long' had not ended after ${TIME_MS} ms`),
      cause: { name: 'AbortError' },
    });
    // It stopped by itself.
    expect(shared[1]).toBe(1);
    expect(runtime.snapshot()).toMatchObject({
      loans: { count: 0 },
      tasks: { failed: 1, running: 0, lostThreads: 0 },
    });
    expect(await runtime.run({ do: 'thread' }, { timeoutMs: 60_000 })).toEqual(expect.any(Number));
  });

  it('is over even if it comes to a result then, which nobody gets', async () => {
    const { runtime } = await start('stubborn', { threads: 1, stopMs: 60_000 });
    const shared = words();
    const run = runtime.run({ do: 'block', words: shared, bytes: MiB }, { timeoutMs: TIME_MS });
    const refused = expect(run).rejects.toMatchObject(timeout);
    await raised(shared, 0);
    // A later one waits for the thread, so it is over.
    await expect.poll(() => runtime.snapshot().tasks.oldestSeconds).toBeGreaterThan(TIME_MS / 1000 + 0.2);
    raise(shared, 1);
    await refused;
    expect(runtime.snapshot()).toMatchObject({ tasks: { failed: 1, cancelled: 0 }, loans: { count: 0 } });
  });

  it.each([
    ['in a loop', 'loop'],
    ['that waits for ever', 'wait'],
  ])('is ended with its thread where it is pure JavaScript, %s', async (_how, kind) => {
    const { runtime, events } = await start('terminable', { threads: 1, stopMs: 10 });
    const before = await runtime.run({ do: 'thread' });
    const lease = runtime.pool.acquire(MiB);
    const order = { do: kind, words: words(), bytes: 100 * KiB, lease };
    const run = runtime.run(order, { timeoutMs: TIME_MS, name: 'endless' });
    const waiting = runtime.run({ do: 'thread' });
    await expect(run).rejects.toMatchObject(timeout);
    const after = await waiting;
    expect(after).not.toBe(before);
    expect(runtime.snapshot()).toMatchObject({
      loans: { count: 0 },
      tasks: { failed: 1, succeeded: 2, lost: 0 },
    });
    expect(events).toContainEqual(expect.objectContaining({ event: 'worker-death', task: 'endless' }));
  });

  it('is left where it is not, and its thread counts as lost until it is over after all', async () => {
    const { runtime } = await start('stubborn', { threads: 2, stopMs: 10 });
    const [first, second] = [words(), words()];
    const block = { do: 'block', bytes: 10 };
    const run = runtime.run({ ...block, words: first }, { timeoutMs: TIME_MS, name: 'deaf' });
    await expect(run).rejects.toMatchObject({
      ...stuck,
      message: expect.stringContaining("'deaf' ran on for 10 ms"),
    });
    expect(runtime.snapshot().tasks).toMatchObject({ lostThreads: 1, running: 1, cancelled: 1 });
    expect(runtime.health()).toMatchObject({
      ready: true,
      checks: { lostThreads: { state: 'warn', value: 50 } },
    });
    expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));

    const last = runtime.run({ ...block, words: second }, { timeoutMs: TIME_MS });
    const queued = runtime.run({ do: 'thread', lease: runtime.pool.acquire(MiB) });
    const refused = expect(queued).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect(last).rejects.toMatchObject(stuck);
    await refused;
    expect(runtime.health()).toMatchObject({ live: false, ready: false });
    await expect(runtime.run({ do: 'thread' })).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    expect(runtime.snapshot().loans).toEqual({ count: 0, bytes: 0 });

    raise(first, 1);
    await expect.poll(() => runtime.snapshot().tasks.lostThreads).toBe(1);
    expect(runtime.health().ready).toBe(true);
    expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));
    raise(second, 1);
    await expect.poll(() => runtime.snapshot().tasks.lostThreads).toBe(0);
  });

  it('is left, too, where its thread has run a job that may hold native code', async () => {
    const jobs = {
      native: new URL('../jobs/stubborn.ts', import.meta.url),
      pure: new URL('../jobs/terminable.ts', import.meta.url),
    };
    const runtime = await createRuntime({ jobs, threads: 1, stopMs: 10, logLevel: 'silent' });
    const loop = (): Promise<unknown> =>
      runtime.run({ do: 'wait', words: words() }, { job: 'pure', timeoutMs: TIME_MS });
    await expect(loop()).rejects.toMatchObject(timeout);
    await runtime.run({ do: 'thread' }, { job: 'native' });
    await expect(loop()).rejects.toMatchObject(stuck);
    expect((await runtime.close({ timeoutMs: 1000 })).left).toHaveLength(1);
  });

  it('goes on when it is only cancelled', async () => {
    const { runtime } = await start('terminable', { threads: 1, stopMs: 0 });
    const shared = words();
    const controller = new AbortController();
    const run = runtime.run(
      { do: 'loop', words: shared, bytes: 10 },
      { signal: controller.signal, timeoutMs: TIME_MS },
    );
    await raised(shared, 0);
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(runtime.snapshot().tasks).toMatchObject({ running: 1, cancelled: 1 });
    // Its time ends it all the same.
    expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));
    expect(runtime.snapshot().tasks).toMatchObject({ running: 0, cancelled: 1, failed: 0 });
  });

  it.each([[0], [-1], [Number.NaN], ['1000'], [null]])('is not given as %s', async (timeoutMs) => {
    const { runtime } = await start('terminable', { threads: 1 });
    const run = runtime.run({ do: 'thread' }, { timeoutMs } as never);
    await expect(run).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe('close', () => {
  it('ends at its deadline what is pure JavaScript', async () => {
    const { runtime } = await startRuntime('terminable', { threads: 2 });
    const shared = words();
    const lease = runtime.pool.acquire(MiB);
    const runs = [
      runtime.run({ do: 'loop', words: shared, bytes: 10, lease }),
      runtime.run({ do: 'wait', words: shared }),
    ].map((run) => expect(run).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' }));
    await expect.poll(() => shared[0]).toBe(2);
    expect(await runtime.close({ timeoutMs: 2000 })).toEqual({ endBytes: 0, leaks: 0, refused: 0, left: [] });
    await Promise.all(runs);
  });

  it('names a thread that is lost at once, and waits for all others', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 2, stopMs: 10 });
    const [deaf, slow] = [words(), words()];
    const run = runtime.run({ do: 'block', words: deaf, bytes: 10 }, { timeoutMs: TIME_MS, name: 'deaf' });
    const other = runtime.run({ do: 'wait', words: slow });
    await raised(slow, 1);
    await expect(run).rejects.toMatchObject(stuck);
    const closing = runtime.close({ timeoutMs: Number.POSITIVE_INFINITY });
    raise(slow, 2);
    expect(await other).toEqual(expect.any(Number));
    const { left, refused } = await closing;
    expect(left).toMatchObject([{ state: 'running', task: 'deaf', heldBytes: 4 * KiB }]);
    expect(refused).toBe(0);
    raise(deaf, 1);
    await expect.poll(() => runtime.snapshot().budget.usedBytes).toBe(0);
  });
});

describe('the memory of a thread that is ended by force', () => {
  it('comes home, 80 of 80 times', { timeout: 600_000 }, async () => {
    const { runtime } = await start('terminable', { threads: 2, stopMs: 0, logLevel: 'silent' });
    for (let round = 0; round < 40; round++) {
      const runs = ['loop', 'wait'].map((kind) => {
        const lease = runtime.pool.acquire(MiB);
        return runtime.run({ do: kind, words: words(), bytes: 100 * KiB, lease }, { timeoutMs: 1 });
      });
      await Promise.all(runs.map((run) => expect(run).rejects.toMatchObject(timeout)));
    }
    expect(runtime.snapshot().tasks.failed).toBe(80);
    // A moment after the run has ended, its thread is gone.
    await expect.poll(() => runtime.snapshot().loans.count).toBe(0);
    const { budget, shards } = runtime.snapshot();
    expect(budget.usedBytes).toBe(shards.reduce((sum, { chargedBytes }) => sum + chargedBytes, 0));
  });
});
