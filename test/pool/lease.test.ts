import { markAsUntransferable } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { pack } from '../../src/messages/cargo.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { Store } from '../../src/pool/store.ts';
import { MARKS_HOLD } from '../marks.ts';
import { LARGE, MEDIUM, makeShard, makeStand, SMALL, type TestShard } from '../stand.ts';

const coded = (code: string) => expect.objectContaining({ code });

describe('a lease', () => {
  it('shows what was asked as its length, and its whole capacity in its views', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(5000);
    expect([lease.length, lease.capacity]).toEqual([5000, MEDIUM]);
    expect([lease.bytes.length, lease.float32.length, lease.int32.length]).toEqual([
      MEDIUM,
      MEDIUM / 4,
      MEDIUM / 4,
    ]);
    expect(lease.float32.buffer).toBe(lease.bytes.buffer);
  });

  it('makes no new view on a hit', () => {
    const { shard } = makeShard({ safety: 'off' });
    const first = shard.acquire(SMALL);
    const view = first.float32;
    first.release();
    expect(shard.acquire(SMALL).float32).toBe(view);
  });

  it.each([
    'off',
    'sampled',
    'full',
  ] as const)('is released once at safety %s, even after its memory was lent anew', (safety) => {
    const { shard } = makeShard({ safety });
    const lease = shard.acquire(SMALL);
    lease.release();
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    const next = shard.acquire(SMALL);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.bytes).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.resize(1)).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease.pin()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => lease[Symbol.dispose]()).not.toThrow();
    next.release();
    expect(shard.idleCounts).toEqual([1, 0, 0]);
  });

  it.each([
    'bytes',
    'float32',
    'int32',
  ] as const)('has %s over its own memory, also where that is lent anew', (view) => {
    const { shard } = makeShard({ safety: 'full' });
    const [one, two] = [1, 2].map(() => {
      using lease = shard.acquire(SMALL);
      const seen = lease[view];
      expect(seen.byteLength).toBe(SMALL);
      return seen;
    });
    expect([one.byteLength, two.byteLength]).toEqual([0, 0]);
    // No other view was ever made of this one.
    const lease = shard.acquire(MEDIUM);
    lease[view].buffer.transfer();
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_DETACHED'));
  });

  it('is over once it was moved', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(SMALL);
    const store = shard.leases.detach(lease);
    expect(store.capacity).toBe(SMALL);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_MOVED'));
    expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_MOVED'));
    expect(() => lease[Symbol.dispose]()).not.toThrow();
  });

  it('is refused by a shard that did not lend it', () => {
    const [one, other] = makeStand({}, { shards: 2 }).shards;
    const lease = one.acquire(SMALL);
    expect(() => other.leases.detach(lease)).toThrow(coded('ERR_LEASE_FOREIGN'));
    lease.release();
  });

  it('ends with its block by using', () => {
    const { shard } = makeShard();
    {
      using lease = shard.acquire(SMALL);
      lease.bytes[0] = 1;
    }
    expect(shard.idleCounts[0]).toBe(1);
  });

  it('leaves no view that reads recycled memory, at full safety', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.acquire(SMALL);
    const stale = lease.bytes;
    lease.release();
    expect(stale.length).toBe(0);
  });

  it('keeps its content in recycled memory, unless scrub is on', () => {
    for (const scrub of [false, true]) {
      const { shard } = makeShard({ scrub, safety: 'off' });
      // New memory, and memory that was lent before.
      for (const mark of [7, 8, 9]) {
        const lease = shard.acquire(100);
        // Also beyond its length: views span the capacity.
        lease.bytes.fill(mark);
        lease.release();
        const next = shard.acquire(100);
        expect(new Set(next.bytes)).toEqual(new Set([scrub ? 0 : mark]));
        next.release();
      }
    }
  });

  it.each([
    'off',
    'full',
  ] as const)('whose buffer was transferred away is reported, and stays charged, at safety %s', (safety) => {
    const { shard, stand } = makeShard({ safety });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    const taken = lease.bytes.buffer.transfer();
    expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.resize(MEDIUM)).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_DETACHED'));
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect([taken.byteLength, stand.used(), ...shard.idleCounts]).toEqual([SMALL, 4, 0, 0, 0]);
  });
});

