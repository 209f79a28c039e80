import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KiB } from '../../src/bytes.ts';
import { createIsolatedRunner, type IsolatedRunner } from '../../src/isolation/index.ts';
import { isThere, startIsolated } from './isolated.ts';

describe('an isolated runner', () => {
  let runner: IsolatedRunner;
  beforeAll(async () => {
    ({ runner } = await startIsolated('deadly', { maxQueue: 50 }));
  });
  afterAll(async () => {
    expect(await runner.close()).toMatchObject({ endBytes: 0, left: [] });
  });

  it('runs tasks in a process of its own, and gives what they come to', async () => {
    expect(runner.threads).toBe(2);
    const { pid } = await runner.run<{ pid: number }>({ do: 'pid' });
    expect(runner.pids).toEqual([pid]);
    expect(pid).not.toBe(process.pid);
    const value = { map: new Map([[1, new Date(2)]]), bytes: new Uint8Array([1, 2]) };
    expect(await runner.run({ do: 'echo', value })).toEqual(value);
    const error = await runner.run({ do: 'fail' }).catch((error) => error);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too far', at: 7, cause: { message: 'deep' } });
  });

  it('refuses what no other process can be given, and what it cannot return', async () => {
    const refused = { code: 'ERR_NOT_CLONEABLE' };
    await expect(runner.run({ do: 'echo', value: () => {} })).rejects.toMatchObject(refused);
    await expect(runner.run({ do: 'unsendable' })).rejects.toMatchObject(refused);
  });

  it('moves leases there and back', async () => {
    const lease = runner.pool.acquire(300 * KiB);
    lease.bytes.fill(3);
    const { out } = await runner.run<{ out: typeof lease }>({ do: 'lease', lease, add: 2 });
    expect(() => lease.bytes).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
    expect(out.length).toBe(300 * KiB);
    expect(out.bytes.every((byte) => byte === 5)).toBe(true);
    out.release();
  });

  it('tells progress, and obeys a signal', async () => {
    const told: number[] = [];
    const stop = new AbortController();
    const onProgress = (fraction: number): void => {
      told.push(fraction);
      if (fraction === 0.5) stop.abort(new Error('enough'));
    };
    const run = runner.run({ do: 'until-aborted' }, { signal: stop.signal, onProgress });
    await expect(run).rejects.toThrow('enough');
    expect(told.at(-1)).toBe(0.5);
  });

  it('refuses when its queue is full, and is ready again; maps', async () => {
    const runs = Array.from({ length: 100 }, () => runner.run({ do: 'echo' }));
    const refused = (await Promise.allSettled(runs)).filter(({ status }) => status === 'rejected');
    expect(refused[0]).toMatchObject({ reason: { code: 'ERR_QUEUE_FULL' } });
    await runner.ready();
    const echoes = [1, 2, 3].map((value) => ({ do: 'echo', value }));
    const values = [];
    for await (const { result } of runner.map(echoes, { ordered: true })) values.push(result);
    expect(values).toEqual([1, 2, 3]);
  });

  it('shows its tasks as they are, and what its process said', async () => {
    const { tasks, budget, threads, health } = runner.snapshot();
    expect({ threads, limit: budget.limitBytes }).toEqual({ threads: 2, limit: 100 * 1024 * KiB });
    expect(tasks).toMatchObject({ running: 0, queued: 0, cancelled: 1, lost: 0 });
    expect(tasks.byJob.deadly.succeeded).toBe(tasks.succeeded);
    expect(health.verdict).toBe('ok');
  });
});

describe('an isolated runner at its ends', () => {
  it('does not start where its jobs cannot be loaded', async () => {
    const options = { threads: 1, spare: false, job: new URL('../jobs/broken.ts', import.meta.url) };
    await expect(createIsolatedRunner(options)).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
  });

  it('cancels what runs when it is closed, and ends its processes', async () => {
    const { runner } = await startIsolated('deadly');
    const { pids } = runner;
    const run = runner.run({ do: 'spin' }).catch((error) => error.code);
    const report = await runner.close({ timeoutMs: 500 });
    expect(await run).toBe('ERR_RUNTIME_CLOSED');
    expect(report.left).toEqual([]);
    await expect.poll(() => pids.filter(isThere)).toEqual([]);
    await expect(runner.run({ do: 'pid' })).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
  });
});
