/** Short tasks, of which some end their thread, wait, or take long all of a sudden. */
import { threadId } from 'node:worker_threads';
import { defineJob, type Lease } from '../../src/worker.ts';

/** `began` counts the tasks that have begun, over all threads. */
export type Order =
  | { do: 'count'; began?: Int32Array; lease?: Lease }
  | { do: 'exit' | 'exit-throws' | 'throw' | 'crash' | 'fill'; began?: Int32Array; lease?: Lease }
  | { do: 'swap'; lease: Lease; began?: Int32Array }
  | { do: 'end-slowly' | 'end-when-told' | 'hold'; words: Int32Array; began?: Int32Array }
  | { do: 'until-aborted'; words: Int32Array; began?: Int32Array };

export default defineJob((order: Order | undefined, { pool, signal }): unknown => {
  if (order?.began !== undefined) Atomics.add(order.began, 0, 1);
  switch (order?.do) {
    case 'count':
      return threadId;
    case 'exit':
      return process.exit(3);
    case 'exit-throws':
      process.once('exit', () => {
        throw new RangeError('a listener throws');
      });
      return process.exit(3);
    case 'end-slowly':
      process.once('exit', () => {
        raise(order.words, 0);
        Atomics.wait(order.words, 1, 0);
      });
      setTimeout(() => process.exit(3), 0);
      return threadId;
    case 'end-when-told':
      // After the listener that gives back what lies in the port.
      process.once('exit', () => raise(order.words, 0));
      void Promise.resolve(Atomics.waitAsync(order.words, 1, 0).value).then(() => process.exit(3));
      return threadId;
    case 'crash':
      setImmediate(() => {
        throw new RangeError('nobody catches this');
      });
      return new Promise(() => {});
    case 'fill':
      for (let all = {}; ; ) all = { all };
    case 'swap': {
      // What it brought goes home, and another one leaves with the result.
      const lease = pool.acquire(order.lease.length);
      lease.bytes[0] = order.lease.bytes[0] + 1;
      return { lease };
    }
    case 'throw':
      throw new RangeError('short');
    case 'hold':
      raise(order.words, 0);
      Atomics.wait(order.words, 1, 0);
      return threadId;
    case 'until-aborted':
      raise(order.words, 0);
      while (!signal.aborted);
      return 'aborted';
    default:
      return undefined;
  }
});

function raise(words: Int32Array, at: number): void {
  Atomics.store(words, at, 1);
  Atomics.notify(words, at);
}
