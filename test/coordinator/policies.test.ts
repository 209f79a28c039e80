import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Loans } from '../../src/coordinator/loans.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import { DEFAULT_REBALANCE, rebalance, type ShardView } from '../../src/coordinator/rebalance.ts';
import { DEFAULT_TIERS } from '../../src/pool/tiers.ts';

function view(
  row: number,
  medium: Partial<Record<'idle' | 'idleLow' | 'idleHigh' | 'quota' | 'misses' | 'overflows', number>>,
): ShardView {
  const each = (value = 0) => [0, value, 0];
  return {
    row,
    idle: each(medium.idle),
    idleLow: each(medium.idleLow),
    idleHigh: each(medium.idleHigh ?? medium.idle),
    quota: each(medium.quota),
    misses: each(medium.misses),
    overflows: each(medium.overflows),
  };
}

describe('rebalance', () => {
  it.each<[string, ShardView[], ReturnType<typeof rebalance>]>([
    [
      'does nothing where nobody misses',
      [view(0, { quota: 100, idle: 9, idleLow: 9 }), view(1, { quota: 9 })],
      [],
    ],
    [
      'moves quota to who allocates and frees for lack of it',
      [view(0, { quota: 100 }), view(1, { quota: 10, idle: 10, misses: 30, overflows: 20 })],
      [{ kind: 'quota', tier: 1, from: 0, to: 1, count: 20 }],
    ],
    [
      'moves no quota to who only warms up, but the buffers that lay idle elsewhere',
      [view(0, { quota: 50, idle: 20, idleLow: 15 }), view(1, { quota: 50, idle: 0, misses: 30 })],
      [{ kind: 'buffers', tier: 1, from: 0, to: 1, count: 15 }],
    ],
    [
      'takes nothing from a shard that hits all the time with what it has',
      [view(0, { quota: 20, idle: 20, idleLow: 0 }), view(1, { quota: 20, misses: 30, overflows: 30 })],
      [],
    ],
    [
      'takes nothing from one that has all it uses in use at the moment',
      [
        view(0, { quota: 20, idle: 0, idleLow: 0, idleHigh: 20 }),
        view(1, { quota: 20, misses: 30, overflows: 30 }),
      ],
      [],
    ],
    [
      'takes nothing from another needy one',
      [view(0, { quota: 99, misses: 9, overflows: 9 }), view(1, { quota: 20, misses: 30, overflows: 30 })],
      [],
    ],
    [
      'takes nothing from one that frees for lack of room itself',
      [view(0, { quota: 99, overflows: 1 }), view(1, { quota: 20, misses: 30, overflows: 30 })],
      [],
    ],
    [
      'ignores a few misses',
      [view(0, { quota: 99, idle: 50, idleLow: 50 }), view(1, { quota: 20, misses: 3, overflows: 3 })],
      [],
    ],
    [
      'gives the main thread room of workers that allocate what it frees, of what their lists never came near',
      [
        view(0, { quota: 10, idle: 10, overflows: 40 }),
        view(1, { quota: 30, idle: 2, idleHigh: 5, misses: 30 }),
        view(2, { quota: 10, idle: 2, idleHigh: 5, misses: 10 }),
        view(3, { quota: 50, overflows: 1 }),
      ],
      [{ kind: 'quota', tier: 1, from: 1, to: 0, count: 10 }],
    ],
    [
      'gives the main thread no more room than workers allocate',
      [view(0, { quota: 10, idle: 10, overflows: 40 }), view(1, { quota: 90, misses: 7 })],
      [{ kind: 'quota', tier: 1, from: 1, to: 0, count: 7 }],
    ],
    [
      'gives a worker no room for what others allocate',
      [view(0, { quota: 99 }), view(1, { quota: 10, idle: 10, overflows: 40 }), view(2, { misses: 30 })],
      [],
    ],
    [
      'is bounded for each round, and gives to the neediest first',
      [
        view(0, { quota: 1000 }),
        view(1, { quota: 1, misses: 100, overflows: 100 }),
        view(2, { quota: 1, misses: 200, overflows: 200 }),
      ],
      [{ kind: 'quota', tier: 1, from: 0, to: 2, count: 64 }],
    ],
  ])('%s', (_what, views, moves) => {
    expect(rebalance(views)).toEqual(moves);
  });

  const count = fc.nat({ max: 200 });
  // The marks are read while the shard goes on, so they need not fit each other nor the rest.
  const shard = fc.record({
    idle: count,
    idleLow: count,
    idleHigh: count,
    quota: count,
    misses: count,
    overflows: count,
  });

  function giving(some: object) {
    return { idle: 0, idleLow: 0, idleHigh: 0, quota: 0, misses: 0, overflows: 0, ...some };
  }

  it('never gives what a shard has not, nor more than a round may', () => {
    fc.assert(
      fc.property(fc.array(shard, { maxLength: 12 }), (shards) => {
        const views = shards.map((one, row) => view(row, one));
        const given = new Map<string, number>();
        for (const move of rebalance(views)) {
          expect(move.from).not.toBe(move.to);
          expect(move.count).toBeGreaterThan(0);
          expect(move.count).toBeLessThanOrEqual(DEFAULT_REBALANCE.mostPerRound);
          const key = `${move.kind} ${move.from}`;
          given.set(key, (given.get(key) ?? 0) + move.count);
        }
        for (const [key, count] of given) {
          const [kind, row] = key.split(' ');
          expect(count).toBeLessThanOrEqual(
            kind === 'quota' ? shards[Number(row)].quota : shards[Number(row)].idleLow,
          );
        }
      }),
      // Two that want of one what it can give once.
      { examples: [[[giving({ overflows: 1 }), giving({ quota: 1 }), giving({ misses: 4, overflows: 1 })]]] },
    );
  });

  it('settles: under a steady load the quotas stop moving, and fit the need where the total does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 120 }), { minLength: 2, maxLength: 6 }), (needs) => {
        const quotas = new Quotas(DEFAULT_TIERS, needs.length);
        needs.forEach((_, row) => {
          quotas.open(row);
        });
        let still = 0;
        for (let round = 0; round < 400 && still < 5; round++) {
          // Each shard takes and returns its whole need in every interval.
          const views = needs.map((need, row) => {
            const quota = quotas.of(row)[1];
            const idle = Math.min(need, quota);
            return view(row, { quota, idle, idleLow: 0, misses: need - idle, overflows: need - idle });
          });
          const moves = rebalance(views).filter((move) => move.kind === 'quota');
          for (const move of moves) {
            quotas.lower(move.from, move.tier, move.count);
            quotas.raise(move.to, move.tier, move.count);
          }
          still = moves.length === 0 ? still + 1 : 0;
        }
        expect(still).toBe(5);
        const total = needs.reduce((sum, _, row) => sum + quotas.of(row)[1], 0);
        expect(total).toBeLessThanOrEqual(500);
        const wanted = needs.reduce((sum, need) => sum + need, 0);
        if (wanted <= 200) {
          needs.forEach((need, row) => {
            expect(quotas.of(row)[1]).toBeGreaterThanOrEqual(need - DEFAULT_REBALANCE.leastMisses);
          });
        }
      }),
    );
  });
});

