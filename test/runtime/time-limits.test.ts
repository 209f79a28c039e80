import { expect, it } from 'vitest';
import type { Entry } from '../../src/runtime/entry.ts';
import { TimeLimits } from '../../src/runtime/time-limits.ts';

/** What is done with a task that came at 0 and began at 1000, when it is looked at at these times. */
function looks(times: readonly number[], { timeoutMs = 100, stopMs = 50, endable = false } = {}): string[] {
  const done: string[] = [];
  const limits = new TimeLimits({
    coordinator: { cancel: (row, task) => void done.push(`${now}: cancel ${task} in ${row}`) },
    workers: {
      stop: () => {
        done.push(`${now}: stop`);
        return endable;
      },
    },
    stopMs,
    stuck: (_, error) => void done.push(`${now}: ${'code' in error && error.code}`),
  });
  const entry = { acceptedMs: 0, startedMs: 1000, timeoutMs, limit: 'kept', member: { row: 3 } };
  const task = { ...entry, name: 'a task', task: { task: 7 } } as unknown as Entry;
  let now = 0;
  for (now of times) limits.look([task], () => now);
  return done;
}

it('a task has its time from when a thread was given it, and then the time to stop in', () => {
  const times = [1000, 1099, 1100, 1149, 1150, 1200];
  const until = ['1100: cancel 7 in 3', '1150: stop'];
  expect(looks(times, { endable: true })).toEqual(until);
  expect(looks(times)).toEqual([...until, '1150: ERR_TASK_STUCK']);
});

it('a job has its time to stop in from when it is told, however late that is', () => {
  expect(looks([5000, 5049, 5050])).toEqual(['5000: cancel 7 in 3', '5050: stop', '5050: ERR_TASK_STUCK']);
});

it('a job that is given no time to stop in is told nevertheless', () => {
  const both = ['1200: cancel 7 in 3', '1200: stop'];
  expect(looks([1200, 1300], { stopMs: 0, endable: true })).toEqual(both);
});
