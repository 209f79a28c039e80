import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/index.ts';
import { counted, lent } from './mapping.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();

const EXHAUSTED = { pulled: 10, ended: 1 };

describe('map', () => {
  it('gives each input, its index and its result, in the order of the inputs', async () => {
    const { runtime } = await start('basic');
    const { source, counts } = counted(10, (value) => ({ do: 'echo', value }));
    let next = 0;
    for await (const item of runtime.map<number, object>(source, { ordered: true })) {
      expect(item).toEqual({ ok: true, index: next, input: { do: 'echo', value: next }, result: next });
      next++;
    }
    expect(next).toBe(10);
    expect(counts).toEqual(EXHAUSTED);
  });

  it('gives results as they come, or in order', async () => {
    const { runtime } = await start('short');
    for (const ordered of [false, true]) {
      const words = sharedWords();
      const inputs = [{ do: 'hold', words }, { do: 'count' }, { do: 'count' }];
      const indexes: number[] = [];
      const results = runtime.map(inputs, { ordered, each: (_, at) => ({ name: `number ${at}` }) });
      const reads = inputs.map(async () => {
        const { value } = await results.next();
        indexes.push(value!.index);
      });
      await raised(words, 0);
      await expect.poll(() => runtime.snapshot().tasks).toMatchObject({ queued: 0, running: 1 });
      await expect.poll(() => indexes).toEqual(ordered ? [] : [1, 2]);
      raise(words, 1);
      await Promise.all(reads);
      expect(indexes).toEqual(ordered ? [0, 1, 2] : [1, 2, 0]);
    }
  });

  it('keeps memory flat over many inputs, and pulls no more than it said', async () => {
    const { runtime } = await start('short', { safety: 'off' });
    const { source, counts } = counted(30_000, () => undefined);
    const heap: number[] = [];
    let read = 0;
    let ahead = 0;
    for await (const _ of runtime.map(source, { concurrency: 64, unread: 10 })) {
      ahead = Math.max(ahead, counts.pulled - ++read);
      if (read % 10_000 === 0) {
        globalThis.gc?.();
        heap.push(process.memoryUsage().heapUsed);
      }
    }
    expect(counts).toEqual({ pulled: 30_000, ended: 1 });
    expect([ahead > 64, ahead <= 74]).toEqual([true, true]);
    // An item of 100 bytes that stayed would be 2 MB.
    expect(heap[2] - heap[0]).toBeLessThan(1e6);
  });

  it('waits for a reader that is slow, and begins with its first read', async () => {
    const { runtime } = await start('short');
    const { source, counts } = counted(100, () => undefined);
    const results = runtime.map(source, { concurrency: 3, unread: 4 });
    expect(counts.pulled).toBe(0);
    await results.next();
    await expect.poll(() => runtime.snapshot().tasks).toMatchObject({ succeeded: 8, running: 0, queued: 0 });
    expect(counts.pulled).toBe(8);
    await results.return();
    expect(counts).toEqual({ pulled: 8, ended: 1 });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('goes on after errors where all are wanted, and says of which input they are', async () => {
    const { runtime } = await start('basic');
    const { source, counts } = counted(10, (at) =>
      at % 3 === 0 ? { do: 'throw', name: 'Error', message: `${at}` } : { do: 'echo', value: at },
    );
    const seen: unknown[] = [];
    for await (const item of runtime.map<number>(source, { errors: 'all', ordered: true })) {
      seen.push(item.ok ? item.result : (item.error as Error).message);
    }
    expect(seen).toEqual(['0', 1, 2, '3', 4, 5, '6', 7, 8, '9']);
    expect(counts).toEqual(EXHAUSTED);
  });

  it('passes options on to each task', async () => {
    const { runtime } = await start('pooling');
    const done: [number, number][] = [];
    const words = sharedWords();
    const controller = new AbortController();
    const results = runtime.map([{ do: 'wait-aborted', words }], {
      signal: controller.signal,
      each: (_, index) => ({
        name: 'the only one',
        onProgress: (fraction) => {
          if (fraction === 0) return;
          done.push([index, fraction]);
          controller.abort();
        },
      }),
    });
    const first = results.next();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(done).toEqual([[0, 0.5]]);
    await raised(words, 1);
  });

  it.each([
    ['path.wav', {}, "takes an iterable or async iterable object, got 'path.wav'"],
    [7, {}, 'got 7'],
    [{}, {}, 'got {}'],
    [[], { concurrency: 0 }, 'concurrency of map(inputs, options) is a whole number, 1 or more, got 0'],
    [[], { concurrency: Infinity }, 'got Infinity'],
    [[], { unread: -1 }, 'unread of map(inputs, options) is a whole number, 0 or more, got -1'],
    [[], { errors: 'none' }, "'first' or 'all', got 'none'"],
    [[], { ordered: 1 }, 'true or false, got 1'],
    [[], { each: 1 }, 'a function, got 1'],
    [[], { name: 'all' }, "has no option 'name'"],
    [[], { job: 'other' }, "got 'other'"],
  ])('is not made of %o with %o', async (inputs, options, message) => {
    const { runtime } = await start('basic', { threads: 1 });
    expect(() => runtime.map(inputs as never, options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });
});

it('leases move on from the results of one map to the inputs of the next', async () => {
  const { runtime } = await start('', {
    job: undefined,
    jobs: {
      basic: new URL('../jobs/basic.ts', import.meta.url),
      short: new URL('../jobs/short.ts', import.meta.url),
    },
  });
  const orders = Array.from({ length: 20 }, () => ({ do: 'produce', bytes: 100, count: 1 }));
  async function* doubled() {
    for await (const { result } of runtime.map<Lease[]>(orders, { job: 'basic' })) {
      yield { do: 'double', lease: result[0], frames: 25 };
    }
  }
  let seen = 0;
  for await (const { result } of runtime.map<{ lease: Lease }>(doubled(), { job: 'basic' })) {
    using lease = result.lease;
    const view = new DataView(lease.bytes.buffer, lease.bytes.byteOffset);
    const one = new Float32Array(new Uint8Array(4).fill(1).buffer)[0];
    expect(view.getFloat32(0, true)).toBe(2 * one);
    seen++;
  }
  expect(seen).toBe(20);
  expect(lent(runtime)).toBe(0);
});
