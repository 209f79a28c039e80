/** A large request among small ones that come and go, and leave it never enough at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MiB, type Runtime } from '../../src/index.ts';
import { closedAfterEach, PATIENCE_MS, raise, raised, wordsRaisedAfterEach } from './started.ts';

const start = closedAfterEach();
const sharedWords = wordsRaisedAfterEach();

/** Requests of the main thread, each for a moment, until the flag is raised. */
async function comeAndGo({ pool }: Runtime, words: Int32Array, ms: number): Promise<void> {
  while (Atomics.load(words, 1) === 0) {
    using _lease = await pool.acquireAsync(MiB, { timeoutMs: PATIENCE_MS });
    await sleep(ms);
  }
}

describe('a large request is served', () => {
  it('of a worker, while four others come and go', async () => {
    // Nothing that full safety does comes between a release and the next request.
    const { runtime } = await start('pooling', { threads: 5, budgetBytes: 8 * MiB, safety: 'off' });
    const others = Array.from({ length: 4 }, () => sharedWords());
    const going = others.map((words) => runtime.run({ do: 'come-and-go', bytes: MiB, words }));
    await Promise.all(others.map((words) => raised(words, 0)));
    expect(await runtime.run({ do: 'want', bytes: 8 * MiB, timeoutMs: PATIENCE_MS })).toBe(8 * MiB);
    for (const words of others) raise(words, 1);
    await Promise.all(going);
    expect(runtime.snapshot().pool.refused).toBe(0);
    expect(runtime.snapshot().budget.peakBytes).toBe(8 * MiB);
  });

  it.each([
    'a worker',
    'the main thread',
  ])('of %s, while requests of the main thread come and go', async (of) => {
    const { runtime } = await start('pooling', { threads: 1, budgetBytes: 8 * MiB });
    const words = sharedWords();
    const going = Array.from({ length: 8 }, (_, at) => comeAndGo(runtime, words, 10 + at));
    const wanted = 6 * MiB;
    if (of === 'a worker') await runtime.run({ do: 'want', bytes: wanted, timeoutMs: PATIENCE_MS });
    else (await runtime.pool.acquireAsync(wanted, { timeoutMs: PATIENCE_MS })).release();
    raise(words, 1);
    await Promise.all(going);
    expect(runtime.snapshot().pool.refused).toBe(0);
  });
});
