/** Who gives way to a request that has waited for long, and who does not. */
import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { GivingWay } from '../../src/pool/giving-way.ts';
import { Store } from '../../src/pool/store.ts';
import { LARGE, MEDIUM, makeStand, type Stand, type TestShard } from '../stand.ts';

const WANTED = 6 * MiB;
const exhausted = expect.objectContaining({ code: 'ERR_BUDGET_EXHAUSTED' });

/** Of 8 MiB one worker holds 4, another wants 6, and a third comes later. The first shard is main's. */
function start(quotas = [0, 0, 0]) {
  const stand = makeStand({ budgetBytes: 8 * MiB, safety: 'off' }, { shards: 4, quotas });
  const [main, holder, large, small] = stand.shards;
  const held = holder.acquire(4 * MiB);
  return { stand, main, holder, large, small, held };
}

/** The worker waits until it has its turn; then something happens, and it gets what it wants. */
function inItsTurn({ stand, large, held }: ReturnType<typeof start>, happens: () => void): void {
  large.supply.during.push(
    () => {
      stand.clock += 100e6;
    },
    () => {
      expect(stand.ledger.row(large.row).turn).not.toBe(0);
      happens();
      held.release();
    },
  );
  large.acquire(WANTED).release();
  expect(large.causes()).toEqual(['waited']);
}

describe('a request has its turn', () => {
  it.each([
    ['after 100 ms', 5000, 100],
    ['after half of its time, where that is less', 150, 75],
  ])('%s', (_when, timeoutMs, expected) => {
    const { stand, large } = start();
    const { supply, row } = large;
    const turns: number[] = [];
    const { wait } = supply;
    supply.wait = (...of) => {
      if (stand.ledger.row(row).turn !== 0) turns.push(stand.clock / 1e6);
      wait.apply(supply, of);
    };
    expect(() => large.acquire(WANTED, { timeoutMs })).toThrow(exhausted);
    expect(turns[0]).toBe(expected);
    expect(stand.ledger.row(row).turn).toBe(0);
  });

  it('not while memory is critical and it waits for that to end', () => {
    const { stand, large } = start();
    stand.ledger.header.critical = true;
    let turnAt = 0;
    const { wait } = large.supply;
    large.supply.wait = (...of) => {
      if (turnAt === 0 && stand.ledger.row(large.row).turn !== 0) turnAt = stand.clock / 1e6;
      wait.apply(large.supply, of);
    };
    expect(() => large.acquire(WANTED, { timeoutMs: 1000 })).toThrow(exhausted);
    expect(turnAt).toBe(500);
  });
});

describe('while it has, another worker', () => {
  it('that has nothing gets no memory but what is left beside it, until half of its own time is over', () => {
    const world = start();
    const { stand, small } = world;
    inItsTurn(world, () => {
      expect(small.tryAcquire(MEDIUM)).toBeNull();
      expect(() => small.acquire(MEDIUM, { timeoutMs: 0 })).toThrow(
        expect.objectContaining({
          code: 'ERR_BUDGET_EXHAUSTED',
          message: expect.stringContaining('6 MiB are kept for a request that has waited for longer'),
        }),
      );
      const before = stand.clock;
      small.acquire(MEDIUM, { timeoutMs: 80 }).release();
      expect(stand.clock - before).toBe(40e6);
    });
    expect(small.causes()).toEqual(['refused', 'waited']);
    // Nobody waits any more.
    small.acquire(MEDIUM);
    expect(small.causes()).toEqual(['fresh']);
  });

  it.each<[string, (world: ReturnType<typeof start>) => { shard: TestShard; end(): void }]>([
    [
      'that holds a lease',
      ({ small }) => {
        const lease = small.acquire(MEDIUM);
        return { shard: small, end: () => lease.release() };
      },
    ],
    [
      'that has released a loan, which goes home with its task',
      ({ small }) => {
        small.leases.beginTask(1);
        small.attach(new Store(new ArrayBuffer(MEDIUM), 1, 5), MEDIUM, 1).release();
        return { shard: small, end: () => small.leases.endTask() };
      },
    ],
    [
      'whose task declared its need',
      ({ small, stand }) => {
        stand.ledger.row(small.row).declared = true;
        return { shard: small, end: () => {} };
      },
    ],
  ])('%s goes on', (_what, make) => {
    const world = start();
    const { shard, end } = make(world);
    shard.causes();
    inItsTurn(world, () => {
      shard.acquire(MEDIUM).release();
      expect(shard.causes()).toEqual(['fresh']);
      end();
    });
  });

  it('keeps what it releases while it has more, and frees the last', () => {
    const world = start([0, 10, 0]);
    const leases = world.small.acquireAll([MEDIUM, MEDIUM]);
    inItsTurn(world, () => {
      const idle = leases.map((lease) => {
        lease.release();
        return world.small.idleCounts[1];
      });
      expect(idle).toEqual([1, 1]);
      expect(world.small.charged).toBe(64);
    });
  });

  it('takes what it has idle itself', () => {
    const world = start([0, 1, 0]);
    world.small.acquire(MEDIUM).release();
    inItsTurn(world, () => world.small.acquireAll([MEDIUM], { timeoutMs: 0 })[0].release());
    expect(world.small.supply.allocations).toBe(1);
  });
});

