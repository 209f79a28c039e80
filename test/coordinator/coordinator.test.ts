import { describe, expect, it } from 'vitest';
import { HUNGER, MAIL, rowWord, STARVING } from '../../src/budget/layout.ts';
import { MiB } from '../../src/bytes.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { Link } from '../../src/coordinator/links.ts';
import type { FromWorker, ToWorker } from '../../src/coordinator/protocol.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import { WorkerSide } from '../../src/coordinator/worker-side.ts';
import type { PoolOptions } from '../../src/options.ts';
import { resolvePoolOptions } from '../../src/options.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { LARGE, MEDIUM, makeStand, SMALL, type TestShard } from '../stand.ts';

/**
 * A coordinator with real shards behind in-memory ports: `deliver` plays a worker that looks into its mailbox.
 */
function start(given: Partial<PoolOptions> = {}, workers = 2) {
  const options = resolvePoolOptions({ budgetBytes: 8 * MiB, safety: 'full', ...given }, 1);
  const stand = makeStand(options, { shards: workers + 1, quotas: [0, 0, 0] });
  const [main, ...shards] = stand.shards;
  const quotas = new Quotas(options.tiers, workers + 1);
  quotas.open(0).forEach((quota, tier) => void main.idle.setQuota(tier, quota));
  const refused: number[] = [];
  const coordinator = new Coordinator(stand.ledger, main, options, quotas, {
    latency: () => {},
    rebalanced: () => {},
    closed: () => {},
    refused: (row, requests) => refused.push(row, requests),
  });
  const ports = shards.map((shard) => new Port(shard, coordinator));
  for (const port of ports) {
    coordinator.attach(port.shard.row, port);
    port.deliver();
  }
  return { stand, main, shards, quotas, coordinator, ports, refused };
}

class Port implements Link {
  readonly shard: TestShard;
  readonly #coordinator: Coordinator;
  readonly toWorker: ToWorker[] = [];
  readonly fromWorker: FromWorker[] = [];
  failing = false;
  closed = false;

  constructor(shard: TestShard, coordinator: Coordinator) {
    this.shard = shard;
    this.#coordinator = coordinator;
  }

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    if (this.failing) throw new Error('the port refuses');
    // As a real port: the buffers are detached here and live on in the message.
    this.toWorker.push(structuredClone(message, { transfer }));
  }

  receive(): FromWorker | undefined {
    return this.fromWorker.shift();
  }

  close(): void {
    this.closed = true;
  }

  /** The worker handles its mail; its answers reach the coordinator only by `answer`. */
  deliver(): void {
    this.shard.ledger.words[rowWord(this.shard.row) + MAIL] = 0;
    const side = new WorkerSide(this.shard, {
      post: (message, transfer) => void this.fromWorker.push(structuredClone(message, { transfer })),
      cancelled: () => {},
      closed: () => {},
    });
    for (const message of this.toWorker.splice(0)) side.handle(message);
  }

  answer(): void {
    for (const message of this.fromWorker.splice(0)) this.#coordinator.handle(this.shard.row, message);
  }
}

type Started = ReturnType<typeof start>;

/** A lease on the main thread over a buffer that a worker's result brought. */
function produce(producer: TestShard, main: TestShard, coordinator: Coordinator): Lease {
  const store = producer.leases.moveOut(producer.acquire(MEDIUM));
  const crate = { buffer: store.buffer.transfer(), tier: 1, asked: 1, length: MEDIUM, loan: 0 };
  return main.receive(coordinator.receive(producer.row, [crate])[0], MEDIUM, 1);
}

