import { threadId } from 'node:worker_threads';
import { defineJob, type Lease, type Pool } from '../../src/worker.ts';

/**
 * Jobs that do not end when they should, leave something behind or return what cannot be read. `words` are
 * flags that they share with a test.
 */
type Order =
  | { do: 'thread' }
  | { do: 'block'; words: Int32Array; bytes: number; lease?: Lease }
  | { do: 'until-aborted'; words: Int32Array; lease?: Lease }
  | { do: 'wait'; words: Int32Array }
  | { do: 'leave'; what: keyof typeof left; words: Int32Array }
  | { do: 'throw-while-waiting'; words: Int32Array }
  | { do: 'nest'; levels: number; around: keyof typeof around; lease?: Lease; carried?: boolean }
  | { do: 'grow-when-sent'; lease: Lease; bytes: number }
  | { do: 'step'; words: Int32Array };

const around = {
  object: (inner: unknown): unknown => ({ inner }),
  array: (inner: unknown): unknown => [inner],
  map: (inner: unknown): unknown => new Map([['inner', inner]]),
  cause: (inner: unknown): unknown => new Error('m', { cause: inner }),
};

/** What goes off when the test raises the first word, after the task has ended. */
const left = {
  timer: (words: Int32Array) => void raised(words, 0).then(() => setTimeout(throwStray, 0)),
  rejection: (words: Int32Array) => void raised(words, 0).then(throwStray),
  text: (words: Int32Array) =>
    void raised(words, 0).then(() => {
      throw 'stray text';
    }),
  // Keeps the thread busy.
  block: (words: Int32Array) =>
    void raised(words, 0).then(() => {
      raise(words, 2);
      Atomics.wait(words, 1, 0);
    }),
};

export default defineJob(async (order: Order, { pool, signal, progress }): Promise<unknown> => {
  switch (order.do) {
    case 'thread':
      return threadId;
    case 'block':
      hold(pool, order.bytes);
      raise(order.words, 0);
      Atomics.wait(order.words, 1, 0);
      return pool.acquire(order.bytes);
    case 'until-aborted':
      raise(order.words, 0);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      raise(order.words, 1);
      signal.throwIfAborted();
      return null;
    case 'wait':
      raise(order.words, 1);
      await raised(order.words, 2);
      return threadId;
    case 'leave':
      left[order.what](order.words);
      return threadId;
    case 'throw-while-waiting':
      setImmediate(throwStray);
      await raised(order.words, 0);
      return null;
    case 'nest': {
      let value: unknown = order.lease ?? pool.acquire(1000);
      for (let level = 0; level < order.levels; level++) value = around[order.around](value);
      if (order.carried) throw Object.assign(new Error('carries too much'), { value, kept: 1 });
      return { value, more: pool.acquire(1000) };
    }
    case 'grow-when-sent': {
      hold(pool, order.bytes);
      let looks = 0;
      return {
        get grown() {
          // The first look is the pool's, the second that of who clones it.
          let value: unknown = looks;
          for (let level = 0; looks === 1 && level < 8000; level++) value = [value];
          looks++;
          return value;
        },
      };
    }
    case 'step':
      progress(0.25);
      await raised(order.words, 0);
      progress(0.75);
      await raised(order.words, 1);
      return null;
  }
});

function throwStray(): never {
  throw new RangeError('stray');
}

function hold(pool: Pool, bytes: number): void {
  pool.acquire(bytes);
}

function raise(words: Int32Array, at: number): void {
  Atomics.store(words, at, 1);
  Atomics.notify(words, at);
}

async function raised(words: Int32Array, at: number): Promise<void> {
  const wait = Atomics.waitAsync(words, at, 0);
  const timer = setInterval(() => {}, 1000);
  if (wait.async) await wait.value;
  clearInterval(timer);
}
