import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { LARGE, MEDIUM, SMALL } from '../stand.ts';
import { hoard, start } from './ports.ts';

describe('quota', () => {
  it('is shared out evenly, and exactly to the totals', () => {
    const { shards, main } = start({}, 2);
    const all = [main, ...shards].map((shard) => shard.idle.lists.map((list) => list.quota));
    expect(all).toEqual([
      [334, 167, 34],
      [333, 167, 33],
      [333, 166, 33],
    ]);
  });

  it('is credited only after the donor has given it up', () => {
    const { shards, ports, coordinator } = start({ budgetBytes: 64 * MiB });
    const [needy] = shards;
    hoard(needy, MEDIUM, 300);
    coordinator.tick();
    const before = needy.idle.lists[1].quota;
    ports[0].deliver();
    // Main is here and gives at once; the other worker has not heard yet.
    const afterMain = needy.idle.lists[1].quota;
    expect(afterMain).toBeGreaterThan(before);
    ports[1].deliver();
    ports[0].deliver();
    expect(needy.idle.lists[1].quota).toBe(afterMain);
    ports[1].answer();
    ports[0].deliver();
    const total = [needy, shards[1]].reduce((sum, shard) => sum + shard.idle.lists[1].quota, 0);
    expect(total).toBeLessThanOrEqual(500);
  });

  it('of a dead worker goes to its replacement and to whoever needs it', () => {
    const { shards, coordinator, quotas, stand } = start();
    coordinator.bury(shards[0].row);
    expect(quotas.of(shards[0].row)).toEqual([0, 0, 0]);
    expect(stand.ledger.claim(99)).toBe(shards[0].row);
    expect(quotas.open(shards[0].row)).toEqual([333, 167, 33]);
  });
});

describe('a round', () => {
  it('gives what is spare to who freed for lack of it', () => {
    const { shards, ports, coordinator, quotas } = start({ budgetBytes: 64 * MiB });
    coordinator.bury(shards[1].row);
    hoard(shards[0], MEDIUM, 300);
    coordinator.tick();
    ports[0].deliver();
    // All 133 that it lacked, and what main could spare beside.
    expect(quotas.of(shards[0].row)[1]).toBe(300 + 64);
    expect(shards[0].idle.lists[1].quota).toBe(300 + 64);
  });

  it('brings the main thread no idle memory that is of the reserve', () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: MiB, reserveBytes: 128 * KiB });
    hoard(shards[0], MEDIUM, 4);
    coordinator.tick();
    coordinator.tick();
    const held = main.acquireAll([MEDIUM, MEDIUM, MEDIUM, MEDIUM]);
    coordinator.tick();
    // It was asked for while there was enough, and comes when there is not.
    const others = shards[1].acquireAll([MEDIUM, MEDIUM, MEDIUM, MEDIUM, MEDIUM, MEDIUM, MEDIUM]);
    expect(stand.used()).toBe(15 * 64);
    ports[0].deliver();
    ports[0].answer();
    expect([main.idleCounts[1], main.charged, stand.used()]).toEqual([0, 4 * 64, 11 * 64]);
    for (const lease of [...held, ...others]) lease.release();
  });

  it('sends what lay idle on the main thread to who allocates', () => {
    const { main, shards, ports, coordinator, rebalanced, quotas, stand } = start();
    const before = [main, shards[0]].map(({ row }) => quotas.of(row)[1]);
    hoard(main, MEDIUM, 8);
    coordinator.tick();
    coordinator.tick();
    expect(rebalanced).toEqual([]);
    const leases = shards[0].acquireAll([MEDIUM, MEDIUM, MEDIUM, MEDIUM]);
    coordinator.tick();
    expect(rebalanced).toEqual([[{ kind: 'buffers', tier: 1, from: 0, to: shards[0].row, count: 4 }]]);
    ports[0].deliver();
    expect([main.idleCounts[1], shards[0].idleCounts[1]]).toEqual([4, 4]);
    expect([main.charged, shards[0].charged, stand.used()]).toEqual([4 * 64, 8 * 64, 12 * 64]);
    // With their places.
    const after = [main, shards[0]].map((shard) => [quotas.of(shard.row)[1], shard.idle.lists[1].quota]);
    expect(after).toEqual([before[0] - 4, before[1] + 4].map((quota) => [quota, quota]));
    for (const lease of leases) lease.release();
  });
});

describe('a dead worker', () => {
  it('is buried in order: what is in its port, then its loans, then its row', () => {
    const { main, shards, ports, coordinator, stand } = start();
    const [dead] = shards;
    dead.acquire(MEDIUM);
    hoard(dead, LARGE, 2);
    // Two large ones are on their way here when it dies, and it held a loan of ours.
    const buffers = dead.idle.detach(2, 2).map((store) => store.buffer.transfer());
    ports[0].fromWorker.push({ kind: 'surrender', ticket: 0, tier: 2, buffers });
    const lent = main.acquire(SMALL);
    const loan = coordinator.loans.open(SMALL);
    main.leases.detach(lent);
    coordinator.loans.dispatch(loan, dead.row);
    expect(stand.used()).toBe(2048 + 64 + 4);
    expect(coordinator.bury(dead.row)).toEqual({ chargedBytes: MEDIUM, loanBytes: SMALL });
    expect([main.charged, dead.charged, stand.used()]).toEqual([2048, 0, 2048]);
    expect(coordinator.loans.count).toBe(0);
    expect(ports[0].closed).toBe(true);
  });
});

