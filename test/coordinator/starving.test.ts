import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { LARGE, MEDIUM, SMALL } from '../stand.ts';
import { hoard, start } from './ports.ts';

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
    { lacks: 'its tier', tier: 2, asked: { kind: 'want', ticket: 2, tier: 2, count: 2, quota: 23 } },
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
      asked: { kind: 'want', ticket: 1, tier: 1, count: 1, quota: 166 },
    },
    {
      of: 'a little more',
      size: MEDIUM,
      tier: 1,
      lackKib: 65,
      asked: { kind: 'want', ticket: 1, tier: 1, count: 2, quota: 165 },
    },
    {
      of: 'all there is',
      size: MEDIUM,
      tier: 1,
      lackKib: 900,
      asked: { kind: 'want', ticket: 1, tier: 1, count: 3, quota: 164 },
    },
  ])('asks for $of as $asked.kind', ({ size, tier, lackKib, asked }) => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: MiB });
    hoard(shards[0], size, 3);
    const freeKib = 1024 - stand.used();
    shards[1].supply.starve({ kib: freeKib + lackKib, tier });
    coordinator.serve();
    expect(ports[0].toWorker).toEqual([asked]);
  });

  it('hears nothing of a donor that had nothing left, which keeps its quota', () => {
    const { main, shards, ports, coordinator, quotas } = start({ budgetBytes: MiB });
    const before = [...quotas.of(shards[0].row)];
    hoard(shards[0], MEDIUM, 3);
    shards[1].supply.starve({ kib: 1024, tier: 1 });
    coordinator.serve();
    const lease = shards[0].acquireAll([MEDIUM, MEDIUM, MEDIUM]);
    ports[0].deliver();
    ports[0].answer();
    expect([ports[1].toWorker, main.charged, shards[0].charged]).toEqual([[], 0, 192]);
    ports[0].deliver();
    expect([quotas.of(shards[0].row), shards[0].idle.lists[1].quota]).toEqual([before, before[1]]);
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

  it('that has waited for long is helped before others', () => {
    const { shards, ports, coordinator, stand } = start({ budgetBytes: 5 * MiB }, 4);
    hoard(shards[3], LARGE, 3);
    hoard(shards[2], LARGE, 2);
    stand.ledger.row(1).starve(2048, 2, 2);
    stand.ledger.row(2).starve(5 * 1024, 3, 1);
    coordinator.serve();
    const asked = ports.map(({ toWorker }) => toWorker.map(({ kind }) => kind));
    // All of both is for the one; the first in the list would have buffers sent.
    expect(asked).toEqual([[], [], ['trim'], ['trim']]);
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
    const { main, shards, ports, coordinator, stand } = start({ budgetBytes: 3 * MiB, reserveBytes: 0 });
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
