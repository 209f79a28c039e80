import { defineJob, type Lease } from '../../src/worker.ts';

type Ending = 'well' | 'badly' | 'by-exit';

/** Jobs that emit. `words` are flags that they share with a test: what was emitted, and whether to go on. */
type Order =
  | { do: 'count'; to: number; words: Int32Array }
  | { do: 'count-async'; to: number; words: Int32Array }
  | { do: 'together'; to: number }
  | { do: 'leases'; count: number; bytes: number; lease?: Lease; ends: Ending; words?: Int32Array }
  | { do: 'later'; words: Int32Array }
  | { do: 'wrong'; bytes: number }
  | { do: 'grow-when-sent'; lease: Lease; words: Int32Array; result: boolean }
  | { do: 'echo'; value: unknown };

function count(words: Int32Array): void {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

function raise(words: Int32Array, at: number): void {
  Atomics.store(words, at, 1);
  Atomics.notify(words, at);
}

export default defineJob(async (order: Order, context): Promise<unknown> => {
  const { pool, emit, emitAsync } = context;
  switch (order.do) {
    case 'count':
      try {
        for (let at = 0; at < order.to; at++) {
          emit({ at });
          count(order.words);
        }
      } finally {
        raise(order.words, 1);
      }
      return 'counted';
    case 'count-async':
      try {
        for (let at = 0; at < order.to; at++) {
          await emitAsync({ at });
          count(order.words);
        }
      } finally {
        raise(order.words, 1);
      }
      return 'counted';
    case 'together':
      await Promise.all(Array.from({ length: order.to }, (_, at) => emitAsync(at)));
      return order.to;
    case 'leases':
      if (order.lease !== undefined) emit([order.lease]);
      for (let at = 0; at < order.count; at++) {
        const lease = pool.acquire(order.bytes);
        lease.bytes.fill(at + 1);
        try {
          emit({ at, lease });
          if (order.words !== undefined) count(order.words);
        } catch (error) {
          lease.release();
          throw error;
        }
      }
      if (order.ends === 'badly') throw new RangeError('enough');
      if (order.ends === 'by-exit') process.exit(3);
      return { lease: pool.acquire(order.bytes) };
    case 'later':
      // Left behind: it waits for its flag, in another task's time.
      void (async () => {
        await Atomics.waitAsync(order.words, 0, 0).value;
        try {
          emit('of another task');
        } catch (error) {
          Atomics.store(order.words, 2, (error as { code?: string }).code === 'ERR_TASK_OVER' ? 1 : 2);
        }
        raise(order.words, 1);
      })();
      return 'left';
    case 'wrong': {
      const lease = pool.acquire(order.bytes);
      const codes: unknown[] = [];
      for (const value of [
        { lease, call: () => {} },
        { lease, view: lease.bytes },
      ]) {
        try {
          emit(value);
        } catch (error) {
          codes.push((error as { code?: string }).code);
        }
      }
      // It lives, whatever was refused.
      lease.bytes[0] = 7;
      emit({ lease });
      return codes;
    }
    case 'grow-when-sent': {
      let looks = 0;
      const value = {
        get grown() {
          // The first look is the pool's, the second that of who clones it.
          let value: unknown = looks;
          for (let level = 0; looks === 1 && level < 8000; level++) value = [value];
          looks++;
          return value;
        },
      };
      emit('first');
      if (order.result) return value;
      emit(value);
      raise(order.words, 0);
      // Its thread is not ended before it is over.
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      raise(order.words, 1);
      return pool.acquire(100);
    }
    case 'echo':
      emit('first');
      await new Promise<void>((resolve) => setImmediate(resolve));
      emit(order.value);
      return 'echoed';
  }
});