describe('nobody gives way to a request', () => {
  const gets = ({ ledger }: Stand, shard: TestShard): boolean => {
    expect(ledger.row(2).turn).not.toBe(0);
    const lease = shard.tryAcquire(MEDIUM);
    lease?.release();
    return lease !== null;
  };

  it.each([
    ['whose own thread has what it lacks', 2],
    ['that the main thread keeps from it, which may wait for tasks to run', 0],
  ])('%s', (_what, at) => {
    const { stand, large, small, held } = start();
    held.release();
    const own = stand.shards[at].acquire(3 * MiB);
    large.supply.during.push(
      () => {
        stand.clock += 100e6;
      },
      () => {
        expect(gets(stand, small)).toBe(true);
        own.release();
      },
    );
    large.acquire(WANTED);
  });

  it('whose turn came after its own', () => {
    const { stand, small, held } = start();
    const { ledger } = stand;
    small.supply.during.push(
      () => {
        stand.clock += 100e6;
      },
      () => {
        expect(ledger.row(small.row).turn).toBe(1);
        ledger.row(2).starve(WANTED / 1024, 3, ledger.header.drawTurn());
        held.release();
      },
    );
    small.acquire(5 * MiB);
    expect(small.causes()).toEqual(['waited']);
  });
});

describe('the main thread, which has leases,', () => {
  const given = { timeoutMs: 5000, deadline: 5000e6, sleeps: true, holds: () => true };
  const supply = (at: { ms: number; used: number }, canBlock = false) => ({
    canBlock,
    owedKib: () => 64,
    usedBytes: () => at.used,
    now: () => at.ms * 1e6,
  });

  it('gives way for 100 ms after what is in use has last fallen, and half of its time at most', () => {
    const at = { ms: 0, used: LARGE };
    const way = new GivingWay(supply(at), given, null);
    const seen = [
      [0, 9],
      [99, 9],
      [100, 9],
      [150, 8],
      [249, 9],
      [250, 8],
      [260, 7],
      [359, 6],
      [2499, 5],
      [2500, 4],
    ].map(([ms, used]) => {
      Object.assign(at, { ms, used });
      return way.owedKib > 0;
    });
    expect(seen).toEqual([true, true, false, true, true, false, true, true, true, false]);
  });

  it('does not where it cannot wait, and neither does a worker that waits without blocking', () => {
    const at = { ms: 0, used: LARGE };
    expect(new GivingWay(supply(at), { ...given, sleeps: false }, null).owedKib).toBe(0);
    expect(new GivingWay(supply(at, true), given, null).owedKib).toBe(0);
    const nothing = { ...given, sleeps: false, holds: () => false };
    expect(new GivingWay(supply(at), nothing, null).owedKib).toBe(64);
  });
});
