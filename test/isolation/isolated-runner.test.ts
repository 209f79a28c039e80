import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { createIsolatedRunner } from '../../src/isolation/index.ts';
import { closedAfterEach } from './isolated.ts';

const start = closedAfterEach();

describe('an isolated runner', () => {
  it('runs tasks in a process of its own, and gives what they come to', async () => {
    const { runner } = await start('deadly');
    expect(runner.threads).toBe(2);
    expect(await runner.run({ do: 'pid' })).toMatchObject({ pid: expect.any(Number) });
    const value = { map: new Map([[1, new Date(2)]]), bytes: new Uint8Array([1, 2]) };
    expect(await runner.run({ do: 'echo', value })).toEqual(value);
    const error = await runner.run({ do: 'fail' }).catch((error) => error);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too far', at: 7, cause: { message: 'deep' } });
    await expect(runner.run({ do: 'echo', value: () => {} })).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
    });
    await expect(runner.run({ do: 'unsendable' })).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  });

  it('moves leases there and back', async () => {
    const { runner } = await start('deadly');
    const lease = runner.pool.acquire(300 * KiB);
    lease.bytes.fill(3);
    const { out } = await runner.run<{ out: typeof lease }>({ do: 'lease', lease, add: 2 });
    expect(() => lease.bytes).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
    expect(out.length).toBe(300 * KiB);
    expect(out.bytes.every((byte) => byte === 5)).toBe(true);
    out.release();
  });

  it('tells progress, obeys a signal, and refuses when the queue is full', async () => {
    const { runner } = await start('deadly', { threads: 1, maxQueue: 1 });
    const told: number[] = [];
    const stop = new AbortController();
    const run = runner.run(
      { do: 'until-aborted' },
      {
        signal: stop.signal,
        onProgress: (fraction) => {
          told.push(fraction);
          stop.abort(new Error('enough'));
        },
      },
    );
    await expect(run).rejects.toThrow('enough');
    expect(told).toEqual([0.5]);
    const runs = Array.from({ length: 20 }, () => runner.run({ do: 'spin', forMs: 5 }));
    const ends = await Promise.allSettled(runs);
    const refused = ends.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ reason: { code: 'ERR_QUEUE_FULL' } });
    await runner.ready();
    const doubled = runner.map(
      [1, 2, 3].map((value) => ({ do: 'echo', value })),
      { ordered: true, concurrency: 1 },
    );
    const values = [];
    for await (const { result } of doubled) values.push(result);
    expect(values).toEqual([1, 2, 3]);
  });

  it('shares its budget out without a rest', async () => {
    const { runner } = await start('deadly', {
      processes: 2,
      threads: 2,
      budgetBytes: 100 * MiB + 1 * KiB,
      ownBytes: 0,
    });
    const { limitBytes } = runner.snapshot().budget;
    expect(limitBytes).toBe(100 * MiB + 1 * KiB);
    await expect(runner.pool.acquireAsync(1 * MiB)).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' });
  });

  it('does not start where its jobs cannot be loaded', async () => {
    const options = { threads: 1, spare: false, job: new URL('../jobs/broken.ts', import.meta.url) };
    await expect(createIsolatedRunner(options)).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
  });

  it('cancels what runs when it is closed, and ends its processes', async () => {
    const { runner } = await start('deadly');
    const { pid } = await runner.run<{ pid: number }>({ do: 'pid' });
    const run = runner.run({ do: 'spin' }).catch((error) => error.code);
    const report = await runner.close({ timeoutMs: 500 });
    expect(await run).toBe('ERR_RUNTIME_CLOSED');
    expect(report.left).toEqual([]);
    await expect.poll(() => isThere(pid)).toBe(false);
    await expect(runner.run({ do: 'pid' })).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
  });
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
