import net from 'node:net';
import zlib from 'node:zlib';
import { defineJob, type Lease, type Pin, type Pool } from '../../src/worker.ts';

/**
 * Jobs that put the pool under load; `words` are shared flags by which a test and its jobs wait for each
 * other.
 */
type Order =
  | { do: 'churn'; bytes: number; count: number; rounds: number }
  | { do: 'report'; bytes: number }
  | { do: 'nested'; outer: number; inner: number; rounds: number; words: Int32Array }
  | { do: 'hoard' | 'twice'; bytes: number; count: number }
  | { do: 'fill' | 'read' | 'produce'; bytes: number; count: number }
  | { do: 'hold'; bytes: number; count: number; words: Int32Array }
  | { do: 'touch-until' | 'report-until'; words: Int32Array }
  | { do: 'come-and-go'; bytes: number; words: Int32Array }
  | { do: 'return-late'; bytes: number; words: Int32Array }
  | { do: 'want'; bytes: number; timeoutMs: number; words?: Int32Array }
  | { do: 'wait-aborted'; words: Int32Array }
  | { do: 'wait-async'; words: Int32Array }
  | { do: 'want-forever'; bytes: number; words: Int32Array }
  | { do: 'want-in-vain'; bytes: number; timeoutMs: number; words: Int32Array }
  | { do: 'pin'; bytes: number; lease?: Lease }
  | { do: 'unpin' }
  | { do: 'compress'; bytes: number }
  | { do: 'send'; lease: Lease; path: string }
  | { do: 'fill-heap'; lease?: Lease }
  | { do: 'exit' | 'throw-later'; lease?: Lease; bytes: number; words?: Int32Array }
  | { do: 'function' | 'view' | 'map'; bytes: number };

/** Ends a wait that nobody ends. */
const PATIENCE_MS = 120_000;

let pinned: Pin | undefined;

