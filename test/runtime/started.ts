import { afterEach, expect } from 'vitest';
import { createRuntime, type LogEvent, type Runtime, type RuntimeOptions } from '../../src/index.ts';

/** A runtime over one of the test jobs, at full safety, with what it logged. */
export async function startRuntime(
  job: string,
  options: Partial<RuntimeOptions> = {},
): Promise<{ runtime: Runtime; events: LogEvent[] }> {
  const events: LogEvent[] = [];
  const runtime = await createRuntime({
    job: new URL(`../jobs/${job}.ts`, import.meta.url),
    threads: 2,
    safety: 'full',
    log: { write: (event) => events.push(event), close: () => {} },
    ...options,
  });
  return { runtime, events };
}

/** Starts the runtime of a test, which is closed after it: everything must have been given back then. */
export function closedAfterEach(): typeof startRuntime {
  let runtime: Runtime | undefined;
  afterEach(async () => {
    const report = await runtime?.close();
    if (report !== undefined) expect(report.endBytes).toBe(0);
    runtime = undefined;
  });
  return async (...args) => {
    const started = await startRuntime(...args);
    runtime = started.runtime;
    return started;
  };
}

/** How long a request may wait that is to be served: enough on a busy machine; what hangs ends. */
export const PATIENCE_MS = 120_000;

/** Flags that a test and its jobs share. */
export function sharedWords(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(64));
}

/** Makes such flags, and raises them after each test: then the threads end that it left. */
export function wordsRaisedAfterEach(): typeof sharedWords {
  const made: Int32Array[] = [];
  afterEach(() => {
    for (const words of made.splice(0)) for (const at of [0, 1, 2]) raise(words, at);
  });
  return () => {
    const words = sharedWords();
    made.push(words);
    return words;
  };
}

/** Resolves when a job raised a flag. */
export async function raised(words: Int32Array, at: number): Promise<void> {
  const wait = Atomics.waitAsync(words, at, 0);
  // The wait alone does not keep the process alive.
  const timer = setInterval(() => {}, 1000);
  if (wait.async) await wait.value;
  clearInterval(timer);
}

export function raise(words: Int32Array, at: number): void {
  Atomics.store(words, at, 1);
  Atomics.notify(words, at);
}
