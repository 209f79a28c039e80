import { describe, expect, it } from 'vitest';
import { isLease, KiB, type Lease, MiB } from '../../src/index.ts';
import { closedAfterEach, raise, raised, sharedWords } from './started.ts';

const start = closedAfterEach();
const LEASES = { do: 'leases', bytes: 64 * KiB, ends: 'well' } as const;

interface Block {
  readonly at: number;
  readonly lease: Lease;
}

/** So many values were emitted, and are here. */
async function arrived(words: Int32Array, count: number): Promise<void> {
  await expect.poll(() => Atomics.load(words, 0)).toBe(count);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('what a task emits', () => {
  it('is read in order as it comes, and what it returns is the result', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    const stream = runtime.stream<{ at: number }>({ do: 'count', to: 1000, words });
    const read: number[] = [];
    for await (const { at } of stream) read.push(at);
    expect(read).toEqual(Array.from({ length: 1000 }, (_, at) => at));
    expect(await stream.result).toBe('counted');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(runtime.snapshot().tasks).toMatchObject({ succeeded: 1, running: 0 });
  });

  it.each(['count', 'count-async'])('waits for its reader: %s', async (kind) => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    const stream = runtime.stream({ do: kind, to: 100, words }, { unread: 3 });
    // Nothing happens before the first read.
    expect(runtime.snapshot().tasks).toMatchObject({ running: 0, queued: 0 });
    for (let at = 0; at < 20; at++) {
      expect(await stream.next()).toEqual({ done: false, value: { at } });
      // So many were read, and so many more may be on their way.
      await expect.poll(() => Atomics.load(words, 0)).toBe(at + 1 + 3);
    }
    await stream.return();
    await raised(words, 1);
    expect(Atomics.load(words, 0)).toBe(23);
  });

  it('keeps its order where several wait at once', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const read: unknown[] = [];
    for await (const value of runtime.stream({ do: 'together', to: 50 }, { unread: 1 })) read.push(value);
    expect(read).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });

  it('moves leases without a copy, those that the task brought too', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const lease = runtime.pool.acquire(MiB);
    lease.bytes[5] = 5;
    const stream = runtime.stream<Block | Lease[], { lease: Lease }>({ ...LEASES, count: 10, lease });
    const [own] = (await stream.next()).value as Lease[];
    expect(own.bytes[5]).toBe(5);
    own.release();
    expect(() => lease.bytes).toThrow(expect.objectContaining({ code: 'ERR_LEASE_MOVED' }));
    for (let at = 0; at < 10; at++) {
      const block = (await stream.next()).value as Block;
      expect([block.at, block.lease.bytes[0], block.lease.length]).toEqual([at, at + 1, 64 * KiB]);
      block.lease.release();
    }
    const last = await stream.next();
    expect([last.done, isLease((last.value as { lease: Lease }).lease)]).toEqual([true, true]);
    (await stream.result).lease.release();
    expect(runtime.snapshot().loans.count).toBe(0);
  });

  it('is released where its reader breaks out of the loop, and the task is cancelled', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    for (let round = 0; round < 6; round++) {
      const words = sharedWords();
      const unread = 1 + (round % 3);
      const stream = runtime.stream<Block>({ ...LEASES, count: 1000, words }, { unread });
      for await (const { lease } of stream) {
        lease.release();
        await arrived(words, 1 + unread);
        break;
      }
      await expect(stream.result).rejects.toMatchObject({ name: 'AbortError' });
    }
    // Nobody has forgotten any: what was unread was released, and the job knows that it was cancelled.
    await expect.poll(() => runtime.snapshot().tasks).toMatchObject({ cancelled: 6, running: 0 });
    expect(await runtime.close()).toMatchObject({ leaks: 0, endBytes: 0 });
  });

  it('is read to the last value before the error of its task', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const stream = runtime.stream<Block>({ ...LEASES, count: 3, ends: 'badly' });
    for (let at = 0; at < 3; at++) ((await stream.next()).value as Block).lease.release();
    await expect(stream.next()).rejects.toMatchObject({ name: 'RangeError', message: 'enough' });
    await expect(stream.result).rejects.toThrow('enough');
    expect((await stream.next()).done).toBe(true);
  });

  it('is not lost, and no charge either, when its worker dies', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    for (let round = 0; round < 5; round++) {
      const lease = runtime.pool.acquire(KiB);
      const stream = runtime.stream<Block | Lease[]>(
        { ...LEASES, count: 2, lease, ends: 'by-exit' },
        { unread: 9 },
      );
      (((await stream.next()).value as Lease[])[0] as Lease).release();
      for (let at = 0; at < 2; at++) ((await stream.next()).value as Block).lease.release();
      await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_WORKER_LOST' });
    }
  });

  it('reads no more once the signal of its stream aborts', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const words = sharedWords();
    const stream = runtime.stream<Block>({ ...LEASES, count: 1000, words }, { signal, unread: 2 });
    ((await stream.next()).value as Block).lease.release();
    await arrived(words, 3);
    const reason = new Error('no more');
    controller.abort(reason);
    await expect(stream.next()).rejects.toBe(reason);
    await expect.poll(() => runtime.snapshot().tasks.running).toBe(0);
    expect(await runtime.close()).toMatchObject({ leaks: 0, endBytes: 0 });
  });

  it('ends with its time, where the reader is too slow', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    const stream = runtime.stream({ do: 'count', to: 10, words }, { unread: 1, timeoutMs: 300 });
    await stream.next();
    await raised(words, 1);
    expect((await stream.next()).done).toBe(false);
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT' });
  });

  it('goes to nobody, and is released, in a task that nobody reads', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const { lease } = await runtime.run<{ lease: Lease }>({ ...LEASES, count: 100 });
    expect(runtime.snapshot().leaks).toBe(0);
    lease.release();
  });

  it('never comes from code that another task left behind', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    expect(await runtime.run({ do: 'later', words })).toBe('left');
    const counted = sharedWords();
    const stream = runtime.stream({ do: 'count-async', to: 3, words: counted }, { unread: 1 });
    expect(await stream.next()).toEqual({ done: false, value: { at: 0 } });
    raise(words, 0);
    await raised(words, 1);
    expect(words[2]).toBe(1);
    expect(await stream.next()).toEqual({ done: false, value: { at: 1 } });
    expect(await stream.next()).toEqual({ done: false, value: { at: 2 } });
    expect((await stream.next()).done).toBe(true);
  });

  it('is refused where it cannot be sent, and its leases live on', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const stream = runtime.stream<{ lease: Lease }>({ do: 'wrong', bytes: 100 });
    const { value } = await stream.next();
    expect((value as { lease: Lease }).lease.bytes[0]).toBe(7);
    (value as { lease: Lease }).lease.release();
    expect((await stream.next()).value).toEqual(['ERR_NOT_CLONEABLE', 'ERR_LEASE_VIEW_MOVED']);
  });
});

