import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { EVERYTHING } from '../../src/coordinator/cleanup.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';
import { LARGE, MEDIUM, SMALL } from '../stand.ts';
import { crateOf, hoard, produce, type Started, start } from './ports.ts';

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

  it('sends what lay idle on the main thread to who allocates', () => {
    const { main, shards, ports, coordinator, rebalanced, stand } = start();
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
    for (const lease of leases) lease.release();
  });
});

describe('a starving shard', () => {
  it('gets the buffers of its tier that another holds idle, and their charge', () => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    const [donor, starved] = shards;
    hoard(donor, LARGE, 3);
    starved.supply.during.push(() => {
      coordinator.serve();
      ports[0].deliver();
      ports[0].answer();
      ports[1].deliver();
    });
    const lease = starved.acquire(LARGE);
    expect(starved.causes()).toEqual(['waited']);
    expect([donor.charged, starved.charged, stand.used()]).toEqual([2048, 1024, 3072]);
    expect(starved.supply.allocations).toBe(0);
    lease.release();
    coordinator.serve();
    expect(stand.ledger.header.hungerKib).toBe(0);
  });

  it('makes others free idle memory of other tiers', () => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    const [donor, starved] = shards;
    hoard(donor, MEDIUM, 48);
    starved.supply.during.push(() => {
      coordinator.serve();
      ports[0].deliver();
    });
    starved.acquire(2 * MiB);
    expect(stand.used()).toBe(3072);
    expect(donor.idleCounts).toEqual([0, 16, 0]);
  });

  it("takes the main thread's idle memory first, and asks a donor once at a time", () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 4 * MiB });
    hoard(main, LARGE, 2);
    hoard(shards[0], LARGE, 2);
    stand.ledger.row(2).starve(3072, 2);
    coordinator.serve();
    coordinator.serve();
    expect(main.charged).toBe(0);
    expect(ports[0].toWorker).toEqual([expect.objectContaining({ kind: 'want', tier: 2, count: 1 })]);
  });

  it.each([
    { lacks: 'its tier', tier: 2, asked: { kind: 'want', ticket: 2, tier: 2, count: 2 } },
    { lacks: 'more than that', tier: 3, asked: { kind: 'trim', ticket: 2, kib: 2048 } },
  ])('is helped by a smaller donor while a larger one does not answer, where it lacks $lacks', ({
    tier,
    asked,
  }) => {
    const { shards, ports, coordinator } = start({ budgetBytes: 8 * MiB }, 3);
    hoard(shards[0], LARGE, 4);
    hoard(shards[1], LARGE, 3);
    shards[2].supply.starve({ kib: 3 * 1024, tier });
    coordinator.serve();
    expect([ports[0].toWorker.length, ports[1].toWorker.length]).toEqual([1, 0]);
    coordinator.serve();
    expect(ports[1].toWorker).toEqual([asked]);
  });

  it.each([
    { of: 'small buffers', size: SMALL, tier: 0, lackKib: 8, asked: { kind: 'trim', ticket: 1, kib: 8 } },
    {
      of: 'a part of one',
      size: MEDIUM,
      tier: 1,
      lackKib: 1,
      asked: { kind: 'want', ticket: 1, tier: 1, count: 1 },
    },
    {
      of: 'a little more',
      size: MEDIUM,
      tier: 1,
      lackKib: 65,
      asked: { kind: 'want', ticket: 1, tier: 1, count: 2 },
    },
    {
      of: 'all there is',
      size: MEDIUM,
      tier: 1,
      lackKib: 900,
      asked: { kind: 'want', ticket: 1, tier: 1, count: 3 },
    },
  ])('asks for $of as $asked.kind', ({ size, tier, lackKib, asked }) => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: MiB });
    hoard(shards[0], size, 3);
    const freeKib = 1024 - stand.used();
    shards[1].supply.starve({ kib: freeKib + lackKib, tier });
    coordinator.serve();
    expect(ports[0].toWorker).toEqual([asked]);
  });

  it('hears nothing of a donor that had nothing left', () => {
    const { main, shards, ports, coordinator } = start({ budgetBytes: MiB });
    hoard(shards[0], MEDIUM, 3);
    shards[1].supply.starve({ kib: 1024, tier: 1 });
    coordinator.serve();
    const lease = shards[0].acquireAll([MEDIUM, MEDIUM, MEDIUM]);
    ports[0].deliver();
    ports[0].answer();
    expect([ports[1].toWorker, main.charged, shards[0].charged]).toEqual([[], 0, 192]);
    expect(lease).toHaveLength(3);
  });

  it('is not asked itself, and of several the neediest is told of', () => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: 4 * MiB });
    hoard(shards[0], LARGE, 3);
    hoard(shards[1], LARGE, 1);
    shards[0].supply.starve({ kib: 64, tier: 1 });
    shards[1].supply.starve({ kib: 1024, tier: 2 });
    stand.ledger.header.hungerKib = 0;
    coordinator.serve();
    expect(stand.ledger.header.hungerKib).toBe(1024);
    expect(ports.map(({ toWorker }) => toWorker)).toEqual([
      [expect.objectContaining({ kind: 'want', tier: 2, count: 1 })],
      [expect.objectContaining({ kind: 'trim', kib: 64 })],
    ]);
  });

  it('asks nobody for what the budget has left', () => {
    const { shards, ports, coordinator, stand } = start();
    hoard(shards[0], LARGE, 2);
    stand.ledger.row(2).starve(1024, 0);
    coordinator.serve();
    expect(ports[0].toWorker).toEqual([]);
  });

  it('that died meanwhile costs nothing: what was meant for it is freed for the others', () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    hoard(shards[0], LARGE, 3);
    stand.ledger.row(2).starve(1024, 2);
    coordinator.serve();
    ports[0].deliver();
    coordinator.bury(2);
    ports[0].answer();
    expect([main.charged, main.idleCounts[2], stand.used()]).toEqual([0, 0, 2048]);
  });

  it('whose port refuses is charged for nothing: the gift stays here, exactly charged', () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    hoard(shards[0], LARGE, 3);
    stand.ledger.row(2).starve(1024, 2);
    coordinator.serve();
    ports[0].deliver();
    ports[1].failing = true;
    // Nobody starves any more when the gift comes, so it is kept.
    stand.ledger.header.hungerKib = 0;
    ports[0].answer();
    expect([main.charged, main.idleCounts[2], shards[1].charged, stand.used()]).toEqual([1024, 1, 0, 3072]);
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

  it('is over when every worker has given everything back or is buried, and not before', async () => {
    const { stand, shards, ports, coordinator } = start();
    hoard(shards[0], MEDIUM, 2);
    const closing = coordinator.closeAll();
    ports[0].deliver();
    expect(stand.used()).toBe(0);
    expect(await isOver(closing)).toBe(false);
    ports[0].answer();
    expect(await isOver(closing)).toBe(false);
    coordinator.bury(shards[1].row);
    expect(await isOver(closing)).toBe(true);
  });

  it('is over at once where there are no workers', async () => {
    expect(await isOver(start({}, 0).coordinator.closeAll())).toBe(true);
  });
});