describe('quotas', () => {
  it('sum to their totals whatever is moved, opened and closed', () => {
    const act = fc.record({
      row: fc.nat({ max: 4 }),
      to: fc.nat({ max: 4 }),
      count: fc.nat({ max: 300 }),
      what: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const quotas = new Quotas(DEFAULT_TIERS, 4);
        const open = new Set<number>();
        for (const { row, to, count, what } of acts) {
          if (what === 0 && !open.has(row)) {
            quotas.open(row);
            open.add(row);
          } else if (what === 1) {
            quotas.close(row);
            open.delete(row);
          } else if (what === 2 && open.has(row) && quotas.of(row)[1] >= count) {
            quotas.lower(row, 1, count);
            quotas.raise(to, 1, count);
          } else if (what === 3) quotas.raise(to, 1, quotas.takeSpare(1, count));
        }
        for (const row of open) quotas.close(row);
        expect(quotas.takeSpare(1, 10_000)).toBe(500);
      }),
    );
  });

  it('cannot be lowered below nothing', () => {
    const quotas = new Quotas(DEFAULT_TIERS, 2);
    quotas.open(0);
    expect(() => quotas.lower(0, 2, 51)).toThrow(RangeError);
  });

  it('leave late shards none where shards outnumber buffers', () => {
    const quotas = new Quotas(DEFAULT_TIERS, 300);
    const large = Array.from({ length: 300 }, (_, row) => quotas.open(row)[2]);
    expect(large.reduce((sum, quota) => sum + quota)).toBe(100);
    expect(large[299]).toBe(0);
  });

  it('give a new shard no more than an even share, however much is spare', () => {
    const quotas = new Quotas(DEFAULT_TIERS, 4);
    for (let row = 0; row < 4; row++) quotas.open(row);
    quotas.lower(0, 1, 100);
    quotas.raise(-1, 1, 100);
    quotas.close(3);
    expect(quotas.open(3)).toEqual([250, 125, 25]);
    expect(quotas.takeSpare(1, 1000)).toBe(100);
  });

  it('are even over any number of threads, to one buffer', () => {
    const quotas = new Quotas(DEFAULT_TIERS, 11);
    const large = Array.from({ length: 11 }, (_, row) => quotas.open(row)[2]);
    expect(large).toEqual([10, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9].sort((a, b) => b - a));
    expect(large.reduce((sum, quota) => sum + quota)).toBe(100);
  });
});

describe('loans', () => {
  it('are settled once, by their return or by the death of who held them', () => {
    const loans = new Loans();
    const [home, lost, waiting] = [100, 200, 400].map((bytes) => loans.open(bytes));
    loans.dispatch(home, 1);
    loans.dispatch(lost, 1);
    expect(loans.bytes).toBe(700);
    expect([loans.settle(home), loans.settle(home)]).toEqual([true, false]);
    expect([loans.bury(1), loans.bury(1), loans.settle(lost)]).toEqual([200, 0, false]);
    expect([loans.count, loans.settle(waiting)]).toEqual([1, true]);
  });
});
