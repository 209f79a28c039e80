import { describe, expect, it } from 'vitest';
import { MEDIUM } from '../stand.ts';
import { crateOf, hoard, produce, type Started, start } from './ports.ts';

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
    [
      'the worker is asked to close',
      ({ coordinator, shards }: Started) => void coordinator.close(shards[0].row),
    ],
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
