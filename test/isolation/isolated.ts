import type { LogEvent } from '../../src/index.ts';
import {
  createIsolatedRunner,
  type IsolatedOptions,
  type IsolatedRunner,
} from '../../src/isolation/index.ts';

/** An isolated runner over a test job, without a spare process, with what it logged. */
export async function startIsolated(
  job: string,
  options: Partial<IsolatedOptions> = {},
): Promise<{ runner: IsolatedRunner; events: LogEvent[] }> {
  const events: LogEvent[] = [];
  const runner = await createIsolatedRunner({
    job: new URL(`../jobs/${job}.ts`, import.meta.url),
    threads: 2,
    spare: false,
    log: { write: (event) => events.push(event), close: () => {} },
    ...options,
  });
  return { runner, events };
}

/** The errors of those that failed, by their place. */
export async function errorsOf(runs: readonly Promise<unknown>[]): Promise<Record<number, unknown>> {
  const settled = await Promise.allSettled(runs);
  return Object.fromEntries(
    settled.flatMap((one, at) => (one.status === 'rejected' ? [[at, one.reason]] : [])),
  );
}

/** Whether there is a process with this number. */
export function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
