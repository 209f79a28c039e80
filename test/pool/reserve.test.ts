/** What the budget keeps for running tasks. */
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import { LARGE, MEDIUM, makeStand } from '../stand.ts';

const exhausted = expect.objectContaining({ code: 'ERR_BUDGET_EXHAUSTED' });

describe('the reserve is by default', () => {
  it.each([
    ['a block for each thread', { budgetBytes: 16 * MiB }, 2, 128 * KiB],
    ['by the tier of a block', { budgetBytes: 64 * MiB, blockBytes: 100 * KiB }, 3, 3 * MiB],
    ['an eighth of a small budget', { budgetBytes: 256 * KiB }, 4, 32 * KiB],
    ['what was asked for', { budgetBytes: MiB, reserveBytes: 0 }, 4, 0],
  ])('%s', (_what, options, threads, expected) => {
    expect(resolvePoolOptions(options, threads).reserveBytes).toBe(expected);
  });

  it('and what may become leases of one output a quarter of the budget, for all threads', () => {
    expect(resolvePoolOptions({ budgetBytes: 16 * MiB }, 2).mostOutputBytes).toBe(2 * MiB);
  });
});

describe('the reserve', () => {
  it('is for requests that do not leave it', () => {
    const [one, other] = makeStand({ budgetBytes: MiB, reserveBytes: 128 * KiB }, { shards: 2 }).shards;
    const lasting = Array.from({ length: 14 }, () => one.acquireAll([MEDIUM], { leaveReserve: true }));
    expect(() => one.acquireAll([MEDIUM], { leaveReserve: true, timeoutMs: 0 })).toThrow(exhausted);
    expect(other.tryAcquire(MEDIUM)).toBeNull();
    expect([one.acquire(MEDIUM), other.acquire(MEDIUM)]).toHaveLength(2);
    expect(lasting).toHaveLength(14);
    // A request that may be refused is no refusal.
    expect([one.refused, other.refused]).toEqual([1, 0]);
  });

  it('is left by the main thread always, and by no hit', () => {
    const { shards, ledger } = makeStand({ budgetBytes: MiB, reserveBytes: 128 * KiB }, { shards: 2 });
    const [main, worker] = shards;
    Object.assign(main.supply, { canBlock: false });
    const held = main.acquireAll(Array.from({ length: 14 }, () => MEDIUM));
    held[0].release();
    worker.acquireAll([MEDIUM, MEDIUM]);
    expect(ledger.sumKib()).toBe(1024);
    const again = main.acquireAll([MEDIUM]);
    expect(main.causes().at(-1)).toBe('hit');
    expect(() => main.acquire(MEDIUM)).toThrow(exhausted);
    again[0].release();
    expect(() => main.acquire(896 * KiB + 1)).toThrow(
      expect.objectContaining({ code: 'ERR_REQUEST_TOO_LARGE', message: expect.stringContaining('128 KiB') }),
    );
  });

  it('is not taken by way of idle memory either, but what is idle is freed for that', () => {
    const { shards, ledger } = makeStand({ budgetBytes: MiB, reserveBytes: 128 * KiB }, { shards: 2 });
    const [worker, other] = shards;
    const held = other.acquireAll(Array.from({ length: 14 }, () => MEDIUM));
    worker.acquire(MEDIUM).release();
    expect(worker.idleCounts).toEqual([0, 1, 0]);
    expect(worker.tryAcquire(MEDIUM)).toBeNull();
    expect([worker.idleCounts, ledger.sumKib()]).toEqual([[0, 0, 0], 896]);
    held[0].release();
    other.idle.trim(64);
    worker.acquire(MEDIUM).release();
    const one = worker.tryAcquire(MEDIUM);
    expect([worker.causes().at(-1), one?.capacity, ledger.sumKib()]).toEqual(['hit', MEDIUM, 896]);
  });

  it('counts for those who wait for it: others are asked to free as much more', () => {
    const { shards, ledger } = makeStand({ budgetBytes: 2 * MiB, reserveBytes: 128 * KiB }, { shards: 2 });
    const [worker, other] = shards;
    const held = other.acquire(LARGE);
    const asked: number[][] = [];
    worker.supply.during.push(() => {
      const row = ledger.row(0);
      asked.push([row.starvingKib, row.starvingTier]);
      held.release();
      other.idle.trim(1024);
    });
    worker.acquireAll([LARGE], { leaveReserve: true, timeoutMs: 1000 });
    // As if for a direct allocation: their memory comes free, it does not move.
    expect(asked).toEqual([[1024 + 128, 3]]);
  });
});
