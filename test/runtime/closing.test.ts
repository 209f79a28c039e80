import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mock } from 'node:test';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KiB, type LogEvent, MiB, type Runtime } from '../../src/index.ts';
import { raise, raised, startRuntime, wordsRaisedAfterEach } from './started.ts';

const words = wordsRaisedAfterEach();

/** Resolves when nothing is charged any more: all that was left has ended. */
async function emptied(runtime: Runtime): Promise<void> {
  await expect.poll(() => runtime.snapshot().budget.usedBytes).toBe(0);
}

describe('close', () => {
  it('settles in time beside a job that does not end, and says what it left and what that holds', async () => {
    const { runtime, events } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    const lease = runtime.pool.acquire(100 * KiB);
    const running = runtime.run({ do: 'block', words: shared, bytes: 10, lease }, { name: 'endless' });
    const refusal = expect(running).rejects.toMatchObject({
      code: 'ERR_RUNTIME_CLOSED',
      message: expect.stringContaining("'endless' did not in the 500 ms"),
    });
    await raised(shared, 0);
    const startMs = performance.now();
    const report = await runtime.close({ timeoutMs: 500 });
    expect(performance.now() - startMs).toBeLessThan(5000);
    await refusal;
    const thread = {
      shard: expect.any(Number),
      threadId: expect.any(Number),
      state: 'running',
      task: 'endless',
      taskMs: expect.any(Number),
      heldBytes: 4 * KiB,
      loanBytes: MiB,
    };
    expect(report).toEqual({ endBytes: MiB + 4 * KiB, leaks: 0, refused: 0, left: [thread] });
    expect(report.left[0].taskMs).toBeGreaterThan(300);
    expect(events).toContainEqual({ event: 'thread-left', ...thread });
    expect(runtime.snapshot().budget.usedBytes).toBe(MiB + 4 * KiB);

    // It ends when its job does, and what that returns to nobody is freed.
    raise(shared, 1);
    await emptied(runtime);
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { running: 0, cancelled: 1 } });
    expect(await runtime.close()).toBe(report);
    expect(events.filter(({ event }) => event === 'worker-death')).toEqual([]);
  });

  it('keeps no process alive for what it left', () => {
    const file = fileURLToPath(new URL('leaving-process.ts', import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, ['--conditions=millpond-source', file], {
      timeout: 300_000,
    });
    expect([String(stdout), status]).toEqual(['1\n', 0]);
  });

  it('refuses what is queued when time is up, and its leases are free again', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    const running = runtime.run({ do: 'block', words: shared, bytes: 10 });
    const lease = runtime.pool.acquire(MiB);
    const queued = [runtime.run({ do: 'thread', lease }), runtime.run({ do: 'thread' })];
    const refused = Promise.allSettled([running, ...queued]);
    await raised(shared, 0);
    const report = await runtime.close({ timeoutMs: 100 });
    expect(report).toMatchObject({ refused: 2, endBytes: 4 * KiB, left: [{ loanBytes: 0 }] });
    for (const result of await refused) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_RUNTIME_CLOSED' } });
    }
    raise(shared, 1);
    await emptied(runtime);
  });

  it('tells the jobs to stop when time runs out', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    const lease = runtime.pool.acquire(MiB);
    const running = runtime.run({ do: 'until-aborted', words: shared, lease });
    const refused = expect(running).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    await raised(shared, 0);
    await runtime.close({ timeoutMs: 200 });
    await refused;
    // It was told, and stopped: in time, or a moment later on a busy machine.
    await raised(shared, 1);
    await emptied(runtime);
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { running: 0, cancelled: 1 } });
  });

  it('leaves at once with no time at all', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 2 });
    const report = await runtime.close({ timeoutMs: 0 });
    expect(report.left.map(({ state, task }) => [state, task])).toEqual([
      ['silent', null],
      ['silent', null],
    ]);
    await emptied(runtime);
  });

  it('is over when the first of several calls has it over', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    const running = runtime.run({ do: 'block', words: shared, bytes: 10 });
    const refused = expect(running).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    await raised(shared, 0);
    const patient = runtime.close({ timeoutMs: Number.POSITIVE_INFINITY });
    expect((await runtime.close({ timeoutMs: 50 })).left).toHaveLength(1);
    expect((await patient).left).toHaveLength(1);
    await refused;
  });

  it('waits as long as it takes where it may', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    const running = runtime.run({ do: 'wait', words: shared });
    await raised(shared, 1);
    const closing = runtime.close({ timeoutMs: Number.POSITIVE_INFINITY });
    raise(shared, 2);
    expect(await running).toEqual(expect.any(Number));
    expect(await closing).toMatchObject({ endBytes: 0, left: [] });
  });

  it('names a thread that something keeps busy after its task', async () => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    const shared = words();
    await runtime.run({ do: 'leave', what: 'block', words: shared });
    raise(shared, 0);
    await raised(shared, 2);
    const { left } = await runtime.close({ timeoutMs: 300 });
    expect(left).toMatchObject([{ state: 'silent', task: null, taskMs: null, loanBytes: 0 }]);
    raise(shared, 1);
    await emptied(runtime);
  });

  it('leaves a thread alone that loads its file', async () => {
    const marker = join(mkdtempSync(join(tmpdir(), 'millpond-hangs-')), 'loaded');
    vi.stubEnv('MILLPOND_TEST_MARKER', marker);
    const { runtime } = await startRuntime('hangs-later', { threads: 1 });
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    const waiting = expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    const report = await runtime.close({ timeoutMs: 200 });
    expect(report).toMatchObject({ refused: 1, left: [{ state: 'starting', task: null, heldBytes: 0 }] });
    await waiting;
    vi.unstubAllEnvs();
    rmSync(dirname(marker), { recursive: true });
  });

  it('is what disposing does', async () => {
    let closed: Runtime;
    {
      await using runtime = (await startRuntime('stubborn', { threads: 1 })).runtime;
      closed = runtime;
      await runtime.run({ do: 'thread' });
    }
    await expect(closed.run()).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    expect(await closed.close()).toMatchObject({ endBytes: 0, left: [] });
  });

  it.each([[-1], [Number.NaN], ['1000'], [null]])('refuses a time of %s', async (timeoutMs) => {
    const { runtime } = await startRuntime('stubborn', { threads: 1 });
    await using _closed = runtime;
    const refused = runtime.close({ timeoutMs } as never);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    const unknown = runtime.close({ timeout: 5 } as never);
    await expect(unknown).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));
  });
});

