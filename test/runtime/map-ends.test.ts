import { getEventListeners, once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/index.ts';
import { mapOver } from '../../src/runtime/map.ts';
import { counted, lent } from './mapping.ts';
import { closedAfterEach, raised, sharedWords } from './started.ts';

const start = closedAfterEach();

describe('the end of a map', () => {
  it.each(['break', 'signal', 'error'])('ends its source and its tasks by a %s', async (how) => {
    const { runtime } = await start('short');
    const words = sharedWords();
    const inputs = [{ do: 'until-aborted', words }, { do: how === 'error' ? 'throw' : 'count' }];
    const { source, counts } = counted(10, (at) => inputs[Math.min(at, 1)]);
    const controller = new AbortController();
    const reason = new Error('enough');
    const loop = async (): Promise<void> => {
      for await (const { index } of runtime.map(source, { signal: controller.signal, concurrency: 2 })) {
        expect(index).toBe(1);
        await raised(words, 0);
        if (how === 'break') break;
        controller.abort(reason);
      }
    };
    if (how === 'break') await loop();
    else if (how === 'signal') await expect(loop()).rejects.toBe(reason);
    else await expect(loop()).rejects.toMatchObject({ name: 'RangeError', message: 'short' });
    expect(counts.ended).toBe(1);
    expect(counts.pulled).toBeLessThan(10);
    expect(runtime.snapshot().tasks).toMatchObject({ queued: 0 });
    await expect.poll(() => runtime.snapshot().tasks.running).toBe(0);
  });

  it('does not wait for a source that owes an answer', async () => {
    const { runtime } = await start('basic');
    const endless = new Readable({ objectMode: true, read: () => {} });
    endless.push({ do: 'echo', value: 1 });
    const controller = new AbortController();
    const results = runtime.map(endless, { signal: controller.signal });
    expect((await results.next()).value).toMatchObject({ result: 1 });
    const waiting = results.next();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    endless.push(null);
    // Its iterator was told, and destroys it as soon as it can.
    await once(endless, 'close');
  });

  it('releases what nobody reads', async () => {
    const { runtime } = await start('basic');
    const orders = Array.from({ length: 20 }, () => ({ do: 'produce', bytes: 100, count: 3 }));
    for await (const { result } of runtime.map<Lease[]>(orders, { concurrency: 4 })) {
      await expect.poll(() => runtime.snapshot().tasks.succeeded).toBe(9);
      expect(lent(runtime)).toBe(27);
      for (const lease of result) lease.release();
      break;
    }
    expect(lent(runtime)).toBe(0);
  });

  it('releases inputs that never ran', async () => {
    const { runtime } = await start('basic');
    const late = Promise.withResolvers<void>();
    async function* source() {
      yield { do: 'echo', lease: runtime.pool.acquire(10) };
      await late.promise;
      yield { do: 'echo', value: [{ lease: runtime.pool.acquire(10) }] };
    }
    for await (const _ of runtime.map(source())) break;
    late.resolve();
    await expect.poll(() => runtime.snapshot().pool.byTier.small.acquires).toBe(2);
    expect(lent(runtime)).toBe(0);

    // What cannot be sent was not taken.
    const inputs = [{ lease: runtime.pool.acquire(10), view: runtime.pool.acquire(10) }].map((input) => {
      return { ...input, view: input.view.bytes, other: input.view };
    });
    const results = runtime.map(inputs, { errors: 'all' });
    expect((await results.next()).value).toMatchObject({
      ok: false,
      error: { code: 'ERR_LEASE_VIEW_MOVED' },
    });
    expect(lent(runtime)).toBe(0);
  });

  it.each(['first', 'all'] as const)('ends with its runtime, where %s errors count', async (errors) => {
    const { runtime } = await start('short');
    const { source, counts } = counted(1000, () => undefined);
    const results = runtime.map(source, { errors: errors as 'first', concurrency: 2 });
    await results.next();
    const closing = runtime.close();
    const loop = async (): Promise<void> => {
      for await (const _ of results);
    };
    await expect(loop()).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
    expect(counts.ended).toBe(1);
    expect(counts.pulled).toBeLessThan(10);
    await closing;
  });

  it('ends by what its source or its own functions throw', async () => {
    const { runtime } = await start('basic');
    const error = new Error('no more');
    const rest = async (results: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of results);
    };
    const broken = (function* () {
      yield { do: 'echo' };
      throw error;
    })();
    await expect(rest(runtime.map(broken, { errors: 'all' }))).rejects.toBe(error);

    const { source, counts } = counted(10, () => ({ lease: runtime.pool.acquire(10) }));
    const each = () => {
      throw error;
    };
    await expect(rest(runtime.map(source, { each, errors: 'all' }))).rejects.toBe(error);
    expect([counts, lent(runtime)]).toEqual([{ pulled: 1, ended: 1 }, 0]);

    // By a break, the loop gets what the source says then.
    const stubborn = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false as const, value: { do: 'echo' } }),
        return: () => {
          throw error;
        },
      }),
    };
    const loop = async (): Promise<void> => {
      for await (const _ of runtime.map(stubborn)) break;
    };
    await expect(loop()).rejects.toBe(error);
  });

  it('runs nothing after a function of its own has ended it', async () => {
    const { runtime } = await start('basic');
    const controller = new AbortController();
    const { source } = counted(10, () => ({ do: 'echo', lease: runtime.pool.acquire(10) }));
    const each = () => {
      controller.abort();
      return {};
    };
    const results = runtime.map(source, { each, signal: controller.signal });
    await expect(results.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(runtime.snapshot().tasks).toMatchObject({ queued: 0, running: 0, succeeded: 0, cancelled: 0 });
    expect(lent(runtime)).toBe(0);
  });

  it('is over for whoever ended it, whatever else did', async () => {
    const { runtime } = await start('basic');
    const controller = new AbortController();
    const { source } = counted(10, () => ({ do: 'echo' }));
    const results = runtime.map(source, { signal: controller.signal });
    await results.next();
    controller.abort();
    await results.return();
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('comes after the ends of its runs, and leaves nothing at its signal', async () => {
    const run = Promise.withResolvers<unknown>();
    const { signal } = new AbortController();
    const results = mapOver({ threads: 1, run: () => run.promise }, [1], { signal });
    const read = results.next();
    let over = false;
    const ended = results.return().then(() => {
      over = true;
    });
    await setImmediate();
    expect(over).toBe(false);
    run.reject(new Error('cancelled'));
    await ended;
    expect(await read).toEqual({ done: true, value: undefined });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('does not begin once its signal was aborted', async () => {
    const { runtime } = await start('basic');
    const { source, counts } = counted(10, () => ({ do: 'echo' }));
    const reason = new Error('never');
    await expect(runtime.map(source, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    expect(counts.pulled).toBe(0);
  });
});
