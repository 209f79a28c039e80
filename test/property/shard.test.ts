import type { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { type Pin, Store } from '../../src/pool/store.ts';
import { makeStand, type Stand, type TestShard } from '../stand.ts';

/**
 * Any sequence of operations on three shards of one ledger keeps promises 1 to 5 and 9. After every step the
 * books are compared with a count of what the test itself holds.
 */
interface Held {
  readonly lease: Lease;
  readonly shard: TestShard;
  /** Repeated all over its length: contents must never mix. */
  readonly mark: number;
  readonly task: boolean;
  pins: Pin[];
  /** Streams of its bytes. */
  sends: Readable[];
}

interface World {
  readonly stand: Stand;
  held: Held[];
  /** Pins and streams whose lease or task ended before them, with the memory they hold. */
  orphans: { pins: Pin[]; sends: Readable[]; kib: number; view: Uint8Array; mark: number }[];
  marks: number;
}

const length = fc.oneof(
  fc.integer({ min: 0, max: 4 * KiB }),
  fc.integer({ min: 4 * KiB, max: 64 * KiB }),
  fc.integer({ min: 64 * KiB, max: MiB }),
  fc.integer({ min: MiB, max: 2 * MiB }),
);
const which = fc.nat({ max: 1000 });
const shard = fc.nat({ max: 2 });

const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('acquire' as const), shard, length }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resize' as const), which, length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), which, shard }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pin' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unpin' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('send' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsend' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unpin-orphan' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('trim' as const), shard, kib: fc.nat({ max: 2048 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('quota' as const),
      shard,
      tier: fc.nat({ max: 2 }),
      quota: fc.nat({ max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('begin' as const), shard }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), shard }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('give' as const), shard, to: shard, tier: fc.nat({ max: 2 }) }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

describe('any sequence of operations', () => {
  it.each(['off', 'full'] as const)('keeps every promise of the pool at safety %s', (safety) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), fc.boolean(), (operations, scrub) => {
        const stand = makeStand(
          { budgetBytes: 6 * MiB, safety, scrub, acquireTimeoutMs: 0 },
          { shards: 3, quotas: [2, 2, 1] },
        );
        const world: World = { stand, held: [], orphans: [], marks: 0 };
        for (const operation of operations) {
          apply(world, operation, scrub);
          // No coordinator runs here to take the flag back that a refused request raised.
          stand.ledger.header.hungerKib = 0;
          check(world);
        }
        end(world);
      }),
      { numRuns: 300 },
    );
  });
});

function apply(world: World, operation: Operation, scrub: boolean): void {
  const { stand } = world;
  switch (operation.do) {
    case 'acquire': {
      const shard = stand.shards[operation.shard];
      const lease = attempt(() => shard.acquire(operation.length));
      if (lease === undefined) return;
      expect(lease.bytes.length).toBe(operation.length);
      expect(lease.float32.length).toBe(Math.floor(operation.length / 4));
      if (scrub) expect(filled(lease.wholeCapacity, 0)).toBe(true);
      hold(world, shard, lease);
      return;
    }
    case 'release': {
      const held = pick(world.held, operation.which);
      if (held === undefined) return;
      const orphan = orphanOf(held);
      const worked = attempt(() => {
        held.lease.release();
        return true;
      });
      expect(worked).toBe(held.pins.length === 0 ? true : undefined);
      if (!worked) return;
      expect(() => held.lease.release()).toThrow(expect.objectContaining({ code: 'ERR_LEASE_RELEASED' }));
      world.held = world.held.filter((other) => other !== held);
      // It is free once its bytes have gone.
      if (held.sends.length > 0) world.orphans.push(orphan);
      return;
    }
    case 'resize': {
      const held = pick(world.held, operation.which);
      if (held === undefined) return;
      const kept = Math.min(held.lease.length, operation.length);
      const worked = attempt(() => {
        held.lease.resize(operation.length);
        return true;
      });
      if (!worked) return;
      expect(held.lease.bytes.length).toBe(operation.length);
      expect(filled(held.lease.bytes.subarray(0, kept), held.mark)).toBe(true);
      held.lease.bytes.fill(held.mark);
      return;
    }
    case 'move': {
      const held = pick(world.held, operation.which);
      if (held === undefined) return;
      const { length } = held.lease;
      const store = attempt(() => held.shard.leases.detach(held.lease));
      if (store === undefined) return;
      world.held = world.held.filter((other) => other !== held);
      const to = stand.shards[operation.shard];
      // As the coordinator does: the charge moves first, and the buffer arrives in a new ArrayBuffer.
      stand.ledger.move(held.shard.row, to.row, store.capacity / KiB);
      const arrived = new Store(store.buffer.transfer(), store.tier);
      const lease = to.leases.lend(arrived, length, store.asked);
      world.held.push({ lease, shard: to, mark: held.mark, task: to.leases.task !== 0, pins: [], sends: [] });
      return;
    }
    case 'pin': {
      const held = pick(world.held, operation.which);
      held?.pins.push(held.lease.pin());
      return;
    }
    case 'unpin':
      pick(world.held, operation.which)?.pins.pop()?.release();
      return;
    case 'send': {
      const held = pick(world.held, operation.which);
      held?.sends.push(held.lease.createReadStream());
      return;
    }
    case 'unsend':
      pick(world.held, operation.which)?.sends.pop()?.destroy();
      return;
    case 'unpin-orphan': {
      const orphan = pick(world.orphans, operation.which);
      if (orphan === undefined) return;
      letGo(orphan);
      world.orphans = world.orphans.filter((other) => other !== orphan);
      return;
    }
    case 'trim':
      stand.shards[operation.shard].idle.trim(operation.kib);
      return;
    case 'quota':
      stand.shards[operation.shard].idle.setQuota(operation.tier, operation.quota);
      return;
    case 'begin':
      if (stand.shards[operation.shard].leases.task === 0) stand.shards[operation.shard].leases.beginTask(1);
      return;
    case 'end':
      endTask(world, stand.shards[operation.shard]);
      return;
    case 'give': {
      const from = stand.shards[operation.shard];
      const to = stand.shards[operation.to];
      const given = from.idle.detach(operation.tier, 2);
      for (const store of given) stand.ledger.move(from.row, to.row, store.capacity / KiB);
      to.idle.putAll(given.map((store) => new Store(store.buffer.transfer(), store.tier)));
      return;
    }
  }
}