describe('while timers stand still', () => {
  afterEach(() => {
    mock.timers.reset();
    vi.useRealTimers();
  });

  it.each([
    [
      'of node:test',
      () => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] }),
    ],
    [
      'of vitest',
      () =>
        vi.useFakeTimers({
          toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'Date'],
        }),
    ],
  ])('%s, tasks run, requests end and the runtime closes', async (_whose, stop) => {
    const events: LogEvent[] = [];
    const log = { write: (event: LogEvent) => void events.push(event), close: () => {} };
    const { runtime } = await startRuntime('stubborn', {
      threads: 1,
      budgetBytes: MiB,
      reserveBytes: 0,
      log,
    });
    stop();
    expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));
    const shared = words();
    const steps: number[] = [];
    const onProgress = (fraction: number): void => {
      // A thread that is slow to begin has done nothing at the first look.
      if (fraction === 0) return;
      steps.push(fraction);
      raise(shared, fraction === 0.25 ? 0 : 1);
    };
    await runtime.run({ do: 'step', words: shared }, { onProgress });
    expect(steps).toEqual([0.25, 0.75]);
    const held = runtime.pool.acquire(MiB);
    const waiting = runtime.pool.acquireAsync(MiB, { timeoutMs: 10 });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_BUDGET_EXHAUSTED' });
    held.release();
    expect(await runtime.close()).toMatchObject({ endBytes: 0, left: [] });
    expect(events.at(-1)).toMatchObject({ event: 'shutdown' });
  });
});
