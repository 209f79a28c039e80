import { markAsUntransferable } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Store } from '../../src/pool/store.ts';
import { MARKS_HOLD } from '../marks.ts';
import { MEDIUM, makeShard, makeStand, type TestShard } from '../stand.ts';

/** What a shard counted of medium memory, in KiB where it is not buffers, and of leases. */
function counts(shard: TestShard) {
  const { counters } = shard.ledger.row(shard.row);
  expect(counters.allHeldKib).toBe(counters.heldKib(1));
  return {
    buffers: counters.allocations(1),
    allocated: counters.allocatedKib(1),
    freed: counters.freedKib(1),
    held: counters.heldKib(1),
    overflows: counters.overflows(1),
    leaks: counters.leaks,
    quarantined: counters.quarantined,
    foreign: counters.endedForeign,
  };
}

const none = {
  buffers: 0,
  allocated: 0,
  freed: 0,
  held: 0,
  overflows: 0,
  leaks: 0,
  quarantined: 0,
  foreign: 0,
};

/** Medium buffers that others sent, charged to the shard as the coordinator does it. */
function sent(shard: TestShard, count: number): ArrayBuffer[] {
  expect(shard.supply.reserve(count * 64)).toBe(true);
  return Array.from({ length: count }, () => new ArrayBuffer(MEDIUM));
}

describe('a shard counts', () => {
  it('what it allocated, held and freed, and a lack of room apart from what it freed for another reason', () => {
    const { shard } = makeShard({}, { quotas: [0, 1, 0] });
    const [one, two] = shard.acquireAll([MEDIUM, MEDIUM]);
    const allocated = { ...none, buffers: 2, allocated: 128 };
    expect(counts(shard)).toEqual({ ...allocated, held: 128 });
    one.release();
    expect(counts(shard)).toEqual({ ...allocated, held: 128 });
    two.release();
    expect(counts(shard)).toEqual({ ...allocated, held: 64, freed: 64, overflows: 1 });
    shard.idle.clear([0, 1, 0]);
    expect(counts(shard)).toEqual({ ...allocated, freed: 128, overflows: 1 });
    shard.acquire(MEDIUM).release();
    shard.idle.setQuota(1, 0);
    expect(counts(shard)).toEqual({ ...none, buffers: 3, allocated: 192, freed: 192, overflows: 1 });
  });

  it('no overflow where it freed for one that starves', () => {
    const [holder, starved] = makeStand({}, { shards: 2 }).shards;
    const lease = holder.acquire(MEDIUM);
    starved.supply.starve({ kib: 64, tier: 1 });
    lease.release();
    expect(counts(holder)).toEqual({ ...none, buffers: 1, allocated: 64, freed: 64 });
  });

  it('nothing of an allocation that the system refused in part', () => {
    const { shard } = makeShard();
    shard.supply.failAfter = 1;
    expect(() => shard.acquireAll([MEDIUM, MEDIUM])).toThrow();
    expect(counts(shard)).toEqual(none);
  });

  it('as held what came from elsewhere, and no more what left', () => {
    const { shard } = makeShard({}, { quotas: [0, 2, 0] });
    shard.idle.attach(1, sent(shard, 3));
    expect(counts(shard)).toEqual({ ...none, held: 128, freed: 64 });
    const stores = shard.idle.detach(1, 1);
    expect(counts(shard)).toEqual({ ...none, held: 64, freed: 64 });
    shard.idle.reattach(stores);
    expect(counts(shard)).toEqual({ ...none, held: 128, freed: 64 });
    shard.idle.attachStore(new Store(sent(shard, 1)[0], 1));
    expect(counts(shard)).toEqual({ ...none, held: 128, freed: 128, overflows: 1 });
    expect(shard.charged).toBe(128);
  });

  it('as held what moves with a lease, but no loan', () => {
    const { shard } = makeShard();
    const store = shard.leases.detach(shard.acquire(MEDIUM));
    const made = { ...none, buffers: 1, allocated: 64 };
    expect(counts(shard)).toEqual(made);
    shard.attach(store, MEDIUM, 1).release();
    expect(counts(shard)).toEqual({ ...made, held: 64 });
    shard.leases.attach(new Store(sent(shard, 1)[0], 1), 1);
    expect(counts(shard)).toEqual({ ...made, held: 128 });
    // Both ended here, one of them without having begun here.
    expect(shard.ledger.row(shard.row).counters.releases(1)).toBe(2);

    shard.leases.beginTask(1);
    const [released, forgotten] = [1, 2].map((loan) =>
      shard.attach(new Store(new ArrayBuffer(MEDIUM), 1, loan), MEDIUM, 1),
    );
    released.release();
    expect(forgotten.length).toBe(MEDIUM);
    expect(counts(shard)).toEqual({ ...made, held: 128, foreign: 1 });
    expect(shard.leases.endTask().homebound).toHaveLength(2);
    expect(counts(shard)).toEqual({ ...made, held: 128, foreign: 2 });
  });

  it('as held what waits to go back to where a result had brought it from, until it goes', () => {
    const { shard } = makeShard({ safety: 'off' });
    const asked: Store[] = [];
    const take = (from: Store) => shard.attach(from, MEDIUM, 1);
    shard.supply.sent = (store) => asked.push(store) > 1;
    take(new Store(sent(shard, 1)[0], 1, 0, 3)).release();
    expect(counts(shard)).toEqual({ ...none, held: 64 });
    // Its worker was gone: it belongs here from then on.
    shard.acquire(MEDIUM).release();
    expect([asked.length, shard.idle.detachReturns(3, 1)]).toEqual([1, []]);
    take(new Store(sent(shard, 1)[0], 1, 0, 3)).release();
    expect(counts(shard)).toEqual({ ...none, held: 128 });
    expect(shard.idle.detachReturns(3, 1)).toEqual([asked[1]]);
    expect([counts(shard), asked[1].lender]).toEqual([{ ...none, held: 64 }, null]);
  });

  it('leases that a task forgot, and as held what is in quarantine until that is given up', () => {
    const { shard } = makeShard();
    shard.leases.beginTask(1);
    shard.acquire(MEDIUM);
    const pinned = shard.acquire(MEDIUM);
    pinned.pin();
    shard.leases.endTask();
    const made = { ...none, buffers: 2, allocated: 128 };
    expect(counts(shard)).toEqual({ ...made, held: 128, leaks: 1, quarantined: 1 });
    shard.close();
    expect(counts(shard)).toEqual({ ...made, held: 64, freed: 64, leaks: 1, quarantined: 1 });
    shard.abandon();
    expect([counts(shard).held, shard.charged]).toEqual([0, 0]);
  });
});

