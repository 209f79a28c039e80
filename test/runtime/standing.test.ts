/** What a runtime says of tasks that wait, run for long, or sit in a thread that does not answer. */
import { expect, it } from 'vitest';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const startRuntime = closedAfterEach();

it('tasks are timed as they wait and run, also where nothing is recorded', async () => {
  const { runtime } = await startRuntime('pooling', { threads: 1 });
  const nothing = runtime.snapshot().tasks;
  expect([nothing.queueWait.count, nothing.oldestSeconds, nothing.standstillSeconds]).toEqual([0, 0, 0]);
  const words = sharedWords();
  const holding = runtime.run({ do: 'hold', bytes: 100, count: 1, words });
  const waiting = runtime.run({ do: 'want', bytes: 100, timeoutMs: 0 });
  await raised(words, 0);
  const first = runtime.snapshot().tasks;
  let later = runtime.snapshot().tasks;
  while (later.standstillSeconds < 0.05) {
    await new Promise((next) => setTimeout(next, 20));
    later = runtime.snapshot().tasks;
  }
  expect(first).toMatchObject({ running: 1, queued: 1, silentSeconds: 0 });
  expect(later.oldestSeconds).toBeGreaterThan(first.oldestSeconds);
  expect(later.standstillSeconds).toBeGreaterThan(first.standstillSeconds);
  expect(later.standstillSeconds).toBeCloseTo(later.oldestSeconds, 1);
  raise(words, 1);
  await Promise.all([holding, waiting]);
  const { queueWait, serviceTime, oldestSeconds, standstillSeconds } = runtime.snapshot().tasks;
  expect([oldestSeconds, standstillSeconds]).toEqual([0, 0]);
  expect([queueWait.count, serviceTime.count]).toEqual([2, 2]);
  // The second one waited for as long as the first one ran.
  expect(serviceTime.max).toBeGreaterThanOrEqual(0.05e9);
  expect(queueWait.max).toBeGreaterThanOrEqual(0.05e9);
});

it('a task that never got to a worker has waited, and has not run', async () => {
  const { runtime } = await startRuntime('pooling', { threads: 1 });
  const words = sharedWords();
  const holding = runtime.run({ do: 'hold', bytes: 100, count: 1, words });
  const cancelled = new AbortController();
  const waiting = runtime.run({ do: 'want', bytes: 100, timeoutMs: 0 }, { signal: cancelled.signal });
  cancelled.abort();
  await expect(waiting).rejects.toThrow('aborted');
  const { queueWait, serviceTime } = runtime.snapshot().tasks;
  expect([queueWait.count, serviceTime.count]).toEqual([1, 0]);
  raise(words, 1);
  await holding;
});

it('a thread that does not read what it is sent is silent, until it does', async () => {
  const { runtime } = await startRuntime('pooling', { threads: 1 });
  const words = sharedWords();
  const cancelled = new AbortController();
  const order = { do: 'hold', bytes: 100, count: 1, words };
  const holding = runtime.run(order, { signal: cancelled.signal });
  await raised(words, 0);
  expect(runtime.snapshot().tasks.silentSeconds).toBe(0);
  // The worker is told; it waits in its job and looks at nothing.
  cancelled.abort();
  await expect(holding).rejects.toThrow('aborted');
  while (runtime.snapshot().tasks.silentSeconds === 0) await new Promise((next) => setTimeout(next, 20));
  expect(runtime.health().checks.silentThread.sentence).toMatch(/^A thread has not read what it was sent/);
  raise(words, 1);
  while (runtime.snapshot().tasks.silentSeconds > 0) await new Promise((next) => setTimeout(next, 20));
});
