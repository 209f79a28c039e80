import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/index.ts';
import { closedAfterEach, PATIENCE_MS, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();

describe('what a task forgets', () => {
  it('is reclaimed at its end and reported with the task and the acquiring line', async () => {
    const { runtime, events } = await start('basic', { threads: 1 });
    await runtime.run({ do: 'forget', bytes: MiB, count: 3 }, { name: 'careless' });
    const leak = events.find((event) => event.event === 'leak');
    expect(leak).toMatchObject({ task: 'careless', leases: 3, bytes: 3 * MiB });
    expect(leak).toHaveProperty('acquiredAt', expect.stringContaining('basic.ts'));
    const { shards, leaks } = runtime.snapshot();
    expect(leaks).toBe(3);
    expect(shards[1]).toMatchObject({ acquires: 3, releases: 3, idle: { large: 3 } });
  });

  it('stays charged and untouched while native work on it goes on, and comes back after', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const ended = runtime.run({ do: 'compress', bytes: MiB });
    await expect(ended).rejects.toMatchObject({ code: 'ERR_TASK_LEFT_PIN' });
    expect(runtime.snapshot().quarantined).toBe(1);
    // Every later task finds the thread's pool in order; the memory is idle again once zlib is done with it.
    do await runtime.run({ do: 'want', bytes: 10, timeoutMs: 0 });
    while (runtime.snapshot().shards[1].idle.large === 0);
    expect(runtime.snapshot().shards[1].chargedBytes).toBe(MiB + 4 * KiB);
  });

  it('is a loan that comes home only when its pin has ended', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const lease = runtime.pool.acquire(MiB);
    await expect(runtime.run({ do: 'pin', lease, bytes: 0 })).rejects.toMatchObject({
      code: 'ERR_TASK_LEFT_PIN',
    });
    expect(runtime.snapshot().loans).toEqual({ count: 1, bytes: MiB });
    await runtime.run({ do: 'unpin' });
    while (runtime.snapshot().loans.count > 0) await runtime.run({ do: 'want', bytes: 10, timeoutMs: 0 });
    expect(runtime.snapshot().shards[0].idle.large).toBe(1);
  });

  it('goes whole where the task sent it, and home when it has gone', async () => {
    const { runtime } = await start('pooling', { threads: 1 });
    const path = join(tmpdir(), `millpond-send-${process.pid}`);
    const server = net.createServer({ pauseOnConnect: true }).listen(path);
    await once(server, 'listening');
    const connected = once(server, 'connection');
    const lease = runtime.pool.acquire(MiB);
    lease.bytes.fill(6);
    await runtime.run({ do: 'send', lease, path });
    expect(runtime.snapshot()).toMatchObject({ quarantined: 0, leaks: 0, loans: { count: 1, bytes: MiB } });
    const [socket] = await connected;
    const got = await buffer(socket);
    expect(Buffer.compare(got, Buffer.concat([Buffer.alloc(MiB, 6), Buffer.alloc(MiB, 7)]))).toBe(0);
    while (runtime.snapshot().loans.count > 0) await runtime.run({ do: 'want', bytes: 10, timeoutMs: 0 });
    expect(runtime.snapshot().shards.map(({ idle }) => idle.large)).toEqual([1, 1]);
    server.close();
  });
});

describe('a worker that dies in the middle of a task', () => {
  it.each([
    ['exits', 'exit', {}],
    ['throws outside its task', 'throw-later', {}],
    ['runs out of heap', 'fill-heap', { resourceLimits: { maxOldGenerationSizeMb: 32 } }],
  ])('%s: its task gets a typed error, all memory comes back and the others go on', async (_how, order, options) => {
    const { runtime, events } = await start('pooling', options);
    const lease = runtime.pool.acquire(MiB);
    lease.bytes.fill(1);
    const other = runtime.run({ do: 'churn', bytes: 64 * KiB, count: 10, rounds: 1000 });
    const lost = runtime.run({ do: order, lease, bytes: 300 * KiB });
    await expect(lost).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    expect(await other).toBeNull();
    // The replacement works, and so does the rest.
    const after = [1, 2, 3, 4].map((bytes) => runtime.run({ do: 'want', bytes, timeoutMs: 0 }));
    expect(await Promise.all(after)).toEqual([1, 2, 3, 4]);
    const report = await runtime.close();
    expect(report.endBytes).toBe(0);
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0, bytes: 0 }, tasks: { lost: 1 } });
    expect(events.filter((event) => event.event === 'worker-death')).toHaveLength(1);
  });

  it('is replaced as often as it takes', async () => {
    const { runtime } = await start('pooling');
    for (let death = 0; death < 8; death++) {
      const lost = runtime.run({ do: 'exit', bytes: MiB });
      await expect(lost).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    }
    expect(await runtime.run({ do: 'want', bytes: 9, timeoutMs: 0 })).toBe(9);
  });
});

