import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import type { Gift } from '../../src/messages/tasks.ts';
import { MEDIUM } from '../stand.ts';
import { crateOf, hoard, produce, type Started, start } from './ports.ts';

describe('results', () => {
  /** The task that leaves for a worker has begun, with what went along. */
  function dispatch({ coordinator, shards }: Started, at: number): readonly Gift[] {
    const { row } = shards[at];
    const gifts = coordinator.transfers.packReturns(row);
    for (const { tier, buffers } of gifts) {
      shards[at].idle.attach(
        tier,
        buffers.map((buffer) => buffer.transfer()),
      );
    }
    return gifts;
  }

  it('bring charges here, and exactly their buffers go back with the next task once they were released', () => {
    const started = start();
    const { main, shards, coordinator, quotas, stand } = started;
    const [producer] = shards;
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
    hoard(main, MEDIUM, 8);
    const leases = Array.from({ length: 20 }, () => produce(producer, main, coordinator));
    expect([main.charged, producer.charged]).toEqual([28 * 64, 0]);
    for (const lease of leases.slice(0, 15)) lease.release();
    expect([main.idleCounts[1], coordinator.rows.idle(0, 1)]).toEqual([23, 23]);
    // What is main's own stays, what is still lent does not go, and it is nobody else's.
    expect(dispatch(started, 1)).toEqual([]);
    const quota = quotas.of(0)[1];
    expect(dispatch(started, 0)).toHaveLength(1);
    expect([main.charged, producer.charged, main.idleCounts[1]]).toEqual([13 * 64, 15 * 64, 8]);
    // Their places are nobody's until the task has begun for certain.
    expect([quotas.of(0)[1], main.idle.lists[1].quota]).toEqual([quota - 15, quota - 15]);
    coordinator.transfers.arrived(producer.row);
    expect([quotas.of(0)[1], main.idle.lists[1].quota]).toEqual([quota, quota]);
    for (const lease of leases.slice(15)) lease.release();
    dispatch(started, 0);
    coordinator.bury(shards[1].row);
    expect(quotas.of(0)[1]).toBe(quota - 5);
    expect([main.charged, producer.charged, producer.idleCounts[1], stand.used()]).toEqual([
      8 * 64,
      20 * 64,
      20,
      28 * 64,
    ]);
    coordinator.bury(producer.row);
    expect(quotas.of(0)[1]).toBe(quota);
  });

  it('stay within the quota together with what is idle here', () => {
    const { main, shards, coordinator, stand } = start({ budgetBytes: 64 * MiB });
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
    main.idle.setQuota(1, 10);
    const leases = Array.from({ length: 20 }, (_, at) => produce(shards[at % 2], main, coordinator));
    hoard(main, MEDIUM, 4);
    for (const lease of leases) lease.release();
    expect([main.idleCounts[1], coordinator.rows.idle(0, 1), stand.used()]).toEqual([10, 10, 640]);
    main.idle.setQuota(1, 5);
    expect([main.idleCounts[1], coordinator.rows.idle(0, 1), stand.used()]).toEqual([5, 5, 320]);
  });

  it("serve requests of the main thread when it has nothing else, and are the thread's own then", () => {
    const started = start({ budgetBytes: MiB });
    const { main, shards, coordinator } = started;
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
    const leases = Array.from({ length: 14 }, (_, at) => produce(shards[at % 2], main, coordinator));
    hoard(main, MEDIUM, 2);
    for (const lease of leases) lease.release();
    main.causes();
    const { allocations } = main.supply;
    const again = main.acquireAll(Array.from({ length: 15 }, () => MEDIUM));
    expect([new Set(main.causes()), main.supply.allocations]).toEqual([new Set(['hit']), allocations]);
    for (const lease of again) lease.release();
    expect([0, 1].map((at) => dispatch(started, at).length).sort()).toEqual([0, 1]);
    expect(coordinator.flow.crossings.reduce((sum, { leases }) => sum + leases, 0)).toBe(14);
  });

  it.each([
    ['the worker is buried', ({ coordinator, shards }: Started) => void coordinator.bury(shards[0].row), 1],
    [
      'somebody starves',
      ({ coordinator, shards }: Started) => {
        shards[1].supply.starve({ kib: 8 * 1024, tier: 2 });
        coordinator.serve();
      },
      0,
    ],
    [
      'the worker is asked to close',
      ({ coordinator, shards }: Started) => void coordinator.close(shards[0].row),
      1,
    ],
  ])('are idle memory here like any other when %s', (_when, happen, left) => {
    const started = start();
    const { main, shards, coordinator, stand } = started;
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
    produce(shards[0], main, coordinator).release();
    expect([main.charged, ...main.idleCounts]).toEqual([64, 0, 1, 0]);
    happen(started);
    expect([main.charged, main.idleCounts[1]]).toEqual([left * 64, left]);
    expect(stand.used()).toBe(main.charged);
    if (left > 0) expect(main.acquire(MEDIUM).capacity).toBe(MEDIUM);
    expect(main.supply.allocations).toBe(0);
  });

  it('that could not leave with a task are idle here again, with their places', () => {
    const { main, shards, coordinator, quotas, stand } = start();
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
    const before = [...quotas.of(0)];
    produce(shards[0], main, coordinator).release();
    coordinator.transfers.unpackReturns(shards[0].row, coordinator.transfers.packReturns(shards[0].row));
    expect([main.charged, shards[0].charged, main.idleCounts[1], stand.used()]).toEqual([64, 0, 1, 64]);
    expect([quotas.of(0), main.idle.lists[1].quota]).toEqual([before, before[1]]);
  });

  it('of a worker that has gone meanwhile stay here', () => {
    const { main, shards, coordinator } = start();
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
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
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
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