describe('what cannot be read where it arrives', () => {
  it('is a value: its task is told to stop, and keeps its thread until it has', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    const lease = runtime.pool.acquire(KiB);
    const stream = runtime.stream({ do: 'grow-when-sent', lease, words, result: false });
    expect((await stream.next()).value).toBe('first');
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    await raised(words, 1);
    // The next thread has the next task.
    expect(await runtime.run({ do: 'echo', value: 1 })).toBe('echoed');
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { lost: 0, lostThreads: 0 } });
  });

  it('is its result: the task is over', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const lease = runtime.pool.acquire(KiB);
    const stream = runtime.stream({ do: 'grow-when-sent', lease, words: sharedWords(), result: true });
    expect((await stream.next()).value).toBe('first');
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    expect(await runtime.run({ do: 'echo', value: 1 })).toBe('echoed');
    expect(runtime.snapshot()).toMatchObject({ loans: { count: 0 }, tasks: { lost: 0, failed: 1 } });
  });
});

describe('a stream', () => {
  it('takes options, and nothing else', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const invalid = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
    expect(() => runtime.stream({}, { unread: 0 })).toThrow(invalid);
    expect(() => runtime.stream({}, { job: 'none' })).toThrow(invalid);
    expect(() => runtime.stream({}, { unred: 1 } as never)).toThrow(invalid);
  });

  it('that nobody has read takes nothing of its input', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const lease = runtime.pool.acquire(KiB);
    const stream = runtime.stream({ ...LEASES, count: 1, lease });
    await stream.return();
    lease.release();
    expect(runtime.snapshot().tasks).toMatchObject({ queued: 0, running: 0, cancelled: 0 });
  });

  it('ends with its runtime, with what was unread in the hands of its reader', async () => {
    const { runtime } = await start('emitting', { threads: 1 });
    const words = sharedWords();
    const stream = runtime.stream({ do: 'count', to: 100, words }, { unread: 2 });
    await stream.next();
    await runtime.close({ timeoutMs: 200 });
    expect([(await stream.next()).done, (await stream.next()).done]).toEqual([false, false]);
    await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_RUNTIME_CLOSED' });
  });
});