export default defineJob((order: Order, { pool, signal, progress, block }): unknown => {
  switch (order.do) {
    case 'churn':
      for (let round = 0; round < order.rounds; round++) releaseAll(take(pool, order.bytes, order.count));
      return null;
    case 'hoard':
      releaseAll(take(pool, order.bytes, order.count));
      return null;
    case 'produce':
      return take(pool, order.bytes, order.count);
    case 'nested': {
      using _outer = pool.acquire(order.outer);
      // So many times, and on until it is told that it is enough.
      for (let round = 0; round < order.rounds || Atomics.load(order.words, 1) === 0; round++) {
        pool.acquire(order.inner).release();
      }
      return null;
    }
    case 'report':
      block.processed(order.bytes);
      return block.frames(1, 2400);
    case 'twice': {
      const first = take(pool, order.bytes, order.count);
      const second = take(pool, order.bytes, order.count);
      releaseAll([...first, ...second]);
      return null;
    }
    case 'fill': {
      const leases = take(pool, order.bytes, order.count);
      for (const lease of leases) lease.bytes.fill(1);
      const full = process.memoryUsage.rss();
      releaseAll(leases);
      return full;
    }
    case 'read': {
      const leases = take(pool, order.bytes, order.count);
      const largest = Math.max(...leases.map((lease) => lease.bytes.reduce((a, b) => Math.max(a, b))));
      releaseAll(leases);
      return largest;
    }
    case 'hold': {
      const leases = take(pool, order.bytes, order.count);
      raise(order.words, 0);
      Atomics.wait(order.words, 1, 0, PATIENCE_MS);
      releaseAll(leases);
      return null;
    }
    case 'come-and-go': {
      // Has something nearly always, until it is told that it is enough.
      for (;;) {
        const lease = pool.acquire(order.bytes, { timeoutMs: PATIENCE_MS });
        raise(order.words, 0);
        const enough = Atomics.wait(order.words, 1, 0, 20) !== 'timed-out';
        lease.release();
        if (enough) return null;
      }
    }
    case 'return-late': {
      const lease = pool.acquire(order.bytes);
      raise(order.words, 0);
      Atomics.wait(order.words, 1, 0, PATIENCE_MS);
      return lease;
    }
    case 'touch-until': {
      raise(order.words, 0);
      let touches = 0;
      while (Atomics.load(order.words, 1) === 0) {
        pool.acquire(100).release();
        touches++;
      }
      return touches;
    }
    case 'report-until':
      raise(order.words, 0);
      while (Atomics.load(order.words, 1) === 0) {
        pool.acquire(100).release();
        block.processed(100);
      }
      return null;
    case 'want': {
      const lease = pool.acquire(order.bytes, { timeoutMs: order.timeoutMs });
      if (order.words !== undefined) raise(order.words, 1);
      lease.release();
      return order.bytes;
    }
    case 'wait-aborted': {
      raise(order.words, 0);
      while (!signal.aborted) progress(0.5);
      raise(order.words, 1);
      signal.throwIfAborted();
      return 'not reached';
    }
    case 'wait-async':
      return new Promise((resolve) => {
        const timer = setInterval(() => {}, 1000);
        signal.addEventListener('abort', () => {
          clearInterval(timer);
          raise(order.words, 1);
          resolve('aborted');
        });
        raise(order.words, 0);
      });
    case 'want-forever':
      raise(order.words, 0);
      try {
        pool.acquire(order.bytes, { timeoutMs: PATIENCE_MS });
      } catch (error) {
        order.words[2] = (error as { code?: string }).code === 'ERR_TASK_WAITING' ? 1 : 2;
        raise(order.words, 1);
        throw error;
      }
      return null;
    case 'want-in-vain':
      raise(order.words, 0);
      try {
        pool.acquire(order.bytes, { timeoutMs: order.timeoutMs }).release();
      } catch (error) {
        // By the shared words: the main thread does not look at its messages.
        order.words[2] = (error as { code?: string }).code === 'ERR_BUDGET_EXHAUSTED' ? 1 : 2;
      }
      raise(order.words, 1);
      return null;
    case 'pin':
      pinned = (order.lease ?? pool.acquire(order.bytes)).pin();
      return null;
    case 'unpin':
      pinned?.release();
      return null;
    case 'compress': {
      // Native work that goes on after the task has forgotten its lease.
      const lease = pool.acquire(order.bytes);
      lease.bytes.fill(7);
      const pin = lease.pin();
      zlib.deflate(lease.bytes, () => pin.release());
      return null;
    }
    case 'send': {
      // Both are gone long after the task.
      const own = pool.acquire(order.lease.length);
      own.bytes.fill(7);
      const socket = net.connect(order.path);
      const sent = [order.lease.writeTo(socket), own.writeTo(socket)];
      for (const lease of [order.lease, own]) lease.release();
      void Promise.all(sent).then(() => socket.end());
      return null;
    }
    case 'fill-heap': {
      const kept: number[][] = [];
      for (;;) kept.push(Array.from({ length: 1000 }, (_, at) => at + 0.5));
    }
    case 'exit':
      pool.acquire(order.bytes);
      process.exit(3);
      break;
    case 'throw-later':
      pool.acquire(order.bytes);
      setImmediate(() => {
        throw new Error('thrown outside the task');
      });
      return new Promise(() => {});
    case 'function':
      return { call: () => 1, lease: pool.acquire(order.bytes) };
    case 'view':
      return { nested: [pool.acquire(order.bytes).float32] };
    case 'map':
      return new Map([['lease', pool.acquire(order.bytes)]]);
  }
  return undefined;
});

function take(pool: Pool, bytes: number, count: number): Lease[] {
  return Array.from({ length: count }, () => pool.acquire(bytes));
}

function releaseAll(leases: readonly Lease[]): void {
  for (const lease of leases) lease.release();
}

function raise(words: Int32Array, at: number): void {
  Atomics.store(words, at, 1);
  Atomics.notify(words, at);
}
