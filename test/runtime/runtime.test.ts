import { AsyncLocalStorage } from 'node:async_hooks';
import { markAsUntransferable } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { KiB, type Lease, MiB } from '../../src/index.ts';
import { MARKS_HOLD } from '../marks.ts';
import { closedAfterEach, raise, sharedWords, startRuntime } from './started.ts';

const start = closedAfterEach();

describe('run', () => {
  it('returns what the job returned, with plain values untouched', async () => {
    const { runtime } = await start('basic');
    const value = { text: 'a', list: [1, null, undefined], date: new Date(5), map: new Map([[1, 2]]) };
    expect(await runtime.run({ do: 'echo', value })).toEqual(value);
    expect(await runtime.run({ do: 'echo' })).toBeUndefined();
  });

  it('moves leases into the job and back without copying or allocating', async () => {
    const { runtime } = await start('basic');
    const lease = runtime.pool.acquire(400);
    lease.float32.fill(1.5);
    const result = await runtime.run<{ lease: Lease }>({ do: 'double', lease, frames: 10 });
    expect(() => lease.float32).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
    expect(() => lease.release()).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
    expect(() => lease[Symbol.dispose]()).not.toThrow();
    expect([result.lease.float32[9], result.lease.float32[10]]).toEqual([3, 1.5]);
    expect(result.lease.length).toBe(400);
    expect(runtime.snapshot().pool.acquires).toBe(1);
    result.lease.release();
    expect(runtime.snapshot().loans).toEqual({ count: 0, bytes: 0 });
  });

  it('takes over leases that the job made, and their charge', async () => {
    const { runtime } = await start('basic');
    const leases = await runtime.run<Lease[]>({ do: 'produce', bytes: 64 * KiB, count: 5 });
    expect(leases.map((lease) => lease.bytes[65_535])).toEqual([1, 2, 3, 4, 5]);
    expect(runtime.snapshot().shards[0].chargedBytes).toBe(5 * 64 * KiB);
    for (const lease of leases) lease.release();
    expect(runtime.snapshot().budget.usedBytes).toBe(5 * 64 * KiB);
  });

  it.each<[string, unknown]>([
    ['an unknown option', { urgency: 5 }],
    ['an unknown option of no value', { Signal: undefined }],
    ['a signal that is none', { signal: {} }],
    ['no signal', { signal: null }],
    ['a name that is no text', { name: 5 }],
    ['a listener that is no function', { onProgress: 'log' }],
    ['a need in words', { needBytes: '1 MiB' }],
    ['a need without form', { needBytes: Object.create(null) }],
    ['a need that is no number of bytes', { needBytes: [1.5] }],
    ['a list', []],
    ['text', 'a name'],
    ['a function', () => {}],
  ])('refuses %s by code, and takes nothing', async (_what, options) => {
    const { runtime } = await start('basic', { threads: 1 });
    const lease = runtime.pool.acquire(10);
    const refused = runtime.run({ do: 'echo', value: 1, lease }, options as never);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    lease.release();
    expect(runtime.snapshot().tasks).toMatchObject({ succeeded: 0, failed: 0 });
  });

  it('takes options that are there without a value', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const options = { signal: undefined, name: undefined, onProgress: undefined, needBytes: undefined };
    expect(await runtime.run({ do: 'echo', value: 1 }, options as never)).toBe(1);
  });

  it('calls back in the async context of its caller', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const context = new AsyncLocalStorage<string>();
    const words = sharedWords();
    const stop = new AbortController();
    const seen = Promise.withResolvers<string | undefined>();
    const onProgress = (): void => seen.resolve(context.getStore());
    const running = context.run('mine', () =>
      runtime.run({ do: 'wait-aborted', words }, { onProgress, signal: stop.signal }),
    );
    expect(await context.run('another', () => seen.promise)).toBe('mine');
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('rejects with the name, message and code of what the job threw', async () => {
    const { runtime } = await start('basic');
    const failed = runtime.run({ do: 'throw', name: 'RangeError', message: 'too far', code: 'E_FAR' });
    await expect(failed).rejects.toMatchObject({ name: 'RangeError', message: 'too far', code: 'E_FAR' });
    await expect(failed).rejects.toBeInstanceOf(RangeError);
    const custom = runtime.run({ do: 'throw', name: 'OddError', message: 'odd' });
    await expect(custom).rejects.toMatchObject({ name: 'OddError', message: 'odd' });
  });

  it('survives a job that throws what cannot be read, and returns what was lent', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const lease = runtime.pool.acquire(10);
    await expect(runtime.run({ do: 'throw-nothing', lease })).rejects.toThrow('[Object: null prototype] {}');
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { failed: 1, lost: 0 } });
    expect(await runtime.run({ do: 'echo', value: 1 })).toBe(1);
  });

  it('awaits whatever has a then', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    expect(await runtime.run({ do: 'then', value: 5 })).toBe(5);
  });

  it('shows no job what another left in memory, where scrub is on', async () => {
    const { runtime } = await start('pooling', { threads: 1, scrub: true, safety: 'sampled' });
    const lease = runtime.pool.acquire(MiB);
    lease.bytes.fill(7);
    await runtime.run({ do: 'unpin', lease });
    expect(runtime.pool.acquire(MiB).bytes.some((byte) => byte !== 0)).toBe(false);
    await runtime.run({ do: 'fill', bytes: 64 * KiB, count: 3 });
    expect(await runtime.run({ do: 'read', bytes: 64 * KiB, count: 3 })).toBe(0);
    expect(runtime.snapshot().pool.byTier.medium).toMatchObject({ acquires: 6, hits: 3 });
  });

  it('refuses an input that cannot be cloned, and its leases go home', async () => {
    const { runtime } = await start('basic');
    const lease = runtime.pool.acquire(100);
    const refused = runtime.run({ do: 'echo', value: () => 1, lease });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    const snapshot = runtime.snapshot();
    expect(snapshot.loans.count).toBe(0);
    expect(snapshot.pool.byTier.small).toMatchObject({ acquires: 1, releases: 1, idle: 1 });
    expect(await runtime.run({ do: 'echo', value: 1 })).toBe(1);
  });

  it('detaches every view of an input: while it waits for a worker, when it left, and when it was refused', async () => {
    const { runtime } = await start('pooling', { threads: 1, safety: 'off' });
    const words = sharedWords();
    const views = () => {
      const lease = runtime.pool.acquire(100);
      return { lease, view: lease.bytes.fill(1) };
    };
    const [posted, waiting, refused] = [views(), views(), views()];
    const first = runtime.run({ do: 'hold', bytes: 1, count: 1, words, lease: posted.lease });
    const second = runtime.run({ do: 'want', bytes: 1, timeoutMs: 0, lease: waiting.lease });
    const third = runtime.run({ do: 'want', value: () => 1, lease: refused.lease });
    expect([posted.view.length, waiting.view.length, refused.view.length]).toEqual([0, 0, 0]);
    raise(words, 1);
    await Promise.all([first, second]);
    await expect(third).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    const alone = views();
    await expect(runtime.run({ value: () => 1, lease: alone.lease })).rejects.toThrow('not');
    expect(alone.view.length).toBe(0);
  });

  it('gives back what cannot be sent along with a task, and the task goes on', async () => {
    const { runtime } = await start('basic', { threads: 1, safety: 'off' });
    const [lease] = await runtime.run<Lease[]>({ do: 'produce', bytes: 64 * KiB, count: 1 });
    markAsUntransferable(lease.bytes.buffer);
    lease.release();
    expect(await runtime.run({ do: 'echo', value: 5 })).toBe(5);
    const quarantined = MARKS_HOLD ? 1 : 0;
    expect(runtime.snapshot()).toMatchObject({ quarantined, tasks: { failed: 0 } });
  });

  it('refuses a view of pooled memory and changes nothing', async () => {
    const { runtime } = await start('basic');
    const lease = runtime.pool.acquire(100);
    const refused = runtime.run({ do: 'echo', value: [{ deep: lease.bytes }] });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_LEASE_VIEW_MOVED' });
    expect(lease.bytes[0]).toBe(0);
    lease.release();
  });

  it.each([
    'function',
    'view',
    'map',
  ])('a result with a %s in it is an error and its leases are reclaimed', async (kind) => {
    const { runtime } = await start('pooling', { threads: 1 });
    const code = kind === 'view' ? 'ERR_LEASE_VIEW_MOVED' : 'ERR_NOT_CLONEABLE';
    await expect(runtime.run({ do: kind, bytes: 100 })).rejects.toMatchObject({ code });
    // The worker lives on.
    expect(runtime.snapshot().tasks.lost).toBe(0);
    expect(await runtime.run({ do: 'want', bytes: 10, timeoutMs: 0 })).toBe(10);
  });

  it('refuses a lease of another runtime', async () => {
    const { runtime } = await start('basic');
    await using other = (await startRuntime('basic', { threads: 1 })).runtime;
    const lease = other.pool.acquire(10);
    await expect(runtime.run({ lease })).rejects.toMatchObject({ code: 'ERR_LEASE_FOREIGN' });
    lease.release();
  });
});

it('tells errors of a log of the user as its own, and goes on', async () => {
  const told: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => told.push(error));
  try {
    const broken = {
      write: () => {
        throw new Error('no log');
      },
      close: () => {},
    };
    const { runtime } = await start('basic', { threads: 1, log: broken });
    expect(await runtime.run({ do: 'forget', bytes: 100, count: 1 })).toBe(1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(told).toContainEqual(new Error('no log'));
    await runtime.close();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});
