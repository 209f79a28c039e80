/** What a runtime with a bounded queue takes, refuses and starts, with real threads. */
import { describe, expect, it } from 'vitest';
import { KiB, MiB, QueueFullError, type Runtime } from '../../src/index.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const startRuntime = closedAfterEach();

/** Keeps a thread until the flag is raised. */
async function hold(runtime: Runtime, options = {}) {
  const words = sharedWords();
  const holding = runtime.run({ do: 'hold', bytes: 100, count: 1, words }, options);
  await raised(words, 0);
  return {
    holding,
    release: async () => {
      raise(words, 1);
      await holding;
    },
  };
}

const quick = { do: 'hoard', bytes: 100, count: 1 };

describe('a full queue', () => {
  it('refuses a run at once with the predicted wait, and takes nothing of its input', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 2 });
    await runtime.run(quick);
    const held = await hold(runtime);
    const waiting = [runtime.run(quick), runtime.run(quick)];
    using lease = runtime.pool.acquire(1000);
    const before = runtime.snapshot();
    const refused = await runtime.run<QueueFullError>({ ...quick, lease }).catch((error) => error);
    expect(refused).toBeInstanceOf(QueueFullError);
    expect(refused).toMatchObject({ code: 'ERR_QUEUE_FULL', name: 'MillpondError', tenant: null });
    expect(refused.predictedWaitMs).toBeGreaterThan(0);
    expect(Number.isInteger(refused.predictedWaitMs)).toBe(true);
    expect(refused.message).toMatch(/^Tasks wait up to a limit; those of this runtime have reached it/);
    // It is not a task: nothing counts it, and its lease is whose it was.
    expect(lease.bytes.length).toBe(1000);
    const { tasks, loans } = runtime.snapshot();
    expect([tasks.queued, tasks.failed, loans]).toEqual([2, 0, before.loans]);
    await held.release();
    await Promise.all(waiting);
    await runtime.run(quick);
  });

  it('of no places takes what starts at once, and nothing else', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 0 });
    for (let at = 0; at < 20; at++) await runtime.run(quick);
    const held = await hold(runtime);
    await expect(runtime.run(quick)).rejects.toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }));
    await held.release();
    await runtime.ready();
    await runtime.run(quick);
  });

  it('of one tenant refuses that one, and no other', async () => {
    const named = { small: { maxQueued: 1, maxBytes: 64 * KiB } };
    const { runtime } = await startRuntime('pooling', { threads: 1, tenants: { named } });
    const held = await hold(runtime);
    const small = { tenant: 'small' };
    const first = runtime.run(quick, small);
    const refused = await runtime.run(quick, small).catch((error) => error);
    expect(refused).toMatchObject({ code: 'ERR_QUEUE_FULL', tenant: 'small' });
    const other = runtime.run(quick, { tenant: 'other' });
    await held.release();
    await Promise.all([first, other]);
    // What can never start is refused for good.
    const needs = runtime.run(quick, { ...small, needBytes: 65 * KiB });
    await expect(needs).rejects.toThrow(expect.objectContaining({ code: 'ERR_REQUEST_TOO_LARGE' }));
  });

  it('holds the bytes that inputs of one tenant may have, and no more', async () => {
    const named = { small: { maxBytes: 64 * KiB } };
    const { runtime } = await startRuntime('pooling', { threads: 1, tenants: { named } });
    const held = await hold(runtime);
    const run = (bytes: number) => {
      const lease = runtime.pool.acquire(bytes);
      const run = runtime.run({ ...quick, lease }, { tenant: 'small' });
      return { lease, run };
    };
    const first = run(60 * KiB);
    const second = run(100);
    await expect(second.run).rejects.toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }));
    second.lease.release();
    await held.release();
    await first.run;
  });
});