describe('results', () => {
  it('bring charges here, and exactly their buffers go back in one batch once they were released', () => {
    const { main, shards, ports, coordinator, stand } = start();
    const [producer] = shards;
    main.supply.sent = (store) => coordinator.transfers.sendBack(store);
    hoard(main, MEDIUM, 8);
    const leases = Array.from({ length: 20 }, () => produce(producer, main, coordinator));
    expect([main.charged, producer.charged]).toEqual([28 * 64, 0]);
    for (const lease of leases.slice(0, 15)) lease.release();
    // What is main's own stays, and what is still lent does not go.
    coordinator.transfers.returnTo(producer.row);
    expect([main.charged, producer.charged, main.idleCounts[1]]).toEqual([13 * 64, 15 * 64, 8]);
    for (const lease of leases.slice(15)) lease.release();
    coordinator.transfers.returnTo(producer.row);
    ports[0].deliver();
    expect([main.charged, producer.charged, producer.idleCounts[1], stand.used()]).toEqual([
      8 * 64,
      20 * 64,
      20,
      28 * 64,
    ]);
  });

  it.each([
    ['the worker is buried', ({ coordinator, shards }: Started) => void coordinator.bury(shards[0].row)],
    [
      'somebody starves',
      ({ coordinator, shards }: Started) => {
        shards[1].supply.starve({ kib: 8 * 1024, tier: 2 });
        coordinator.serve();
      },
    ],
    ['the workers are asked to close', ({ coordinator }: Started) => void coordinator.closeAll()],
  ])('become idle memory here when %s before they have gone back', (_when, happen) => {
    const started = start();
    const { main, shards, coordinator, stand } = started;
    main.supply.sent = (store) => coordinator.transfers.sendBack(store);
    produce(shards[0], main, coordinator).release();
    expect([main.charged, ...main.idleCounts]).toEqual([64, 0, 0, 0]);
    happen(started);
    expect(main.charged).toBe(main.idleCounts[1] * 64);
    expect(stand.used()).toBe(main.charged);
  });

  it('of a worker that has gone meanwhile stay here', () => {
    const { main, shards, coordinator } = start();
    main.supply.sent = (store) => coordinator.transfers.sendBack(store);
    const lease = produce(shards[0], main, coordinator);
    coordinator.bury(shards[0].row);
    lease.release();
    expect([main.charged, ...main.idleCounts]).toEqual([64, 0, 1, 0]);
  });

  it('settle loans once, however often they come home', () => {
    const { coordinator, main, stand } = start();
    const store = main.leases.detach(main.acquire(MEDIUM));
    const loan = coordinator.loans.open(MEDIUM);
    const crate = { buffer: store.buffer, tier: 1, asked: 1, length: 1, loan };
    coordinator.transfers.attachLoans(1, [crate]);
    coordinator.handle(1, { kind: 'loan', loan, buffer: new ArrayBuffer(MEDIUM) });
    expect([main.idleCounts[1], stand.used()]).toEqual([1, 64]);
  });
});

