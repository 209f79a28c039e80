/** Several short tasks share a message, and nothing else changes for them. */
import { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LedgerRow } from '../../src/budget/row.ts';
import type { Lease, Runtime } from '../../src/index.ts';
import type { Order } from '../jobs/short.ts';
import { closedAfterEach, PATIENCE_MS, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();
const post = MessagePort.prototype.postMessage;
afterEach(() => void vi.restoreAllMocks());

/** Runs many at once, again and again, until they share messages: then the job is known to be short. */
async function warm(runtime: Runtime, leases = false): Promise<void> {
  const run = (): Promise<unknown> => {
    const brought = leases ? { lease: runtime.pool.acquire(1000) } : {};
    return runtime.run({ do: 'count', ...brought } satisfies Order);
  };
  const sizes = watchMessages();
  do {
    sizes.length = 0;
    await Promise.all(Array.from({ length: 50 }, run));
    // Some of them shared one, and the last of them were quick, too.
  } while (sizes.length > 25);
  vi.restoreAllMocks();
}

/** Messages of tasks that are posted from now on: how many tasks each has. */
function watchMessages(): number[] {
  const sizes: number[] = [];
  vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (
    this: MessagePort,
    ...given: unknown[]
  ) {
    const [message] = given;
    if (typeof message === 'number') sizes.push(1);
    else if (Array.isArray(message)) sizes.push(message[0] === null ? message.length - 1 : 1);
    post.apply(this, given as never);
  });
  return sizes;
}

/** The first byte of the lease that a task gives back for one that begins with `byte`. */
async function swapped(runtime: Runtime, byte: number): Promise<number> {
  const lease = runtime.pool.acquire(1000);
  lease.bytes[0] = byte;
  const back = await runtime.run<{ lease: Lease }>({ do: 'swap', lease } satisfies Order);
  using other = back.lease;
  return other.bytes[0];
}

/** One that keeps the only worker until the flag is raised, so that what comes meanwhile waits. */
async function held(runtime: Runtime): Promise<{ go(): Promise<unknown> }> {
  const words = sharedWords();
  const running = runtime.run({ do: 'hold', words } satisfies Order);
  await raised(words, 0);
  return {
    go() {
      raise(words, 1);
      return running;
    },
  };
}