describe('what a dead worker leaves', () => {
  it('is the quota that it had been asked for: who was to get it has it now', () => {
    const { shards, coordinator, quotas } = start({ budgetBytes: 64 * MiB });
    const [needy, donor] = shards;
    hoard(needy, MEDIUM, 300);
    coordinator.tick();
    const before = quotas.of(needy.row)[1];
    const given = 166 - quotas.of(donor.row)[1];
    expect(given).toBeGreaterThan(0);
    coordinator.bury(donor.row);
    expect(quotas.of(needy.row)[1]).toBe(before + given);
    const spare = quotas.takeSpare(1, 1000);
    expect(quotas.of(0)[1] + quotas.of(needy.row)[1] + spare).toBe(500);
  });

  it('is its counts, its refused requests, and nothing in what shards used since', () => {
    const { shards, coordinator, refused } = start({ budgetBytes: MiB });
    const [dead] = shards;
    hoard(dead, MEDIUM, 3);
    coordinator.tick();
    expect(() => dead.acquire(MiB + 1)).toThrow();
    dead.acquire(MEDIUM);
    expect(() => dead.acquireAll([LARGE], { timeoutMs: 0 })).toThrow();
    const counted = () => {
      const live = coordinator.rows.live();
      return [
        coordinator.rows.total(live, (counters) => counters.acquires),
        coordinator.rows.total(live, (counters) => counters.allReleases),
      ];
    };
    const before = counted();
    expect(before).toEqual([4, 3]);
    const peaks = [0, 1, 2].map((tier) => coordinator.rows.idlePeak(dead.row, tier));
    coordinator.bury(dead.row);
    expect([counted(), coordinator.rows.retiredPeaks]).toEqual([before, peaks]);
    expect([peaks, refused]).toEqual([
      [0, 3, 0],
      [dead.row, 1],
    ]);
    expect(coordinator.cleanup.takeUse().map(({ row }) => row)).toEqual([0, shards[1].row]);
    // The next thread of the row starts from nothing.
    expect(coordinator.rows.idlePeak(dead.row, 1)).toBe(0);
    coordinator.tick();
    expect(refused).toEqual([dead.row, 1]);
  });
});

describe('closing', () => {
  async function isOver(closing: Promise<void>): Promise<boolean> {
    return Promise.race([closing.then(() => true), Promise.resolve().then(() => false)]);
  }

  it('is over when the worker has given everything back or is buried, and not before', async () => {
    const { stand, shards, ports, coordinator } = start();
    hoard(shards[0], MEDIUM, 2);
    const [first, again, other] = [0, 0, 1].map((at) => coordinator.close(shards[at].row));
    ports[0].deliver();
    expect(stand.used()).toBe(0);
    expect(await isOver(first)).toBe(false);
    ports[0].answer();
    expect([await isOver(first), await isOver(again), await isOver(other)]).toEqual([true, true, false]);
    coordinator.bury(shards[1].row);
    expect(await isOver(other)).toBe(true);
  });

  it('is over at once where there is no worker', async () => {
    expect(await isOver(start({}, 0).coordinator.close(1))).toBe(true);
  });
});

it('tells of refused requests once', () => {
  const { shards, coordinator, refused } = start({ budgetBytes: MiB });
  shards[0].acquire(LARGE);
  expect(() => shards[1].acquire(SMALL, { timeoutMs: 1 })).toThrow();
  coordinator.tick();
  coordinator.tick();
  expect(refused).toEqual([2, 1]);
});

describe('a worker', () => {
  it('is silent from the first message that it has not read, until it has', () => {
    const { coordinator, ports, clock } = start();
    clock.ms = 1000;
    coordinator.cancel(ports[0].shard.row, 1);
    clock.ms = 3000;
    coordinator.cancel(ports[0].shard.row, 2);
    expect(coordinator.silentMs(5000)).toBe(4000);
    ports[0].deliver();
    expect(coordinator.silentMs(5000)).toBe(0);
  });

  it('is not silent that read a message before its flag was raised', () => {
    const { coordinator, ports, clock } = start();
    const post = ports[0].post.bind(ports[0]);
    ports[0].post = (message, transfer) => {
      post(message, transfer);
      ports[0].deliver();
    };
    for (clock.ms = 1000; clock.ms <= 3000; clock.ms += 1000) coordinator.cancel(ports[0].shard.row, 1);
    expect(coordinator.silentMs(60_000)).toBe(0);
  });

  it('is not silent that is gone', () => {
    const { coordinator, ports } = start();
    coordinator.cancel(ports[0].shard.row, 1);
    coordinator.bury(ports[0].shard.row);
    coordinator.cancel(ports[0].shard.row, 1);
    expect(coordinator.silentMs(5000)).toBe(0);
  });
});
