import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { Store } from '../../src/pool/store.ts';
import { MEDIUM, makeShard, SMALL } from '../stand.ts';
import { coded } from './coded.ts';

describe('memory of a result that nobody waits for any more', () => {
  it('goes back to its worker without ever having been lent here, and no lease of this shard is lost over it', () => {
    const { shard } = makeShard();
    const sent: Store[] = [];
    shard.supply.sent = (store) => sent.push(store) > 0;
    shard.supply.reserve(MEDIUM / KiB);
    shard.acquire(MEDIUM);
    shard.acquire(MEDIUM);
    shard.leases.attach(new Store(new ArrayBuffer(MEDIUM), 1, 0, 1), 1);
    expect(sent).toHaveLength(1);
    for (const store of shard.idle.detachReturns(1, 1)) expect(store.free()).toBe(true);
    shard.supply.uncharge(MEDIUM / KiB);
    expect(shard.close()).toHaveLength(2);
    expect(shard.charged).toBe(0);
  });
});

describe('the end of a task', () => {
  it('reclaims what it forgot, detaches its views and tells where it was acquired', () => {
    const { shard, stand } = makeShard({ safety: 'full' });
    const kept = shard.acquire(SMALL);
    shard.leases.beginTask(5);
    const forgotten = shard.acquire(100);
    const stale = forgotten.bytes;
    const { leaks } = shard.leases.endTask();
    expect(leaks).toEqual([{ length: 100, stack: expect.stringContaining('leases.test.ts') }]);
    expect(stale.length).toBe(0);
    expect(() => forgotten.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    // What was acquired outside the task lives on.
    kept.release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([8, 2]);
  });

  it.each(['off', 'sampled'] as const)('detaches forgotten views at safety %s too', (safety) => {
    const { shard } = makeShard({ safety });
    shard.leases.beginTask(1);
    const stale = shard.acquire(100).bytes;
    expect(shard.leases.endTask().leaks).toEqual([{ length: 100, stack: null }]);
    expect(stale.length).toBe(0);
  });

  it('sends loans home, released or not, and never pools or frees them', () => {
    const { shard, stand } = makeShard();
    shard.leases.beginTask(1);
    const loans = [1, 2, 3].map((loan) =>
      shard.leases.lend(new Store(new ArrayBuffer(SMALL), 0, loan), 10, 0),
    );
    loans[0].release();
    // Growing a loan gives the task memory of its own instead.
    loans[1].resize(MEDIUM);
    const { homebound, leaks } = shard.leases.endTask();
    expect(homebound.map((store) => store.loan).sort()).toEqual([1, 2, 3]);
    expect(leaks).toEqual([{ length: MEDIUM, stack: expect.any(String) }]);
    expect([stand.used(), ...shard.idleCounts]).toEqual([64, 0, 1, 0]);
    shard.leases.beginTask(2);
    expect(shard.leases.endTask()).toEqual({ homebound: [], leaks: [], pinned: 0 });
  });

  it('finds what was forgotten, whatever left before in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat()), { minLength: 10, maxLength: 60 }), (acts) => {
        const { shard } = makeShard({ safety: 'off', budgetBytes: MiB });
        shard.leases.beginTask(1);
        const leases: Lease[] = [];
        for (const [length, [moves, which]] of acts.entries()) {
          if (!moves || leases.length === 0) leases.push(shard.acquire(length));
          else {
            const [moved] = leases.splice(which % leases.length, 1);
            shard.supply.uncharge(shard.leases.detach(moved).capacity / KiB);
          }
        }
        const forgotten = leases.map(({ length }) => length).sort();
        const leaks = shard.leases.endTask().leaks.map(({ length }) => length);
        expect(leaks.sort()).toEqual(forgotten);
        expect(shard.close()).toEqual([]);
        expect(shard.charged).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
