import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { markAsUntransferable } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRuntime, KiB, type Lease, MiB, type Runtime } from '../../src/index.ts';
import { MARKS_HOLD } from '../marks.ts';
import { raise, raised, sharedWords, startRuntime } from './started.ts';

let runtime: Runtime | undefined;
afterEach(async () => {
  const report = await runtime?.close();
  if (report !== undefined) expect(report.endBytes).toBe(0);
  runtime = undefined;
});

async function start(...args: Parameters<typeof startRuntime>) {
  const started = await startRuntime(...args);
  runtime = started.runtime;
  return started;
}

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
    await expect(runtime.run({ do: 'throw-nothing', lease })).rejects.toThrow('cannot be read');
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
    const { runtime } = await start('pooling', { threads: 1, budgetBytes: 2 * MiB });
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
    const onProgress = (): void => {
      throw new RangeError('the bar broke');
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

describe('start and close', () => {
  it.each([
    ['a file that is not there', 'missing', 'ERR_WORKER_BOOTSTRAP'],
    ['a file that throws', 'broken', 'ERR_WORKER_BOOTSTRAP'],
    ['a file that exits', 'exiting', 'ERR_WORKER_BOOTSTRAP'],
    ['a file that exits after defineJob', 'late-exit', 'ERR_WORKER_BOOTSTRAP'],
    ['a file without defineJob', 'undefined-job', 'ERR_JOB_INVALID'],
    ['a file that does not export its job', 'unexported-job', 'ERR_JOB_INVALID'],
    ['a file that exports another function', 'other-export', 'ERR_JOB_INVALID'],
  ])('fails for %s instead of hanging', async (_what, job, code) => {
    await expect(startRuntime(job)).rejects.toMatchObject({ code });
  });

  it('rejects every run once a worker cannot be replaced', async () => {
    const marker = join(mkdtempSync(join(tmpdir(), 'millpond-once-')), 'loaded');
    vi.stubEnv('MILLPOND_TEST_MARKER', marker);
    const { runtime } = await start('loads-once', { threads: 1 });
    vi.unstubAllEnvs();
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
    rmSync(dirname(marker), { recursive: true });
  });

  it('gives the leases of waiting tasks back once no worker can be started', async () => {
    const marker = join(mkdtempSync(join(tmpdir(), 'millpond-once-')), 'loaded');
    vi.stubEnv('MILLPOND_TEST_MARKER', marker);
    const { runtime } = await start('loads-once', { threads: 1 });
    vi.unstubAllEnvs();
    const lost = runtime.run();
    const waiting = runtime.run({ lease: runtime.pool.acquire(MiB) });
    await expect(lost).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
    expect(runtime.snapshot().loans).toEqual({ count: 0, bytes: 0 });
    expect(runtime.snapshot().shards[0].idle.large).toBe(1);
    rmSync(dirname(marker), { recursive: true });
  });

  it('ends requests of the main thread that still wait, and is empty after', async () => {
    const { runtime } = await start('basic', { threads: 1, budgetBytes: MiB });
    runtime.pool.acquire(MiB);
    const waiting = runtime.pool.acquireAsync(MiB);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 1 });
    await refused;
    expect(runtime.snapshot().budget.usedBytes).toBe(0);
  });

  it('leaves nothing charged for memory that was transferred away behind its back', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const lease = runtime.pool.acquire(MiB);
    lease.bytes.buffer.transfer();
    expect(() => lease.release()).toThrow(expect.objectContaining({ code: 'ERR_LEASE_DETACHED' }));
    expect(runtime.snapshot()).toMatchObject({ quarantined: 1, budget: { usedBytes: MiB } });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 0 });
  });

  it('refuses a budget that cannot hold one block for each thread', async () => {
    const refused = startRuntime('basic', { threads: 4, budgetBytes: 255 * KiB });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_BUDGET_TOO_SMALL' });
    await start('basic', { threads: 4, budgetBytes: 256 * KiB });
  });

  it.each([
    [{ threads: 0 }],
    [{ budgetBytes: 1.5 }],
    [{ safety: 'none' as never }],
    [{ sampleEvery: 0 }],
    [{ acquireTimeoutMs: -1 }],
    [{ tiers: {} as never }],
    [{ job: undefined as never }],
    [{ budgetbytes: 1 } as never],
    [{ toString: 1 } as never],
    [{ scrub: 'no' } as never],
    [{ sizing: 'large' } as never],
    [{ leastBlockBytes: 128 * KiB }],
    [{ mostBlockBytes: KiB }],
    [{ mostBlockMs: 0 }],
    [{ logLevel: 'verbose' } as never],
    [{ log: {} } as never],
    [{ shadow: { growfactor: 2 } } as never],
    [{ shadow: { growFactor: Number.NaN } }],
    [{ shadow: 'yes' } as never],
  ])('refuses %j', async (options) => {
    const job = new URL('../jobs/basic.ts', import.meta.url);
    await expect(createRuntime({ job, ...options })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('waits for what was accepted, refuses what comes after, and may be called again', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const accepted = [1, 2, 3].map((value) => runtime.run({ do: 'echo', value }));
    const closing = runtime.close();
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    expect(await Promise.all(accepted)).toEqual([1, 2, 3]);
    expect(await closing).toEqual({ endBytes: 0, leaks: 0 });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 0 });
    expect(runtime.snapshot().budget.usedBytes).toBe(0);
  });

  it('frees and reports leases of the main thread that nobody released', async () => {
    const { runtime, events } = await start('basic');
    runtime.pool.acquire(MiB);
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 1 });
    expect(events).toContainEqual(expect.objectContaining({ event: 'leak', leases: 1, bytes: MiB }));
  });

  it('counts exactly: every acquire has its release', async () => {
    const { runtime } = await start('pooling');
    await Promise.all(
      [1000, 5000, 100_000, 2 * MiB].map((bytes) =>
        runtime.run({ do: 'churn', bytes, count: 5, rounds: 20 }),
      ),
    );
    await runtime.close();
    const { byTier } = runtime.snapshot().pool;
    for (const tier of Object.values(byTier))
      expect(tier).toMatchObject({ acquires: 100, releases: 100, idle: 0 });
    expect(byTier.small.hits).toBeGreaterThanOrEqual(90);
    expect(byTier.direct.hits).toBe(0);
    const { latency } = runtime.snapshot();
    expect(latency.byCause.direct.count).toBe(100);
    expect(latency.byCause.direct.p50).toBeGreaterThan(0);
  });
});

it('is made of options', async () => {
  await expect(createRuntime(undefined as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
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