function hoard(shard: TestShard, size: number, count: number): void {
  for (const lease of shard.acquireAll(Array.from({ length: count }, () => size))) lease.release();
}

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
    expect(stand.ledger.words[HUNGER]).toBe(0);
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
    stand.ledger.words[rowWord(2) + STARVING] = 3072;
    stand.ledger.words[rowWord(2) + STARVING + 1] = 2;
    coordinator.serve();
    coordinator.serve();
    expect(main.charged).toBe(0);
    expect(ports[0].toWorker).toEqual([expect.objectContaining({ kind: 'want', tier: 2, count: 1 })]);
  });

  it('is helped by a smaller donor while a larger one does not answer', () => {
    const { shards, ports, coordinator } = start({ budgetBytes: 8 * MiB }, 3);
    hoard(shards[0], LARGE, 4);
    hoard(shards[1], LARGE, 3);
    shards[2].supply.starve({ kib: 3 * 1024, tier: 2 });
    coordinator.serve();
    expect([ports[0].toWorker.length, ports[1].toWorker.length]).toEqual([1, 0]);
    coordinator.serve();
    expect(ports[1].toWorker).toEqual([{ kind: 'want', ticket: 2, tier: 2, count: 2 }]);
  });

  it('asks nobody for what the budget has left', () => {
    const { shards, ports, coordinator, stand } = start();
    hoard(shards[0], LARGE, 2);
    stand.ledger.words[rowWord(2) + STARVING] = 1024;
    coordinator.serve();
    expect(ports[0].toWorker).toEqual([]);
  });

  it('that died meanwhile costs nothing: what was meant for it is freed for the others', () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    hoard(shards[0], LARGE, 3);
    stand.ledger.words[rowWord(2) + STARVING] = 1024;
    stand.ledger.words[rowWord(2) + STARVING + 1] = 2;
    coordinator.serve();
    ports[0].deliver();
    coordinator.bury(2);
    ports[0].answer();
    expect([main.charged, main.idleCounts[2], stand.used()]).toEqual([0, 0, 2048]);
  });

  it('whose port refuses is charged for nothing: the gift stays here, exactly charged', () => {
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB });
    hoard(shards[0], LARGE, 3);
    stand.ledger.words[rowWord(2) + STARVING] = 1024;
    stand.ledger.words[rowWord(2) + STARVING + 1] = 2;
    coordinator.serve();
    ports[0].deliver();
    ports[1].failing = true;
    // Nobody starves any more when the gift comes, so it is kept.
    stand.ledger.words[HUNGER] = 0;
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
    const buffers = dead.idle.give(2, 2).map((store) => store.buffer.transfer());
    ports[0].fromWorker.push({ kind: 'surrender', ticket: 0, tier: 2, buffers });
    const lent = main.acquire(SMALL);
    const loan = coordinator.loans.open(SMALL);
    main.leases.moveOut(lent);
    coordinator.loans.dispatch(loan, dead.row);
    expect(stand.used()).toBe(2048 + 64 + 4);
    expect(coordinator.bury(dead.row)).toEqual({ chargedBytes: MEDIUM, loanBytes: SMALL });
    expect([main.charged, dead.charged, stand.used()]).toEqual([2048, 0, 2048]);
    expect(coordinator.loans.count).toBe(0);
    expect(ports[0].closed).toBe(true);
  });
});

describe('results', () => {
  it('bring charges here, and exactly their buffers go back in one batch once they were released', () => {
    const { main, shards, ports, coordinator, stand } = start();
    const [producer] = shards;
    main.supply.sent = (store) => coordinator.sendBack(store);
    hoard(main, MEDIUM, 8);
    const leases = Array.from({ length: 20 }, () => produce(producer, main, coordinator));
    expect([main.charged, producer.charged]).toEqual([28 * 64, 0]);
    for (const lease of leases.slice(0, 15)) lease.release();
    // What is main's own stays, and what is still lent does not go.
    coordinator.returnTo(producer.row);
    expect([main.charged, producer.charged, main.idleCounts[1]]).toEqual([13 * 64, 15 * 64, 8]);
    for (const lease of leases.slice(15)) lease.release();
    coordinator.returnTo(producer.row);
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
    main.supply.sent = (store) => coordinator.sendBack(store);
    produce(shards[0], main, coordinator).release();
    expect([main.charged, ...main.idleCounts]).toEqual([64, 0, 0, 0]);
    happen(started);
    expect(main.charged).toBe(main.idleCounts[1] * 64);
    expect(stand.used()).toBe(main.charged);
  });

  it('of a worker that has gone meanwhile stay here', () => {
    const { main, shards, coordinator } = start();
    main.supply.sent = (store) => coordinator.sendBack(store);
    const lease = produce(shards[0], main, coordinator);
    coordinator.bury(shards[0].row);
    lease.release();
    expect([main.charged, ...main.idleCounts]).toEqual([64, 0, 1, 0]);
  });

  it('settle loans once, however often they come home', () => {
    const { coordinator, main, stand } = start();
    const store = main.leases.moveOut(main.acquire(MEDIUM));
    const loan = coordinator.loans.open(MEDIUM);
    const crate = { buffer: store.buffer, tier: 1, asked: 1, length: 1, loan };
    coordinator.takeHome(1, [crate]);
    coordinator.handle(1, { kind: 'loan', loan, buffer: new ArrayBuffer(MEDIUM) });
    expect([main.idleCounts[1], stand.used()]).toEqual([1, 64]);
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
