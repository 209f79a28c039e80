import { threadId } from 'node:worker_threads';
import { defineJob, type Lease } from '../../src/worker.ts';

/** Jobs in pure JavaScript, which say so. `words` are flags that they share with a test. */
type Order =
  | { do: 'thread' }
  | { do: 'loop'; words: Int32Array; bytes: number; lease?: Lease }
  | { do: 'wait'; words: Int32Array; lease?: Lease };

export default defineJob(
  async (order: Order, { pool }): Promise<unknown> => {
    switch (order.do) {
      case 'thread':
        return threadId;
      case 'loop':
        pool.acquire(order.bytes);
        Atomics.add(order.words, 0, 1);
        Atomics.notify(order.words, 0);
        for (;;);
      case 'wait':
        pool.acquire(1000);
        Atomics.add(order.words, 0, 1);
        Atomics.notify(order.words, 0);
        return new Promise(() => setInterval(() => {}, 1000));
    }
  },
  { terminable: true },
);