describe('short tasks', () => {
  it('share messages once their job is known to be short, in the order of the calls', async () => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime);
    const sizes = watchMessages();
    // Once more where something kept the thread from being quick.
    do {
      sizes.length = 0;
      const order: number[] = [];
      await Promise.all(Array.from({ length: 100 }, (_, at) => runtime.run().then(() => order.push(at))));
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
    } while (Math.max(...sizes) === 1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  });

  it('have a message of their own while nobody knows how long they take, and after one took long', async () => {
    const { runtime } = await start('short', { threads: 1 });
    const sizes = watchMessages();
    const first = await held(runtime);
    const few = Array.from({ length: 5 }, () => runtime.run());
    await first.go();
    await Promise.all(few);
    expect(sizes).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it.each([
    ['a declared need', (runtime: Runtime) => runtime.run(undefined, { needBytes: 10 })],
    ['somebody to report to', (runtime: Runtime) => runtime.run(undefined, { onProgress: () => {} })],
  ])('are alone with %s', async (_what, run) => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime);
    const sizes = watchMessages();
    await Promise.all(Array.from({ length: 10 }, () => run(runtime)));
    expect(sizes).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('fail each by itself', async () => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime);
    const orders: Order[] = Array.from({ length: 40 }, (_, at) => ({ do: at % 4 === 1 ? 'throw' : 'count' }));
    const ends = await Promise.allSettled(orders.map((order) => runtime.run(order)));
    expect(ends.map(({ status }) => status)).toEqual(
      orders.map((order) => (order.do === 'throw' ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('short tasks with leases', () => {
  it('share messages, and each gets back what is its own', async () => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime, true);
    const sizes = watchMessages();
    do {
      sizes.length = 0;
      const values = await Promise.all(Array.from({ length: 60 }, (_, at) => swapped(runtime, at)));
      expect(values).toEqual(values.map((_, at) => at + 1));
      expect(sizes.reduce((sum, size) => sum + size)).toBe(60);
    } while (Math.max(...sizes) === 1);
    expect(runtime.snapshot().loans.count).toBe(0);
  });
});

describe('a worker that dies between short tasks', () => {
  it.each<[string, 'exit' | 'exit-throws' | 'crash', boolean]>([
    ['of process.exit', 'exit', false],
    ['of process.exit, with leases', 'exit', true],
    ['of process.exit where a listener throws', 'exit-throws', false],
    ['of process.exit where a listener throws, with leases', 'exit-throws', true],
    ['of an error that nobody caught, with leases', 'crash', true],
  ])('%s, loses the one that it ran, and no other runs twice or is lost that had not begun', async (...how) => {
    const [, end, leases] = how;
    const { runtime } = await start('short', { threads: 1 });
    const began = new Int32Array(new SharedArrayBuffer(4));
    let most = 0;
    for (let round = 0; round < 5; round++) {
      await warm(runtime, leases);
      began[0] = 0;
      const sizes = watchMessages();
      const orders: Order[] = Array.from({ length: 40 }, (_, at) => {
        const brought = leases ? { lease: runtime.pool.acquire(1000) } : {};
        return { do: at === 20 ? end : 'count', began, ...brought };
      });
      const ends = await Promise.allSettled(orders.map((order) => runtime.run(order)));
      const lost = ends.flatMap(({ status }, at) => (status === 'rejected' ? [at] : []));
      // What came of those before it in its message was posted first.
      expect(lost).toEqual([20]);
      most = Math.max(most, ...sizes);
      expect(began[0]).toBe(40);
      await expect.poll(() => runtime.snapshot().loans.count).toBe(0);
      vi.restoreAllMocks();
    }
    // In one of the rounds at the least nothing kept the thread from being quick.
    expect(most).toBeGreaterThan(1);
  });
});

describe('a worker that ends between two tasks', () => {
  it('is given nothing more, though its runtime has not heard of it', async () => {
    const { runtime } = await start('short', { threads: 1 });
    const words = sharedWords();
    const before = await runtime.run({ do: 'end-slowly', words } satisfies Order);
    // Blocks, so that no message is heard meanwhile.
    Atomics.wait(words, 0, 0, PATIENCE_MS);
    const lease = runtime.pool.acquire(1000);
    const running = runtime.run({ do: 'count', lease } satisfies Order);
    raise(words, 1);
    expect(await running).not.toBe(before);
  });

  it.each(['before', 'while'])('loses nothing where it does %s it is given a task', async (when) => {
    const { runtime } = await start('short', { threads: 1 });
    const words = sharedWords();
    const before = await runtime.run({ do: 'end-when-told', words } satisfies Order);
    // It was idle when it was chosen.
    const end = (): void => {
      vi.restoreAllMocks();
      raise(words, 1);
      // In the latter case it is not to get there.
      Atomics.wait(words, 0, 0, when === 'before' ? PATIENCE_MS : 100);
    };
    const { expectValues } = LedgerRow.prototype;
    if (when === 'before') {
      vi.spyOn(LedgerRow.prototype, 'expectValues').mockImplementation(function (this: LedgerRow, most) {
        end();
        expectValues.call(this, most);
      });
    } else {
      vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (
        this: MessagePort,
        ...given
      ) {
        end();
        post.apply(this, given as never);
      });
    }
    const lease = runtime.pool.acquire(1000);
    expect(await runtime.run({ do: 'count', lease } satisfies Order)).not.toBe(before);
    expect(runtime.snapshot().loans.count).toBe(0);
  });
});

describe('a worker that V8 ends, for want of heap,', () => {
  // The first goes alone, and those that wait meanwhile share a message.
  const FILLER = 3;

  it('takes along once what waited there with leases, and says so', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 20 };
    const { runtime } = await start('short', { threads: 1, resourceLimits });
    await warm(runtime, true);
    for (const first of [true, false]) {
      const ends = await Promise.allSettled(
        Array.from({ length: 40 }, (_, at) => {
          const lease = runtime.pool.acquire(1000);
          return runtime.run({ do: at === FILLER ? 'fill' : 'count', lease } satisfies Order);
        }),
      );
      const lost = ends.flatMap((end, at) => (end.status === 'rejected' ? [{ at, error: end.reason }] : []));
      const behind = lost.filter(({ at }) => at > FILLER);
      if (!first) expect(behind).toEqual([]);
      for (const { error } of behind) {
        expect(error).toMatchObject({
          code: 'ERR_WORKER_LOST',
          message: expect.stringContaining('died before'),
        });
      }
      expect(lost.find(({ at }) => at === FILLER)?.error.message).toContain('died in the middle of it');
    }
    await expect.poll(() => runtime.snapshot().loans.count).toBe(0);
  });
});

describe('a job that ended its thread', () => {
  it('has a message for each task for a while: what ends its thread may take others along', async () => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime);
    await expect(runtime.run({ do: 'exit' } satisfies Order)).rejects.toThrow();
    const sizes = watchMessages();
    await Promise.all(Array.from({ length: 150 }, () => runtime.run()));
    expect(Math.max(...sizes)).toBe(1);
    // They share messages again, in the end.
    await warm(runtime);
  });
});

describe('a cancel', () => {
  it('reaches a short task that runs, and those behind it in its message never begin', async () => {
    const { runtime } = await start('short', { threads: 1 });
    await warm(runtime);
    const began = new Int32Array(new SharedArrayBuffer(4));
    const words = sharedWords();
    const controllers = Array.from({ length: 11 }, () => new AbortController());
    const first = await held(runtime);
    const orders: Order[] = Array.from({ length: 11 }, (_, at) =>
      at === 0 ? { do: 'until-aborted', words, began } : { do: 'count', began },
    );
    const runs = orders.map((order, at) => runtime.run(order, { signal: controllers[at].signal }));
    const ends = Promise.allSettled(runs);
    await first.go();
    await raised(words, 0);
    for (const controller of [...controllers].reverse()) controller.abort();
    expect((await ends).map(({ status }) => status)).toEqual(orders.map(() => 'rejected'));
    await runtime.run();
    expect(began[0]).toBe(1);
  });
});