it('a shard sees each of its stores once: lent, on its way home, idle or in quarantine', () => {
  const { shard } = makeShard({ safety: 'off' });
  shard.leases.beginTask(1);
  const lent = shard.acquire(MEDIUM);
  const idle = shard.acquire(MEDIUM);
  const pinned = shard.attach(new Store(new ArrayBuffer(MEDIUM), 1, 1), MEDIUM, 1);
  const home = shard.attach(new Store(new ArrayBuffer(MEDIUM), 1, 2), MEDIUM, 1);
  const seen = () => {
    const stores: Store[] = [];
    shard.leases.some((store) => stores.push(store) < 0);
    return stores
      .map((store) => [lent, idle, pinned, home].findIndex((lease) => lease.store === store))
      .sort();
  };
  idle.release();
  home.release();
  expect(seen()).toEqual([0, 1, 2, 3]);
  expect(shard.leases.owns(home.store.buffer)).toBe(true);
  pinned.pin();
  // The forgotten lease is idle from now on, what is pinned is in quarantine, and one loan has left.
  shard.leases.endTask();
  expect(seen()).toEqual([0, 1, 2]);
});

describe('idle memory', () => {
  it('knows no store any more that was freed or given away', () => {
    const { shard } = makeShard();
    const leases = shard.acquireAll([MEDIUM, MEDIUM, MEDIUM]);
    const stores = leases.map(({ store }) => store);
    for (const lease of leases) lease.release();
    expect(stores.map(({ lender }) => lender)).toEqual([shard.leases, shard.leases, shard.leases]);
    shard.idle.detach(1, 1);
    shard.idle.clear([0, 1, 0]);
    // Last in, first out.
    expect(stores.map(({ lender }) => lender)).toEqual([shard.leases, null, null]);
  });

  it('knows no loan any more that has gone home', () => {
    const { shard } = makeShard();
    const lend = (loan: number) => shard.attach(new Store(new ArrayBuffer(MEDIUM), 1, loan), MEDIUM, 1);
    shard.leases.beginTask(1);
    lend(1).release();
    const pin = lend(2).pin();
    const { homebound } = shard.leases.endTask();
    pin.release();
    const gone = [...homebound, ...shard.supply.returned];
    expect(gone.map(({ loan, lender }) => [loan, lender])).toEqual([
      [1, null],
      [2, null],
    ]);
  });

  it('publishes the quota that is in force', () => {
    const { shard, stand } = makeShard({}, { quotas: [3, 2, 1] });
    const published = () => [0, 1, 2].map((tier) => stand.ledger.row(shard.row).quota(tier));
    expect(published()).toEqual([3, 2, 1]);
    shard.idle.setQuota(1, 7);
    expect(published()).toEqual([3, 7, 1]);
    shard.close();
    expect(published()).toEqual([0, 0, 0]);
  });

  it.runIf(MARKS_HOLD)(
    'takes back what could not be sent: in quarantine where that cannot be transferred',
    () => {
      const { shard } = makeShard({ safety: 'off' });
      for (const lease of shard.acquireAll([MEDIUM, MEDIUM])) lease.release();
      const stores = shard.idle.detach(1, 2);
      markAsUntransferable(stores[0].buffer);
      const stale = stores[1].bytes;
      shard.idle.reattach(stores);
      expect([shard.charged, shard.idleCounts[1], stale.length]).toEqual([128, 1, 0]);
      expect(counts(shard)).toEqual({ ...none, buffers: 2, allocated: 128, held: 128, quarantined: 1 });
    },
  );

  it('takes in what neighbours sent up to its quota, starving others or not, and frees all the rest', () => {
    const [shard, starved] = makeStand({}, { shards: 2, quotas: [0, 2, 0] }).shards;
    starved.supply.starve({ kib: 64, tier: 1 });
    const buffers = sent(shard, 5);
    shard.idle.attach(1, buffers);
    expect([shard.charged, shard.idleCounts[1]]).toEqual([128, 2]);
    expect(buffers.filter(({ detached }) => detached)).toHaveLength(3);
  });
});