describe('resizing', () => {
  it('stays in place within the capacity, down and up', () => {
    const { shard } = makeShard();
    const lease = shard.acquire(100);
    const { bytes } = lease;
    lease.resize(SMALL);
    lease.resize(0);
    expect(lease.bytes).toBe(bytes);
    expect(lease.length).toBe(0);
  });

  it.each([
    ['small', 'medium', 1000, 5000],
    ['medium', 'large', 60_000, 70_000],
    ['large', 'direct', MiB, MiB + 1],
    ['direct', 'direct', 2 * MiB, 3 * MiB],
  ])('grows from %s to %s with its content, and the old memory is idle or free', (_from, _to, before, after) => {
    const { shard, stand } = makeShard();
    const lease = shard.acquire(before);
    lease.bytes.forEach((_, at, bytes) => {
      bytes[at] = at % 251;
    });
    lease.resize(after);
    expect(lease.length).toBe(after);
    expect(lease.bytes.subarray(0, before).every((byte, at) => byte === at % 251)).toBe(true);
    lease.release();
    shard.close();
    expect(stand.used()).toBe(0);
  });

  it('leaves the lease with the task that acquired it, or with none', () => {
    const { shard } = makeShard();
    const own = shard.acquire(SMALL);
    shard.leases.beginTask(1);
    own.resize(MEDIUM);
    expect(shard.leases.endTask().leaks).toEqual([]);
    own.bytes.fill(1);
    own.release();
  });

  it('of a lease that nothing is recorded of goes over the largest tier, too, and frees that at its release', () => {
    const { shard } = makeShard({ safety: 'off' });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    lease.resize(2 * MiB);
    expect(shard.charged).toBe(4 + 2048);
    lease.release();
    expect([shard.charged, ...shard.idleCounts]).toEqual([4, 1, 0, 0]);
  });

  it('goes on also from and to memory that was reclaimed from a task before', () => {
    const { shard } = makeShard({ safety: 'off' });
    const reclaim = (size: number) => {
      shard.leases.beginTask(1);
      shard.acquire(size);
      expect(shard.leases.endTask().leaks).toHaveLength(1);
    };
    reclaim(SMALL);
    const from = shard.acquire(SMALL);
    from.resize(MEDIUM);
    from.release();
    expect(shard.idleCounts).toEqual([1, 1, 0]);
    reclaim(LARGE);
    const to = shard.acquire(MEDIUM);
    to.resize(LARGE);
    to.bytes.fill(1);
    to.release();
    expect([shard.lent, ...shard.idleCounts]).toEqual([0, 1, 1, 1]);
  });

  it('that the budget refuses changes nothing', () => {
    const { shard } = makeShard({ budgetBytes: MiB });
    const lease = shard.acquire(MEDIUM);
    lease.bytes.fill(9);
    expect(() => lease.resize(LARGE)).toThrow(coded('ERR_BUDGET_EXHAUSTED'));
    expect([lease.length, lease.bytes[MEDIUM - 1]]).toEqual([MEDIUM, 9]);
    expect(() => lease.resize(Number.NaN)).toThrow(coded('ERR_INVALID_ARGUMENT'));
    lease.release();
  });
});