describe('starvation', () => {
  it("serves a starved worker with another one's idle memory, inside that one's long synchronous task", async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const words = sharedWords();
    // Both workers hoard what they can, then one of them starts a task that never returns to its event loop.
    await runtime.run({ do: 'hoard', bytes: MiB, count: 7 });
    const donor = runtime.run({ do: 'touch-until', words });
    await raised(words, 0);
    const starved = await runtime.run({ do: 'want', bytes: 6 * MiB, timeoutMs: PATIENCE_MS, words });
    expect(starved).toBe(6 * MiB);
    await donor;
    expect(runtime.snapshot().pool.refused).toBe(0);
    expect(runtime.snapshot().budget.peakBytes).toBeLessThanOrEqual(8 * MiB);
  });

  it('serves it again and again inside that task', async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const words = sharedWords();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 7 });
    const donor = runtime.run({ do: 'touch-until', words });
    await raised(words, 0);
    for (const mebibytes of [2, 4, 6]) {
      await runtime.run({ do: 'want', bytes: mebibytes * MiB, timeoutMs: PATIENCE_MS });
    }
    // All were served, and the task still goes on: it ends by this.
    raise(words, 1);
    await donor;
    expect(runtime.snapshot().pool.refused).toBe(0);
    expect(runtime.snapshot().latency.byCause.waited.count).toBeGreaterThan(0);
  });

  it('takes idle memory from the main thread too', async () => {
    const { runtime } = await start('pooling', { threads: 1, budgetBytes: 8 * MiB });
    const leases = runtime.pool.acquireAll(Array.from({ length: 7 }, () => MiB));
    for (const lease of leases) lease.release();
    expect(await runtime.run({ do: 'want', bytes: 6 * MiB, timeoutMs: PATIENCE_MS })).toBe(6 * MiB);
  });

  it('serves the main thread with idle memory of the workers', async () => {
    const { runtime } = await start('pooling', { threads: 1, budgetBytes: 8 * MiB });
    await runtime.run({ do: 'hoard', bytes: MiB, count: 8 });
    expect(() => runtime.pool.acquire(4 * MiB)).toThrow(
      expect.objectContaining({ code: 'ERR_BUDGET_EXHAUSTED' }),
    );
    using lease = await runtime.pool.acquireAsync(4 * MiB, { timeoutMs: PATIENCE_MS });
    expect(lease.capacity).toBe(4 * MiB);
  });

  it('ends in a typed error when nothing comes free, and others are served meanwhile', async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const words = sharedWords();
    const holder = runtime.run({ do: 'hold', bytes: MiB, count: 5, words });
    await raised(words, 0);
    const hopeless = runtime.run({ do: 'want', bytes: 6 * MiB, timeoutMs: 300 });
    const modest = Array.from({ length: 5 }, () =>
      runtime.pool.acquireAsync(MiB, { timeoutMs: PATIENCE_MS }),
    );
    for (const lease of modest) (await lease).release();
    await expect(hopeless).rejects.toMatchObject({
      code: 'ERR_BUDGET_EXHAUSTED',
      message: expect.stringMatching(/6 MiB .* of 8 MiB/),
    });
    raise(words, 1);
    await holder;
  });

  it('is logged, with what was in use then', async () => {
    const { runtime, events } = await start('pooling', { threads: 1, budgetBytes: 2 * MiB, reserveBytes: 0 });
    const held = runtime.pool.acquire(2 * MiB);
    const refused = runtime.run({ do: 'want', bytes: MiB, timeoutMs: 1 });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_BUDGET_EXHAUSTED' });
    held.release();
    await runtime.close();
    const logged = events.filter((event) => event.event === 'exhaustion');
    const [limitBytes, usedBytes] = [2 * MiB, 2 * MiB];
    expect(logged).toEqual([{ event: 'exhaustion', shard: 1, requests: 1, limitBytes, usedBytes }]);
  });

  it('refuses at once what the budget can never hold', async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const refused = runtime.run({ do: 'want', bytes: 9 * MiB, timeoutMs: 3_600_000 });
    await expect(refused).rejects.toMatchObject({ code: 'ERR_REQUEST_TOO_LARGE' });
  });

  it('ends while the main thread is blocked: served by what others free, or a typed error in time', async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const words = sharedWords();
    const done = sharedWords();
    await runtime.run({ do: 'hoard', bytes: MiB, count: 6 });
    const donor = runtime.run({ do: 'hold', bytes: MiB, count: 6, words });
    await raised(words, 0);
    const starved = runtime.run({ do: 'want', bytes: 5 * MiB, timeoutMs: PATIENCE_MS, words: done });
    while (runtime.snapshot().shards.every((shard) => shard.starvingBytes === 0)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // From here on the main thread handles nothing; the releases of the other worker must be enough.
    raise(words, 1);
    expect(Atomics.wait(done, 1, 0, PATIENCE_MS)).not.toBe('timed-out');
    expect(await starved).toBe(5 * MiB);
    await donor;
  });
});

describe('a request that cannot be met', () => {
  it('ends in a typed error in time while the main thread is blocked', async () => {
    const { runtime } = await start('pooling', { budgetBytes: 8 * MiB });
    const holding = sharedWords();
    const words = sharedWords();
    const holder = runtime.run({ do: 'hold', bytes: MiB, count: 6, words: holding });
    await raised(holding, 0);
    const starved = runtime.run({ do: 'want-in-vain', bytes: 5 * MiB, timeoutMs: 300, words });
    await raised(words, 0);
    expect(Atomics.wait(words, 1, 0, PATIENCE_MS)).not.toBe('timed-out');
    expect(words[2]).toBe(1);
    raise(holding, 1);
    await Promise.all([starved, holder]);
  });
});