describe('cleaning up', () => {
  it('frees of each tier what nobody needed since the last look, and keeps what was', () => {
    const { shards, ports, coordinator, stand } = start();
    const [shard] = shards;
    hoard(shard, MEDIUM, 10);
    coordinator.tick();
    coordinator.cleanup.takeUse();
    // Of ten idle buffers three are needed at once; the low-water mark is seven.
    hoard(shard, MEDIUM, 3);
    coordinator.tick();
    const [use] = coordinator.cleanup.takeUse().filter(({ row }) => row === shard.row);
    expect([use.unused, use.use[1]]).toEqual([[0, 7, 0], 3]);
    expect(coordinator.cleanup.clear(shard.row, use.unused)).toBe(7 * 64);
    ports[0].deliver();
    ports[0].answer();
    expect([shard.idleCounts[1], stand.used()]).toEqual([3, 3 * 64]);
    const { askedKib, trimmedKib, freedKib } = coordinator.cleanup;
    expect([askedKib, trimmedKib, freedKib]).toEqual([7 * 64, 7 * 64, 7 * 64]);
    expect(coordinator.cleanup.lowerQuota(shard.row, 1, 166)).toBe(true);
    expect(coordinator.cleanup.lowerQuota(shard.row, 1, 1)).toBe(false);
    ports[0].deliver();
    ports[0].answer();
    expect([coordinator.cleanup.trimmedKib, coordinator.cleanup.freedKib]).toEqual([7 * 64, 9 * 64]);
  });

  it('counts what a shard could not free any more', () => {
    const { shards, ports, coordinator } = start();
    const [shard] = shards;
    hoard(shard, MEDIUM, 4);
    coordinator.cleanup.clear(shard.row, [0, 4, 0]);
    const lease = shard.acquire(MEDIUM);
    ports[0].deliver();
    ports[0].answer();
    expect([coordinator.cleanup.askedKib, coordinator.cleanup.trimmedKib]).toEqual([4 * 64, 3 * 64]);
    lease.release();
  });

  it('asks a shard again only when it has answered', () => {
    const { shards, coordinator } = start();
    hoard(shards[0], MEDIUM, 4);
    expect(coordinator.cleanup.clear(shards[0].row, [0, 1, 0])).toBe(64);
    expect(coordinator.cleanup.clear(shards[0].row, [0, 1, 0])).toBe(0);
  });

  it('in an emergency empties all shards and the outbox, keeps them empty, and gives quota back afterwards', () => {
    const { main, shards, ports, coordinator, quotas, stand } = start();
    main.supply.sent = (store) => coordinator.transfers.sendBack(store);
    const before = [main, ...shards].map(({ row }) => [...quotas.of(row)]);
    produce(shards[0], main, coordinator).release();
    hoard(main, SMALL, 2);
    for (const shard of shards) hoard(shard, MEDIUM, 4);
    coordinator.drain();
    for (const port of ports) port.deliver();
    expect(stand.used()).toBe(0);
    hoard(shards[0], MEDIUM, 2);
    expect([shards[0].idleCounts[1], stand.used()]).toEqual([0, 0]);
    ports[0].answer();
    coordinator.drain();
    coordinator.cleanup.refill();
    expect(quotas.of(shards[0].row)).toEqual(before[1]);
    // What the other still had to answer for comes back when it has.
    expect(quotas.of(shards[1].row)).toEqual([0, 0, 0]);
    ports[1].answer();
    coordinator.tick();
    for (const port of ports) port.deliver();
    expect([main, ...shards].map(({ row }) => [...quotas.of(row)])).toEqual(before);
    hoard(shards[0], MEDIUM, 2);
    expect(shards[0].idleCounts[1]).toBe(2);
  });

  it('asks for no more than is idle, and nobody who has nothing', () => {
    const { main, shards, ports, coordinator } = start();
    expect(coordinator.cleanup.clear(shards[0].row, EVERYTHING)).toBe(0);
    expect(ports[0].toWorker).toEqual([]);
    hoard(shards[0], MEDIUM, 2);
    expect(coordinator.cleanup.clear(shards[0].row, EVERYTHING)).toBe(2 * 64);
    hoard(main, SMALL, 3);
    expect(coordinator.cleanup.clear(main.row, [2, 0, 0])).toBe(8);
    const { askedKib, trimmedKib } = coordinator.cleanup;
    expect([askedKib, trimmedKib, ...main.idleCounts]).toEqual([8, 8, 1, 0, 0]);
  });

  it('gives no quota back in the middle of an emergency, and none of the dead to who takes their row', () => {
    const { stand, shards, ports, coordinator, quotas } = start();
    const answerAll = () => {
      for (const port of ports) port.deliver();
      for (const port of ports) port.answer();
    };
    const medium = () => [0, 1, 2].map((row) => quotas.of(row)[1]);
    coordinator.drain();
    answerAll();
    coordinator.tick();
    expect(medium()).toEqual([0, 0, 0]);
    coordinator.bury(shards[0].row);
    expect(stand.ledger.claim(99)).toBe(shards[0].row);
    coordinator.connect(shards[0].row, ports[0]);
    expect(medium()).toEqual([0, 167, 0]);
    coordinator.cleanup.refill();
    answerAll();
    expect(medium()).toEqual([167, 167, 166]);
  });

  it('in an emergency takes also what was under way, and gives back the sum of all rounds', () => {
    const { main, shards, ports, coordinator, quotas } = start({ budgetBytes: 64 * MiB });
    const rows = [main, ...shards].map(({ row }) => row);
    // Worker 1 needs quota: main gives at once, what worker 2 gives is under way when the emergency begins.
    hoard(shards[0], MEDIUM, 300);
    coordinator.tick();
    const before = rows.map((row) => quotas.of(row)[1]);
    const answerAll = () => {
      for (const port of ports) port.deliver();
      for (const port of ports) port.answer();
    };
    coordinator.drain();
    answerAll();
    const moved = quotas.of(shards[0].row)[1];
    expect(moved).toBeGreaterThan(0);
    coordinator.drain();
    answerAll();
    expect(rows.map((row) => quotas.of(row)[1])).toEqual([0, 0, 0]);
    coordinator.drain();
    coordinator.cleanup.refill();
    const after = rows.map((row) => quotas.of(row)[1]);
    expect(after).toEqual([before[0], before[1] + moved, before[2]]);
    expect(after.reduce((sum, quota) => sum + quota)).toBe(500);
  });

  it('gives no quota and no buffers to anyone while memory is scarce', () => {
    const { shards, ports, coordinator, quotas } = start({
      tiers: DEFAULT_TIERS.map((tier) => ({ ...tier, maxIdle: 4 })) as never,
    });
    coordinator.scarce = true;
    const before = [...quotas.of(shards[0].row)];
    hoard(shards[0], MEDIUM, 8);
    coordinator.cleanup.lowerQuota(shards[1].row, 1, 1);
    ports[1].deliver();
    ports[1].answer();
    coordinator.tick();
    expect(quotas.of(shards[0].row)).toEqual(before);
    coordinator.scarce = false;
    hoard(shards[0], MEDIUM, 8);
    coordinator.tick();
    expect(quotas.of(shards[0].row)[1]).toBeGreaterThan(before[1]);
  });

  it('lets requests over the largest tier wait while memory is critical, and wakes them after', () => {
    const { shards, coordinator, stand } = start();
    coordinator.critical = true;
    expect(() => shards[0].acquire(2 * MiB, { timeoutMs: 0 })).toThrow(/critical/);
    expect(shards[0].acquire(LARGE).capacity).toBe(MiB);
    // Half of its time, then it may have what the budget holds.
    const asked = shards[0].supply.now();
    shards[0].acquire(2 * MiB, { timeoutMs: 100 }).release();
    const waitedMs = (shards[0].supply.now() - asked) / 1e6;
    expect([waitedMs >= 50, waitedMs < 100]).toEqual([true, true]);
    // A task that declared its need was promised the memory.
    stand.ledger.row(shards[1].row).declared = true;
    shards[1].acquire(2 * MiB, { timeoutMs: 0 }).release();
    shards[0].supply.during.push(() => {
      const seen = stand.ledger.wakeWord();
      coordinator.critical = false;
      expect(stand.ledger.wakeWord()).not.toBe(seen);
    });
    expect(shards[0].acquire(2 * MiB).capacity).toBe(2 * MiB);
  });
});