describe('ready()', () => {
  it('resolves at once where there is room', async () => {
    const { runtime } = await startRuntime('pooling');
    await runtime.ready();
    await runtime.ready({ tenant: 'any' });
  });

  it('lets those who wait go on one by one as places come free, and each is accepted', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 1 });
    const held = await hold(runtime);
    const waiting = runtime.run(quick);
    const order: number[] = [];
    const runs = Array.from({ length: 30 }, async (_, at) => {
      await runtime.ready();
      order.push(at);
      return runtime.run(quick);
    });
    await held.release();
    await Promise.all([waiting, ...runs]);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('goes on where those that were let go on do nothing', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 1 });
    const held = await hold(runtime);
    const waiting = runtime.run(quick);
    const ready = Array.from({ length: 20 }, () => runtime.ready());
    await held.release();
    await Promise.all([waiting, ...ready]);
  });

  it('waits for the room of its tenant', async () => {
    const named = { small: { maxQueued: 1 } };
    const { runtime } = await startRuntime('pooling', { threads: 1, tenants: { named } });
    const held = await hold(runtime);
    const first = runtime.run(quick, { tenant: 'small' });
    let open = false;
    const ready = runtime.ready({ tenant: 'small' }).then(() => {
      open = true;
    });
    await runtime.ready({ tenant: 'other' });
    expect(open).toBe(false);
    await held.release();
    await Promise.all([first, ready]);
  });

  it('ends with its signal, and leaves the place to others', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 0 });
    const held = await hold(runtime);
    const controller = new AbortController();
    const first = runtime.ready({ signal: controller.signal });
    const second = runtime.ready();
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await held.release();
    await second;
    await expect(runtime.ready({ signal: controller.signal })).rejects.toThrow('enough');
  });

  it('rejects once the runtime closes, for those who wait and those who come', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, maxQueue: 0 });
    const held = await hold(runtime);
    const ready = runtime.ready();
    const closing = runtime.close();
    await expect(ready).rejects.toThrow(expect.objectContaining({ code: 'ERR_RUNTIME_CLOSED' }));
    await expect(runtime.ready()).rejects.toThrow(expect.objectContaining({ code: 'ERR_RUNTIME_CLOSED' }));
    await held.release();
    await closing;
  });

  it('waits for a thread where all have died, and goes on with the next', async () => {
    const { runtime } = await startRuntime('basic', { threads: 1 });
    await expect(runtime.run({ do: 'exit' })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_WORKER_LOST' }),
    );
    await runtime.ready();
    expect(await runtime.run({ do: 'echo', value: 7 })).toBe(7);
  });

  it.each([{ tenant: '' }, { tenant: 7 }, { signal: 7 }, { other: 1 }, 7])('takes no %o', async (options) => {
    const { runtime } = await startRuntime('pooling', { threads: 1 });
    await expect(runtime.ready(options as never)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});

describe('tasks that wait', () => {
  it('start by priority, and first those that came first', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1 });
    const held = await hold(runtime);
    const order: string[] = [];
    const run = (name: string, priority: number) =>
      runtime.run(quick, { priority }).then(() => order.push(name));
    const runs = [run('a', 0), run('b', -1), run('c', 1), run('d', 0), run('e', 10)];
    await held.release();
    await Promise.all(runs);
    expect(order).toEqual(['e', 'c', 'a', 'd', 'b']);
  });

  it('start in the order of their calls where priorities are worth nothing', async () => {
    const { runtime } = await startRuntime('pooling', { threads: 1, ageingMs: 0 });
    const held = await hold(runtime);
    const order: number[] = [];
    const runs = [0, 1, 2, 3].map((at) => runtime.run(quick, { priority: at }).then(() => order.push(at)));
    await held.release();
    await Promise.all(runs);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('take turns by tenant, and those over a limit hold up no others', async () => {
    const tenants = { named: { one: { maxRunning: 1 } } };
    const { runtime } = await startRuntime('pooling', { threads: 2, tenants });
    const held = await hold(runtime, { tenant: 'one' });
    const order: string[] = [];
    const run = (tenant: string) => runtime.run(quick, { tenant }).then(() => order.push(tenant));
    // The second thread is free, and these may not have it.
    const limited = [run('one'), run('one')];
    expect(runtime.snapshot().tasks).toMatchObject({ running: 1, queued: 2 });
    await Promise.all([run('a'), run('a'), run('b')]);
    expect(order.slice(0, 3).sort()).toEqual(['a', 'a', 'b']);
    expect(runtime.snapshot().tasks).toMatchObject({ running: 1, queued: 2 });
    await held.release();
    await Promise.all(limited);
  });

  it('wait while what their tenant declared is taken, and hold up no others', async () => {
    const tenants = { named: { small: { maxBytes: MiB } } };
    const { runtime } = await startRuntime('pooling', { threads: 2, budgetBytes: 64 * MiB, tenants });
    const held = await hold(runtime, { tenant: 'small', needBytes: MiB });
    const waits = runtime.run(quick, { tenant: 'small', needBytes: 4 * KiB });
    await runtime.run(quick, { needBytes: 4 * KiB });
    expect(runtime.snapshot().tasks).toMatchObject({ running: 1, queued: 1 });
    await held.release();
    await waits;
  });

  it.each([
    { priority: 11 },
    { priority: Number.NaN },
    { priority: '1' },
    { tenant: '' },
    { tenant: 'x'.repeat(257) },
  ])('are not %o', async (options) => {
    const { runtime } = await startRuntime('pooling', { threads: 1 });
    await expect(runtime.run(quick, options as never)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });
});
