import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { Store } from '../../src/pool/store.ts';
import { makeShard, SMALL, type TestShard } from '../stand.ts';

describe('memory that arrived from another thread', () => {
  it('is guarded at full safety: its stale views are detached, and its leak has a stack', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    const stale = lease.bytes;
    lease.release();
    expect(stale.length).toBe(0);
    shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    expect(shard.close()).toEqual([{ length: 10, stack: expect.stringContaining('guard.test.ts') }]);
  });
});

describe('the guard', () => {
  /** The numbers of those of so many leases whose views end with them. */
  function guarded(shard: TestShard, leases: number): number[] {
    const numbers = [];
    for (let number = 1; number <= leases; number++) {
      const lease = shard.acquire(SMALL);
      const { bytes } = lease;
      lease.release();
      if (bytes.length === 0) numbers.push(number);
    }
    return numbers;
  }

  it.each([
    1, 64, 4096, 1_000_000,
  ])('is on exactly one lease in 4096 where one in %i is recorded', (sampleEvery) => {
    const { shard } = makeShard({ safety: 'sampled', sampleEvery });
    expect(guarded(shard, 3 * 4096 + 4095)).toEqual([4096, 2 * 4096, 3 * 4096]);
  });

  it('is on every lease at full safety, and on none where safety is off', () => {
    expect(guarded(makeShard({ safety: 'full' }).shard, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(guarded(makeShard({ safety: 'off' }).shard, 2 * 4096)).toEqual([]);
  });

  it.each([
    ['idle', 1],
    ['new', 0],
  ])('remembers six callers of a lease of %s memory, and leaves the traces of others as long as they are', (_what, idle) => {
    const { shard } = makeShard({ safety: 'full' });
    for (let lease = 0; lease < idle; lease++) shard.acquire(SMALL).release();
    const { stackTraceLimit } = Error;
    const nested = (depth: number): Lease => (depth === 0 ? shard.acquire(SMALL) : nested(depth - 1));
    nested(20);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
    const [{ stack }] = shard.close();
    expect(stack?.match(/at nested /g)).toHaveLength(6);
  });

  it.each<[string, (shard: TestShard) => unknown]>([
    ['acquire', (shard) => shard.acquire(SMALL)],
    ['acquireAll', (shard) => shard.acquireAll([SMALL, SMALL])],
    ['acquireAsync', (shard) => shard.acquireAsync(SMALL)],
    ['acquireAllAsync', (shard) => shard.acquireAllAsync([SMALL, SMALL])],
  ])('remembers who called %s and nothing of the pool, of idle and of new memory', async (_name, ask) => {
    const { shard } = makeShard({ safety: 'full' });
    shard.acquire(SMALL).release();
    for (let lease = 0; lease < 2; lease++) await ask(shard);
    const leaks = shard.close();
    for (const { stack } of leaks) {
      expect(stack?.split('\n').slice(0, 2)).toEqual([
        'Error: acquired here',
        expect.stringContaining('guard.test.ts'),
      ]);
    }
    expect(leaks.length).toBeGreaterThanOrEqual(2);
  });

  it('remembers who made a request that had to wait', async () => {
    const { shard } = makeShard({ safety: 'full', budgetBytes: 8 * MiB });
    const all = Array.from({ length: 8 }, () => shard.acquire(MiB));
    shard.supply.waitAsync = async () => all.pop()?.release();
    async function whoWaits(): Promise<void> {
      await shard.acquireAsync(MiB);
    }
    await whoWaits();
    const traces = shard.close().map(({ stack }) => stack?.split('\n')[1]);
    expect(traces.filter((line) => line?.includes('whoWaits'))).toHaveLength(1);
  });

  it('remembers where its lease was acquired, and is gone with it', () => {
    const { shard } = makeShard({ safety: 'sampled' });
    guarded(shard, 4095);
    shard.acquire(SMALL);
    shard.acquire(SMALL);
    expect(shard.close()).toEqual([
      { length: SMALL, stack: expect.stringContaining('guard.test.ts') },
      { length: SMALL, stack: null },
    ]);
  });
});

describe('at full safety, a lease that is let go before its bytes have gone', () => {
  const NOTE = /This lease was let go before its bytes had gone: use lease\.writeTo\(\)\. /;

  // The thread has set nothing aside: what others left there goes with its views.
  beforeEach(async () => {
    for (let turn = 0; turn < 3; turn++) {
      global.gc?.();
      await new Promise(setImmediate);
    }
  });

  /** What a client gets of responses that each send a lease and let go of it at once. */
  async function bodies(count: number, bytes: number, letGo: (lease: Lease) => void, shard: TestShard) {
    const got: Buffer[] = [];
    const server = createServer(async (_request, response) => {
      response.writeHead(200, { 'content-length': bytes });
      response.flushHeaders();
      const lease = shard.acquire(bytes);
      lease.bytes.fill(1);
      response.end(lease.bytes);
      letGo(lease);
      // The next user of the memory.
      using other = shard.acquire(bytes);
      other.bytes.fill(2);
    });
    const socketPath = join(tmpdir(), `millpond-guard-${process.pid}`);
    server.listen(socketPath);
    await once(server, 'listening');
    for (let turn = 0; turn < count; turn++) {
      const asked = request({ socketPath, agent: false }).end();
      const [response] = await once(asked, 'response');
      // More than the socket holds is sent when the handler is over.
      await new Promise(setImmediate);
      if (turn % 10 === 0) global.gc?.();
      got.push(Buffer.concat(await response.toArray()));
    }
    server.close();
    return got;
  }

  it.each([
    ['30 of 30 times', 30, MiB],
    ['also of a direct allocation', 2, 2 * MiB],
  ] as const)('sends a sentence and never what another has there, %s', async (_what, times, bytes) => {
    const { shard } = makeShard({ safety: 'full', budgetBytes: 8 * MiB });
    const got = await bodies(times, bytes, (lease) => lease.release(), shard);
    expect(got.filter((body) => body.length !== bytes || body.includes(2))).toEqual([]);
    expect(got.filter((body) => NOTE.test(body.toString('latin1', bytes / 2)))).toHaveLength(times);
  });

  it('keeps its content for the thread that it moves to', async () => {
    const { shard } = makeShard({ safety: 'full', budgetBytes: 8 * MiB });
    const stores: Store[] = [];
    const got = await bodies(1, MiB, (lease) => stores.push(shard.leases.detach(lease)), shard);
    expect(got[0].toString('latin1', MiB / 2)).toMatch(NOTE);
    expect(stores[0].whole.every((byte) => byte === 1)).toBe(true);
  });

  it('is not overwritten by what still reads a file into it', async () => {
    const { shard } = makeShard({ safety: 'full' });
    await using file: FileHandle = await open('/dev/zero');
    const lease = shard.acquire(MiB);
    const reading = file.read(lease.bytes);
    lease.release();
    const next = shard.acquire(MiB);
    next.bytes.fill(2);
    await reading;
    expect(next.bytes.every((byte) => byte === 2)).toBe(true);
  });

  it('leaves its memory once nobody has a view of it', async () => {
    const { shard } = makeShard({ safety: 'full' });
    const held = (): number => {
      global.gc?.();
      return process.memoryUsage().arrayBuffers;
    };
    const before = held();
    for (let lease = 0; lease < 100; lease++) {
      using one = shard.acquire(MiB);
      one.bytes.fill(1);
    }
    await expect.poll(() => held() - before).toBeLessThan(10 * MiB);
  });

  it('leaves its memory, and what ended right after it, no sooner', async () => {
    const { shard } = makeShard({ safety: 'full' });
    const held = (): number => {
      global.gc?.();
      return process.memoryUsage().arrayBuffers;
    };
    const take = (bytes: number): Uint8Array => {
      using lease = shard.acquire(bytes);
      return lease.bytes.fill(1);
    };
    const before = held();
    const views = [take(SMALL)];
    take(MiB);
    shard.close();
    for (let turn = 0; turn < 3; turn++) {
      held();
      await new Promise(setImmediate);
    }
    expect(held() - before).toBeGreaterThanOrEqual(MiB);
    expect(views.pop()?.length).toBe(0);
    await expect.poll(() => held() - before).toBeLessThan(MiB);
  });

  it('is used again once 8 MiB are set aside, what ended first before the rest', () => {
    const { shard } = makeShard({ safety: 'full' });
    const views = Array.from({ length: 30 }, () => {
      using lease = shard.acquire(MiB);
      return lease.bytes;
    });
    expect(views.every(({ length }) => length === 0)).toBe(true);
    expect(shard.supply.allocations).toBe(1 + 8);
    expect([shard.idleCounts[2], shard.charged]).toEqual([1, MiB / 1024]);
  });

  it('takes the place of what ended first, also where that is smaller', () => {
    const { shard } = makeShard({ safety: 'full' });
    const views = Array.from({ length: 4096 }, () => {
      using lease = shard.acquire(SMALL);
      return lease.bytes;
    });
    const before = shard.supply.allocations;
    const lease = shard.acquire(MiB);
    views.push(lease.bytes);
    lease.release();
    expect(shard.supply.allocations - before).toBe(2);
  });

  it('is reused where nobody ever looked at it', () => {
    const { shard } = makeShard({ safety: 'full' });
    for (let lease = 0; lease < 3; lease++) shard.acquire(SMALL).release();
    expect(shard.supply.allocations).toBe(1);
  });

  it('is reused where the system has no memory for another', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.acquire(SMALL);
    const { bytes } = lease;
    shard.supply.failAfter = 1;
    lease.release();
    expect([bytes.length, shard.idleCounts[0]]).toEqual([0, 1]);
  });
});
