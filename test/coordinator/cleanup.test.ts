import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { EVERYTHING } from '../../src/coordinator/cleanup.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';
import { LARGE, MEDIUM, SMALL } from '../stand.ts';
import { hoard, produce, start } from './ports.ts';

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

  it('in an emergency empties all shards, keeps them empty, and gives quota back afterwards', () => {
    const { main, shards, ports, coordinator, quotas, stand } = start();
    main.supply.sent = (store) => coordinator.transfers.goesBack(store);
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
    coordinator.cleanup.takeUse();
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