describe('who acquired and who released', () => {
  it('is counted where a lease changed its thread', () => {
    const { main, shards, coordinator } = start();
    main.supply.sent = (store) => coordinator.transfers.sendBack(store);
    const [one, two] = shards;
    // Worker 1 makes it, main releases it.
    produce(one, main, coordinator).release();
    // Main makes it and lends it to worker 2, which releases it.
    const own = main.leases.detach(main.acquire(MEDIUM));
    coordinator.transfers.attachLoans(two.row, [crateOf(own, coordinator.loans.open(MEDIUM))]);
    // Worker 1 makes it, main lends it to worker 2, which releases it.
    const made = main.leases.detach(produce(one, main, coordinator));
    coordinator.transfers.attachLoans(two.row, [crateOf(made, coordinator.loans.open(MEDIUM, made.origin))]);
    expect(coordinator.flow.crossings).toEqual([
      { acquiredBy: one.row, releasedBy: 0, leases: 1 },
      { acquiredBy: one.row, releasedBy: two.row, leases: 1 },
      { acquiredBy: 0, releasedBy: two.row, leases: 1 },
    ]);
    // Native code in worker 2 lets go of another one after its task.
    const late = main.leases.detach(main.acquire(MEDIUM));
    const loan = coordinator.loans.open(MEDIUM);
    coordinator.handle(two.row, { kind: 'loan', loan, buffer: late.buffer.transfer() });
    expect(coordinator.flow.crossings).toContainEqual({ acquiredBy: 0, releasedBy: two.row, leases: 2 });
    coordinator.bury(two.row);
    expect(coordinator.flow.crossings).toContainEqual({ acquiredBy: 0, releasedBy: -1, leases: 2 });
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