function hold(world: World, shard: TestShard, lease: Lease): void {
  world.marks = (world.marks % 255) + 1;
  // Also beyond the length, which its next user may see.
  lease.wholeCapacity.fill(world.marks);
  world.held.push({ lease, shard, mark: world.marks, task: shard.leases.task !== 0, pins: [], sends: [] });
}

function orphanOf({ lease, mark, pins, sends }: Held): World['orphans'][number] {
  return { pins, sends, kib: lease.capacity / KiB, view: lease.bytes, mark };
}

function letGo({ pins, sends }: { pins: Pin[]; sends: Readable[] }): void {
  for (const pin of pins) pin.release();
  for (const stream of sends) stream.destroy();
}

function endTask(world: World, shard: TestShard): void {
  if (shard.leases.task === 0) return;
  const ended = world.held.filter((held) => held.task && held.shard === shard);
  const pinned = ended.filter(({ pins, sends }) => pins.length + sends.length > 0);
  const orphans = pinned.map(orphanOf);
  const end = shard.leases.endTask();
  expect(end.leaks.length + end.pinned).toBe(ended.length);
  expect(end.pinned).toBe(pinned.length);
  for (const { lease } of ended) expect(() => lease.bytes).toThrow();
  world.held = world.held.filter((held) => !ended.includes(held));
  world.orphans.push(...orphans);
}

function check({ stand, held, orphans }: World): void {
  const used = stand.used();
  expect(used).toBeLessThanOrEqual(stand.ledger.limitKib);
  expect(stand.ledger.peakKib).toBeLessThanOrEqual(stand.ledger.limitKib);
  const tierKib = [4, 64, 1024];
  let live = orphans.reduce((sum, orphan) => sum + orphan.kib, 0);
  for (const { lease } of held) live += lease.capacity / KiB;
  for (const shard of stand.shards) {
    shard.idleCounts.forEach((count, tier) => {
      live += count * tierKib[tier];
      expect(count).toBeLessThanOrEqual(shard.idle.lists[tier].quota);
    });
  }
  expect(used).toBe(live);
  for (const { lease, mark } of held) expect(filled(lease.bytes, mark)).toBe(true);
  // Memory that native code holds is neither reused nor moved nor freed.
  for (const { view, mark } of orphans) expect(filled(view, mark)).toBe(true);
  const buffers = new Set(held.map(({ lease }) => lease.bytes.buffer));
  expect(buffers.size).toBe(held.length);
}

function end(world: World): void {
  for (const shard of world.stand.shards) endTask(world, shard);
  for (const one of [...world.held, ...world.orphans]) letGo(one);
  for (const shard of world.stand.shards) shard.close();
  expect(world.stand.used()).toBe(0);
}

/** Undefined when it failed with one of the pool's own errors. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    expect(error).toHaveProperty('code', expect.stringMatching(/^ERR_(BUDGET_EXHAUSTED|LEASE_PINNED)$/));
    return undefined;
  }
}

function pick<T>(list: readonly T[], which: number): T | undefined {
  return list[which % Math.max(1, list.length)];
}

function filled(bytes: Uint8Array, mark: number): boolean {
  // Comparing with a filled buffer is native; a loop over a megabyte for each step is not.
  return Buffer.compare(bytes, Buffer.alloc(bytes.length, mark)) === 0;
}
