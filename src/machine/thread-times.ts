/**
 * What the scheduler says of each thread of this process: how long it ran, and how long it was ready to run
 * and got no core. Linux; any thread may read it. 15 us for each thread there is.
 */
import { readdirSync } from 'node:fs';
import { type ReadText, readText } from './cgroup.ts';

const TASKS = '/proc/self/task';

/** Of one thread since it started, read at `atMs`. */
export interface ThreadTimes {
  /** Of the system's own; reused some time after its thread has ended. */
  readonly id: string;
  readonly atMs: number;
  readonly ranSeconds: number;
  readonly waitedSeconds: number;
}

/** Null where the scheduler does not tell: on other systems, and in kernels without it. */
export function readThreadTimes(
  now: () => number,
  read: ReadText = readText,
  list: (folder: string) => readonly string[] = readdirSync,
): ThreadTimes[] | null {
  const times: ThreadTimes[] = [];
  for (const id of list(TASKS)) {
    // Null of one that has just ended.
    const parsed = parse(read(`${TASKS}/${id}/schedstat`));
    if (parsed !== null) times.push({ id, atMs: now(), ...parsed });
  }
  // A kernel that does not count says 0 of all, this thread included, which runs.
  return times.some(({ ranSeconds }) => ranSeconds > 0) ? times : null;
}

/** `ran waited slices`, in nanoseconds. */
function parse(schedstat: string | null): { ranSeconds: number; waitedSeconds: number } | null {
  const [, ran, waited] = /^(\d+) (\d+) \d+\s*$/.exec(schedstat ?? '') ?? [];
  return waited === undefined ? null : { ranSeconds: Number(ran) / 1e9, waitedSeconds: Number(waited) / 1e9 };
}