describe('a pin', () => {
  it.each([
    'off',
    'full',
  ] as const)('blocks release, move and growth until the last one ends, at safety %s', (safety) => {
    const { shard } = makeShard({ safety });
    shard.acquire(SMALL).release();
    const lease = shard.acquire(SMALL);
    const pins = [lease.pin(), lease.pin()];
    for (const pin of pins) {
      expect(() => lease.release()).toThrow(coded('ERR_LEASE_PINNED'));
      expect(() => shard.leases.detach(lease)).toThrow(coded('ERR_LEASE_PINNED'));
      expect(() => lease.resize(MEDIUM)).toThrow(coded('ERR_LEASE_PINNED'));
      lease.resize(10);
      pin.release();
      pin.release();
    }
    lease.release();
    expect(shard.idleCounts[0]).toBe(1);
  });

  it('holds memory beyond the end of its task: charged, in no list, and back when it ends', () => {
    const { shard, stand } = makeShard();
    shard.leases.beginTask(1);
    const lease = shard.acquire(SMALL);
    const view = lease.bytes;
    const pin = lease.pin();
    expect(shard.leases.endTask()).toMatchObject({ leaks: [], pinned: 1 });
    expect(() => lease.bytes).toThrow(coded('ERR_LEASE_RELEASED'));
    // Native code still writes here.
    expect(view.length).toBe(SMALL);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    pin.release();
    expect([stand.used(), shard.idleCounts[0], view.length]).toEqual([4, 1, 0]);
  });

  it('sends a loan home when it ends after its task', () => {
    const { shard } = makeShard();
    shard.leases.beginTask(1);
    const lease = shard.leases.lend(new Store(new ArrayBuffer(SMALL), 0, 77), 10, 0);
    const pin = lease.pin();
    expect(shard.leases.endTask()).toMatchObject({ homebound: [], pinned: 1 });
    pin.release();
    expect(shard.supply.returned.map((store) => store.loan)).toEqual([77]);
  });

  it('leaves nothing in a loan that comes home late, where scrub is on', () => {
    const { shard } = makeShard({ scrub: true });
    shard.leases.beginTask(1);
    const lease = shard.leases.lend(new Store(new ArrayBuffer(SMALL), 0, 77), 10, 0);
    lease.bytes.fill(7);
    const pin = lease.pin();
    shard.leases.endTask();
    pin.release();
    expect(shard.supply.returned[0].bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('is given up when the shard closes for good, and its end changes nothing then', () => {
    const { shard, stand } = makeShard();
    const pin = shard.acquire(SMALL).pin();
    shard.close();
    expect(stand.used()).toBe(4);
    shard.abandon();
    pin.release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([0, 0]);
  });
});

describe('memory that cannot be transferred', () => {
  /** A lease whose buffer somebody else marked. */
  function marked(shard: TestShard): Lease {
    const lease = shard.acquire(SMALL);
    markAsUntransferable(lease.bytes.buffer);
    return lease;
  }

  it.runIf(MARKS_HOLD)('is kept until it should be freed, and is then in quarantine and charged', () => {
    const { shard, stand } = makeShard({ safety: 'off' });
    marked(shard).release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 1]);
    shard.idle.setQuota(0, 0);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    shard.close();
    expect(stand.used()).toBe(4);
    shard.abandon();
    expect(stand.used()).toBe(0);
  });

  it.runIf(MARKS_HOLD)('is in quarantine at once where its views must be detached', () => {
    const { shard, stand } = makeShard({ safety: 'full' });
    marked(shard).release();
    expect([stand.used(), shard.idleCounts[0]]).toEqual([4, 0]);
    shard.leases.beginTask(1);
    marked(shard);
    expect(shard.leases.endTask().leaks).toHaveLength(1);
    expect([stand.used(), shard.idleCounts[0]]).toEqual([8, 0]);
  });

  it('is refused to move, and its lease lives on', () => {
    const { shard } = makeShard();
    const lease = marked(shard);
    expect(() => pack({ lease }, shard)).toThrow(coded('ERR_LEASE_UNTRANSFERABLE'));
    lease.bytes.fill(1);
    lease.release();
  });
});

describe('a message that comes in the middle of a release', () => {
  it.each(['off', 'full'] as const)('finds the lease ended, at safety %s', (safety) => {
    const { shard } = makeShard({ safety });
    const lease = shard.acquire(SMALL);
    let again: unknown;
    shard.supply.post(() => {
      try {
        lease.release();
      } catch (error) {
        again = error;
      }
    });
    lease.release();
    expect(again).toEqual(coded('ERR_LEASE_RELEASED'));
    const [one, other] = shard.acquireAll([SMALL, SMALL]);
    expect(one.bytes.buffer).not.toBe(other.bytes.buffer);
  });
});

describe('what lies in the mailbox', () => {
  it.each<[string, (shard: TestShard, lease: Lease) => void]>([
    ['an acquire', (shard) => shard.acquire(MEDIUM)],
    ['a release', (_shard, lease) => lease.release()],
    ['the start of a task', (shard) => shard.leases.beginTask(1)],
    ['the end of a task', (shard) => void shard.leases.endTask()],
  ])('is handled at %s, and a release follows it at once', (_when, happen) => {
    const { shard } = makeShard({ safety: 'off' });
    for (const lease of shard.acquireAll([SMALL, MEDIUM])) lease.release();
    const lease = shard.acquire(SMALL);
    shard.supply.post(() => void shard.idle.setQuota(0, 0));
    happen(shard, lease);
    expect(shard.supply.mail).toEqual([]);
    lease[Symbol.dispose]();
    expect([shard.charged, shard.idleCounts[0]]).toEqual([64, 0]);
  });
});

describe('memory that arrived from another thread', () => {
  it('is guarded at full safety: its stale views are detached, and its leak has a stack', () => {
    const { shard } = makeShard({ safety: 'full' });
    const lease = shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    const stale = lease.bytes;
    lease.release();
    expect(stale.length).toBe(0);
    shard.attach(new Store(new ArrayBuffer(SMALL), 0), 10, 0);
    expect(shard.close()).toEqual([{ length: 10, stack: expect.stringContaining('lease.test.ts') }]);
  });
});

describe('memory of a result that nobody waits for any more', () => {
  it('goes back to its worker without ever having been lent here, and no lease of this shard is lost over it', () => {
    const { shard } = makeShard();
    const sent: Store[] = [];
    shard.supply.sent = (store) => sent.push(store) > 0;
    shard.acquire(MEDIUM);
    shard.acquire(MEDIUM);
    shard.leases.attach(new Store(new ArrayBuffer(MEDIUM), 1, 0, 1), 1);
    expect(sent).toHaveLength(1);
    expect(shard.close()).toHaveLength(2);
    expect(shard.charged).toBe(0);
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

  it('remembers where its lease was acquired, and is gone with it', () => {
    const { shard } = makeShard({ safety: 'sampled' });
    guarded(shard, 4095);
    shard.acquire(SMALL);
    shard.acquire(SMALL);
    expect(shard.close()).toEqual([
      { length: SMALL, stack: expect.stringContaining('lease.test.ts') },
      { length: SMALL, stack: null },
    ]);
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
    expect(leaks).toEqual([{ length: 100, stack: expect.stringContaining('lease.test.ts') }]);
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

describe('keeping and freeing', () => {
  it('keeps idle memory up to the quota and frees the rest at once', () => {
    const { shard, stand } = makeShard({}, { quotas: [2, 1, 0] });
    const leases = shard.acquireAll([SMALL, SMALL, SMALL, MEDIUM, MEDIUM, LARGE]);
    const buffers = leases.map((lease) => lease.bytes.buffer);
    for (const lease of leases) lease.release();
    expect(shard.idleCounts).toEqual([2, 1, 0]);
    expect(stand.used()).toBe(2 * 4 + 64);
    expect(buffers.every((buffer) => buffer.detached)).toBe(true);
  });

  it('frees what is over a lowered quota, and trims largest first', () => {
    const { shard, stand } = makeShard();
    for (const lease of shard.acquireAll([SMALL, SMALL, MEDIUM, LARGE])) lease.release();
    shard.idle.setQuota(0, 1);
    expect(stand.used()).toBe(4 + 64 + 1024);
    expect(shard.idle.trim(1)).toBe(1024);
    expect(shard.idle.trim(65)).toBe(68);
    expect(stand.used()).toBe(0);
  });

  it('lends nothing and keeps nothing once it is closed', () => {
    const { shard, stand } = makeShard();
    const lease = shard.acquire(SMALL);
    const pinned = shard.acquire(SMALL).pin();
    shard.acquire(MEDIUM).release();
    expect(shard.close()).toHaveLength(2);
    expect(() => lease.release()).toThrow(coded('ERR_LEASE_RELEASED'));
    expect(() => shard.acquire(1)).toThrow(coded('ERR_RUNTIME_CLOSED'));
    expect(() => shard.acquireAll([1])).toThrow(coded('ERR_RUNTIME_CLOSED'));
    expect(stand.used()).toBe(4);
    pinned.release();
    expect(stand.used()).toBe(0);
  });

  it('times one hit in so many with its weight, and every other step always', () => {
    const { shard } = makeShard({ safety: 'off', sampleEvery: 10 });
    shard.acquire(SMALL).release();
    for (let hit = 0; hit < 100; hit++) shard.acquire(SMALL).release();
    const hits = shard.recorded.filter(({ cause }) => cause === 'hit');
    expect(shard.recorded[0]).toMatchObject({ cause: 'fresh', weight: 1 });
    expect(hits.map(({ weight }) => weight)).toEqual(Array.from({ length: 10 }, () => 10));
  });
});
