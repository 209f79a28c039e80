import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { createRuntime, KiB, MiB } from '../../src/index.ts';
import { closedAfterEach, startRuntime } from './started.ts';

const start = closedAfterEach();

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
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect(runtime.run()).rejects.toMatchObject({
      code: 'ERR_WORKER_BOOTSTRAP',
      message: expect.stringContaining('loaded a second time'),
    });
    vi.unstubAllEnvs();
    rmSync(dirname(marker), { recursive: true });
  });

  it('gives the leases of waiting tasks back once no worker can be started', async () => {
    const marker = join(mkdtempSync(join(tmpdir(), 'millpond-once-')), 'loaded');
    vi.stubEnv('MILLPOND_TEST_MARKER', marker);
    const { runtime } = await start('loads-once', { threads: 1 });
    const lost = runtime.run();
    const waiting = runtime.run({ lease: runtime.pool.acquire(MiB) });
    await expect(lost).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
    expect(runtime.snapshot().loans).toEqual({ count: 0, bytes: 0 });
    expect(runtime.snapshot().shards[0].idle.large).toBe(1);
    vi.unstubAllEnvs();
    rmSync(dirname(marker), { recursive: true });
  });

  it('ends requests of the main thread that still wait, and is empty after', async () => {
    const { runtime } = await start('basic', { threads: 1, budgetBytes: MiB, reserveBytes: 0 });
    runtime.pool.acquire(MiB);
    const waiting = runtime.pool.acquireAsync(MiB);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 1, refused: 0, left: [] });
    await refused;
    expect(runtime.snapshot().budget.usedBytes).toBe(0);
  });

  it('leaves nothing charged for memory that was transferred away behind its back', async () => {
    const { runtime } = await start('basic', { threads: 1 });
    const lease = runtime.pool.acquire(MiB);
    lease.bytes.buffer.transfer();
    expect(() => lease.release()).toThrow(expect.objectContaining({ code: 'ERR_LEASE_DETACHED' }));
    expect(runtime.snapshot()).toMatchObject({ quarantined: 1, budget: { usedBytes: MiB } });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 0, refused: 0, left: [] });
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
    [{ job: './my-job.ts' }],
    [{ job: '' }],
    [{ job: 'https://example.org/my-job.ts' }],
    [{ job: new URL('data:text/javascript,') }],
    [{ job: 'file://elsewhere/my-job.ts' }],
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
    expect(await closing).toEqual({ endBytes: 0, leaks: 0, refused: 0, left: [] });
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 0, refused: 0, left: [] });
    expect(runtime.snapshot().budget.usedBytes).toBe(0);
  });

  it('frees and reports leases of the main thread that nobody released', async () => {
    const { runtime, events } = await start('basic');
    runtime.pool.acquire(MiB);
    expect(await runtime.close()).toEqual({ endBytes: 0, leaks: 1, refused: 0, left: [] });
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

it('takes its job as a path or a URL, in text or not', async () => {
  const url = new URL('../jobs/basic.ts', import.meta.url);
  for (const job of [url, url.href, fileURLToPath(url)]) {
    const { runtime } = await start('basic', { threads: 1, job });
    expect(await runtime.run({ do: 'echo', value: 1 })).toBe(1);
    await runtime.close();
  }
});

it('says what is wrong with a relative path', async () => {
  await expect(createRuntime({ job: './my-job.ts' })).rejects.toThrow(
    "job is a file: URL or an absolute path, got './my-job.ts'. Write for example new URL('./my-job.ts', import.meta.url).",
  );
});

it('is made of options', async () => {
  await expect(createRuntime(undefined as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
});
