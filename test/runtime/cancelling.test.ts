import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/index.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();

describe('cancelling', () => {
  it('tells a busy synchronous job by its signal, rejects at once and keeps the worker', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const controller = new AbortController();
    const running = runtime.run({ do: 'wait-aborted', words }, { signal: controller.signal });
    await raised(words, 0);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await raised(words, 1);
    expect(await runtime.run({ do: 'want', bytes: 10, timeoutMs: 0 })).toBe(10);
    expect(runtime.snapshot().tasks).toMatchObject({ cancelled: 1, lost: 0 });
  });

  it('raises the abort event for a job that waits in its event loop', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const controller = new AbortController();
    const running = runtime.run({ do: 'wait-async', words }, { signal: controller.signal });
    await raised(words, 0);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await raised(words, 1);
  });

  it('ends a wait for memory', async () => {
    const { runtime } = await start('pooling', { threads: 1, budgetBytes: 2 * MiB, reserveBytes: 0 });
    const held = runtime.pool.acquire(2 * MiB);
    const words = sharedWords();
    const controller = new AbortController();
    const running = runtime.run({ do: 'want-forever', bytes: MiB, words }, { signal: controller.signal });
    await raised(words, 0);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await raised(words, 1);
    expect(words[2]).toBe(1);
    held.release();
  });

  it('takes a queued task out of the queue and brings its leases home', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const first = new AbortController();
    const running = runtime.run({ do: 'wait-aborted', words }, { signal: first.signal });
    await raised(words, 0);
    const second = new AbortController();
    const lease = runtime.pool.acquire(10);
    const queued = runtime.run({ do: 'pin', lease, bytes: 0 }, { signal: second.signal });
    second.abort();
    await expect(queued).rejects.toMatchObject({ name: 'AbortError' });
    expect(runtime.snapshot().loans.count).toBe(0);
    first.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('leaves no listener on a signal whose run has ended', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const { signal } = new AbortController();
    for (let run = 0; run < 3; run++) await runtime.run({ do: 'echo' }, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('takes back what a job returns whose caller has gone', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const controller = new AbortController();
    const running = runtime.run({ do: 'return-late', bytes: MiB, words }, { signal: controller.signal });
    await raised(words, 0);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    raise(words, 1);
    expect(await runtime.run({ do: 'want', bytes: 1, timeoutMs: 0 })).toBe(1);
    const { pool, tasks } = runtime.snapshot();
    expect(pool.byTier.large).toMatchObject({ acquires: 1, releases: 1 });
    expect(tasks).toMatchObject({ cancelled: 1, succeeded: 1, lost: 0 });
  });

  it('refuses a run whose signal was aborted before', async () => {
    const { runtime } = await start('basic');
    const lease = runtime.pool.acquire(10);
    await expect(runtime.run({ lease }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    lease.release();
  });

  it('happens when a listener to progress throws, with its error', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const onProgress = (fraction: number): void => {
      // From here on the job runs: one that had not begun never would.
      if (fraction > 0) throw new RangeError('the bar broke');
    };
    const running = runtime.run({ do: 'wait-aborted', words }, { onProgress });
    await expect(running).rejects.toThrow(new RangeError('the bar broke'));
    await raised(words, 1);
  });

  it('reports progress while a job runs', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const words = sharedWords();
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<number>();
    const running = runtime.run(
      { do: 'wait-aborted', words },
      { signal: controller.signal, onProgress: (fraction) => fraction > 0 && resolve(fraction) },
    );
    expect(await promise).toBe(0.5);
    controller.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});
