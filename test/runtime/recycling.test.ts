import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRuntime } from '../../src/index.ts';
import { niceness } from '../jobs/niceness.ts';
import { closedAfterEach, raise, sharedWords, startRuntime } from './started.ts';

const start = closedAfterEach();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millpond-recycling-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('a thread that fails to start', () => {
  it('is tried again, where others have started before', async () => {
    vi.stubEnv('MILLPOND_TEST_MARKER', join(folder, 'marker'));
    const { runtime } = await start('loads-late', { threads: 1 });
    await expect(runtime.run(true)).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    // The second and the third start fail.
    expect(await runtime.run(false)).toBe(4);
  });

  it('is not started without end where each dies as soon as it is given a task', async () => {
    const { runtime } = await start('ends-when-given', { threads: 1 });
    await expect(runtime.run()).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
    await expect(runtime.ready()).rejects.toMatchObject({ code: 'ERR_WORKER_BOOTSTRAP' });
    expect(runtime.health()).toMatchObject({ live: false, ready: false });
  });

  it('is tried no more once the runtime has closed', async () => {
    const marker = join(folder, 'marker');
    vi.stubEnv('MILLPOND_TEST_MARKER', marker);
    const { runtime } = await start('loads-late', { threads: 1 });
    await expect(runtime.run(true)).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    await expect.poll(() => readFileSync(marker, 'utf8').length).toBeGreaterThan(1);
    expect(await runtime.close({ timeoutMs: 10_000 })).toMatchObject({ endBytes: 0, left: [] });
  });
});

describe('a thread', () => {
  it('is replaced after so many tasks, also where several share a message', async () => {
    const { runtime } = await start('short', { threads: 1, maxTasksPerWorker: 500 });
    const threads: unknown[] = [];
    // One at a time tells that they are short, then all wait for the same thread.
    for (let one = 0; one < 100; one++) threads.push(await runtime.run({ do: 'count' }));
    const runs = Array.from({ length: 1000 }, () => runtime.run({ do: 'count' }));
    threads.push(...(await Promise.all(runs)));
    const byThread = new Map<unknown, number>();
    for (const thread of threads) byThread.set(thread, (byThread.get(thread) ?? 0) + 1);
    expect([...byThread.values()]).toEqual([500, 500, 100]);
  });

  it('ends when it has had nothing to do for long, and starts again when tasks wait', async () => {
    const { runtime } = await start('stubborn', { threads: 3, idleThreadMs: 30 });
    const threads = (): number => runtime.snapshot().shards.length - 1;
    await expect.poll(threads).toBe(1);
    const shared = sharedWords();
    const runs = [1, 2, 3].map(() => runtime.run({ do: 'wait', words: shared }));
    // One that has started has not yet loaded its files; until then its task waits for any thread.
    await expect.poll(() => runtime.snapshot().tasks.running).toBe(3);
    expect(threads()).toBe(3);
    raise(shared, 2);
    expect(new Set(await Promise.all(runs)).size).toBe(3);
    await expect.poll(threads).toBe(1);
  });

  it('of the last, too, where none is to stay', async () => {
    const { runtime, events } = await start('stubborn', { threads: 1, idleThreadMs: 30, leastThreads: 0 });
    for (let round = 0; round < 3; round++) {
      await expect.poll(() => runtime.snapshot().shards.length).toBe(1);
      expect(await runtime.run({ do: 'thread' })).toEqual(expect.any(Number));
    }
    expect(events.filter(({ event }) => event === 'worker-death')).toEqual([]);
  });

  it.each([
    [{ maxTasksPerWorker: 0 }],
    [{ maxTasksPerWorker: 1.5 }],
    [{ idleThreadMs: 0 }],
    [{ leastThreads: -1 }],
    [{ leastThreads: 2 }],
    [{ stopMs: -1 }],
    [{ stopMs: '1' }],
    [{ nice: -1 }],
    [{ nice: 20 }],
    [{ env: 'production' }],
    [{ env: { LANG: 1 } }],
  ])('has no options %j', async (options) => {
    const refused = startRuntime('stubborn', { threads: 1, ...(options as object) });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

it.runIf(process.platform === 'linux')('gives way with its threads, and with them alone', async () => {
  const { runtime } = await startRuntime('niceness', { threads: 1, nice: 7 });
  expect(await runtime.run()).toBe(niceness() + 7);
  const { runtime: other } = await startRuntime('niceness', { threads: 1 });
  expect(await other.run()).toBe(niceness());
});

describe('a job file', () => {
  const diary = (): string[] => {
    return readFileSync(join(folder, 'diary'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(line.indexOf(' ') + 1));
  };

  it('begins in each thread with the data and environment of its runtime, and ends there', async () => {
    const data = { diary: join(folder, 'diary'), gain: new Float32Array([1, 2]) };
    const env = { MILLPOND_TEST_NAME: 'its own' };
    const { runtime } = await startRuntime('set-up', { threads: 1, data, env });
    expect(await runtime.run()).toEqual({ thread: expect.any(Number), data, name: 'its own', home: null });
    await runtime.run();
    await runtime.close();
    expect(diary()).toEqual(['begins', 'runs', 'runs', 'ends', 'has ended after 4 lines']);
  });

  it('has the environment of the process, and no data, where none is given', async () => {
    vi.stubEnv('MILLPOND_TEST_NAME', "the process's");
    const { runtime } = await start('set-up', { threads: 1, data: { diary: join(folder, 'diary') } });
    expect(await runtime.run()).toMatchObject({ name: "the process's", home: process.env.HOME });
  });

  it('that cannot begin fails the start, with what it threw', async () => {
    const data = { diary: join(folder, 'diary'), fails: 'setup' };
    await expect(startRuntime('set-up', { data })).rejects.toMatchObject({
      code: 'ERR_WORKER_BOOTSTRAP',
      message: expect.stringContaining('no licence was found'),
    });
  });

  it('that fails at its end is told of, and its thread ends', async () => {
    const data = { diary: join(folder, 'diary'), fails: 'teardown' };
    const { runtime, events } = await startRuntime('set-up', { threads: 1, data });
    expect(await runtime.close()).toMatchObject({ endBytes: 0, left: [] });
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'stray-error', error: 'Error: the cache cannot be written' }),
    );
  });

  it('that does not come to its end is waited for no longer than two seconds', async () => {
    const data = { diary: join(folder, 'diary'), fails: 'never-ends' };
    const { runtime } = await startRuntime('set-up', { threads: 1, data });
    expect(await runtime.close()).toMatchObject({ endBytes: 0, left: [] });
    expect(diary()).toEqual(['begins', 'ends']);
  });

  it('is given nothing that cannot be cloned', async () => {
    const job = new URL('../jobs/set-up.ts', import.meta.url);
    await expect(createRuntime({ job, data: () => {} })).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  });
});
