import { afterEach, expect } from 'vitest';
import type { LogEvent } from '../../src/index.ts';
import {
  createIsolatedRunner,
  type IsolatedOptions,
  type IsolatedRunner,
} from '../../src/isolation/index.ts';

/** Starts the isolated runner of a test over a test job; it is closed after it, and then nothing is held. */
export function closedAfterEach(): (
  job: string,
  options?: Partial<IsolatedOptions>,
) => Promise<{ runner: IsolatedRunner; events: LogEvent[] }> {
  let runner: IsolatedRunner | undefined;
  afterEach(async () => {
    const report = await runner?.close();
    runner = undefined;
    if (report !== undefined) expect(report).toMatchObject({ endBytes: 0, left: [] });
  });
  return async (job, options = {}) => {
    const events: LogEvent[] = [];
    const started = await createIsolatedRunner({
      job: new URL(`../jobs/${job}.ts`, import.meta.url),
      threads: 2,
      spare: false,
      log: { write: (event) => events.push(event), close: () => {} },
      ...options,
    });
    runner = started;
    return { runner: started, events };
  };
}

/** The errors of those that failed, by their place. */
export async function errorsOf(runs: readonly Promise<unknown>[]): Promise<Record<number, unknown>> {
  const settled = await Promise.allSettled(runs);
  return Object.fromEntries(
    settled.flatMap((one, at) => (one.status === 'rejected' ? [[at, one.reason]] : [])),
  );
}
