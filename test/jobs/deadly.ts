import { threadId } from 'node:worker_threads';
import { defineJob, type Lease } from '../../src/worker.ts';

/** Jobs that take their whole process along, or keep it. */
type Order =
  | { do: 'echo'; value?: unknown }
  | { do: 'pid' }
  | { do: 'pid-later' }
  | { do: 'signal'; signal: NodeJS.Signals }
  | { do: 'spin'; forMs?: number }
  | { do: 'report-and-spin' }
  | { do: 'until-aborted' }
  | { do: 'lease'; lease: Lease; add: number }
  | { do: 'unsendable' }
  | { do: 'fail' };

export default defineJob(async (order: Order, { signal, progress, pool }): Promise<unknown> => {
  switch (order.do) {
    case 'echo':
      return order.value;
    case 'pid':
      return { pid: process.pid, threadId };
    case 'pid-later':
      progress(0.5);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { pid: process.pid };
    case 'signal':
      process.kill(process.pid, order.signal);
      return new Promise(() => {});
    case 'spin': {
      const until = performance.now() + (order.forMs ?? Infinity);
      while (performance.now() < until);
      return process.pid;
    }
    case 'report-and-spin':
      progress(0.5);
      for (;;) if (order.do !== 'report-and-spin') return null;
    case 'until-aborted':
      progress(0.5);
      return new Promise((resolve) => signal.addEventListener('abort', resolve));
    case 'lease': {
      const out = pool.acquire(order.lease.length);
      out.bytes.set(order.lease.bytes.map((byte) => byte + order.add));
      return { out };
    }
    case 'unsendable':
      return new SharedArrayBuffer(8);
    case 'fail':
      throw Object.assign(new RangeError('too far'), { at: 7, cause: new Error('deep') });
  }
});
