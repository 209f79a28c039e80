import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RIGHT_SIZE, Demand } from '../../src/regulation/right-size.ts';

type Lowering = ReturnType<Demand['lowerings']>[number];

const policy = { ...DEFAULT_RIGHT_SIZE, retained: [8, 4, 2] };
const TICK_MS = 200;

/** One row whose quotas follow what is lowered. Plays `seconds` with the same use in each tick. */
class Row {
  readonly demand = new Demand();
  readonly quota = [500, 250, 50];
  nowMs = 0;

  play(seconds: number, use: (tick: number) => number[]): Lowering[] {
    const all: Lowering[] = [];
    for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick++) {
      const samples = [{ row: 1, use: use(tick), quota: [...this.quota] }];
      this.demand.observe(this.nowMs, samples);
      const lowerings = this.demand.lowerings(this.nowMs, samples, policy);
      for (const { tier, count } of lowerings) this.quota[tier] -= count;
      all.push(...lowerings);
      this.nowMs += TICK_MS;
    }
    return all;
  }
}

describe('quotas', () => {
  it('end an idle night at the retained minimum', () => {
    const row = new Row();
    row.play(600, () => [0, 0, 0]);
    expect(row.quota).toEqual([8, 4, 2]);
  });

  it('stay as they are for a whole window', () => {
    const row = new Row();
    expect(row.play(60, () => [0, 0, 0])).toEqual([]);
    expect(row.play(1, () => [0, 0, 0])).not.toEqual([]);
  });

  it('follow what is in use, with headroom', () => {
    const row = new Row();
    row.play(600, () => [100, 31, 3]);
    expect(row.quota).toEqual([125, 39, 4]);
  });

  it('are lowered slowly: a share of what is too much each second, at least one', () => {
    const row = new Row();
    row.play(60, () => [0, 0, 0]);
    const small = row.play(2, () => [0, 0, 0]).filter(({ tier }) => tier === 0);
    expect(small.map(({ count }) => count)).toEqual([24, 23]);
    while (row.quota[0] > 20) row.play(1, () => [0, 0, 0]);
    expect(row.play(1, () => [0, 0, 0]).find(({ tier }) => tier === 0)?.count).toBe(1);
  });

  it('keep what a burst in the last minute needed, unless it was as short as one in a hundred', () => {
    const long = new Row();
    long.play(180, (tick) => [0, tick % 150 < 10 ? 200 : 10, 0]);
    expect(long.quota[1]).toBe(250);
    const short = new Row();
    short.play(300, (tick) => [0, tick % 300 === 0 ? 200 : 10, 0]);
    expect(short.quota[1]).toBe(13);
  });

  it('count the most of each 0.6 s, also when less follows within it or right after it', () => {
    const within = new Row();
    within.play(180, (tick) => [0, tick % 3 === 0 ? 200 : 10, 0]);
    expect(within.quota[1]).toBe(250);
    // Two parts of a hundred, of which the percentile leaves out one.
    const after = new Row();
    after.play(180, (tick) => [0, tick % 300 < 6 ? 200 : 10, 0]);
    expect(after.quota[1]).toBe(250);
  });

  it('fall no more as soon as what is left is used', () => {
    const row = new Row();
    row.play(70, () => [0, 0, 0]);
    expect(row.quota[1]).toBeLessThan(250);
    row.play(1.2, () => [0, 200, 0]);
    expect(row.play(60, () => [0, 200, 0]).filter(({ tier }) => tier === 1)).toEqual([]);
  });

  it('are lowered once in so long, and by so much less where that is more often', () => {
    const row = new Row();
    row.play(60, () => [0, 0, 0]);
    expect(row.play(10, () => [0, 0, 0]).filter(({ tier }) => tier === 0)).toHaveLength(10);
    const samples = [{ row: 1, use: [0, 0, 0], quota: [208, 4, 2] }];
    const often = row.demand.lowerings(row.nowMs + 1000, samples, { ...policy, everyMs: 500 });
    expect(often).toEqual([{ row: 1, tier: 0, count: 5 }]);
  });

  it('count the use of a look that came late for the whole time since the last', () => {
    const row = new Row();
    row.play(60, () => [0, 0, 0]);
    row.nowMs += 10_000;
    row.play(40, (tick) => [0, tick === 0 ? 200 : 0, 0]);
    expect(row.quota[1]).toBe(250);
  });

  it('fall by the time that goes by, however many looks there are', () => {
    const often = new Row();
    const seldom = new Row();
    for (const row of [often, seldom]) row.play(60.2, () => [0, 0, 0]);
    expect(seldom.quota).toEqual(often.quota);
    often.play(40, () => [0, 0, 0]);
    // The same time in one look.
    seldom.nowMs += 40_000 - TICK_MS;
    seldom.play(TICK_MS / 1000, () => [0, 0, 0]);
    // Of 468 and 231 a 0.95th is left after each second.
    expect([often.quota[0], often.quota[1]]).toEqual([expect.closeTo(76, -1), expect.closeTo(40, -1)]);
    expect([seldom.quota[0], seldom.quota[1]]).toEqual([expect.closeTo(69, -1), expect.closeTo(36, -1)]);
  });

  it('remember nothing of before the window, however few looks fell into it', () => {
    const demand = new Demand({ percentile: 1 });
    for (const nowMs of [0, 600]) demand.observe(nowMs, [{ row: 1, use: [200], quota: [500] }]);
    expect(demand.use(60_000, 1, 0)).toBe(200);
    demand.observe(120_000, [{ row: 1, use: [10], quota: [500] }]);
    expect(demand.use(120_000, 1, 0)).toBe(10);
  });

  it('start anew with a row whose thread was replaced', () => {
    const row = new Row();
    row.play(60, () => [0, 0, 0]);
    row.demand.forget(1);
    expect(row.play(59, () => [0, 0, 0])).toEqual([]);
  });

  it('are never below the retained minimum nor what the window used, whatever was used and given', () => {
    const tier = fc.nat({ max: 300 });
    const step = fc.record({
      use: fc.tuple(tier, tier, tier),
      raise: fc.tuple(tier, tier, tier),
      skipMs: fc.nat(9000),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 400 }), (steps) => {
        const row = new Row();
        for (const { use, raise, skipMs } of steps) {
          const before = row.quota.map((quota, at) => quota + (raise[at] > 250 ? raise[at] : 0));
          row.quota.splice(0, 3, ...before);
          row.nowMs += skipMs;
          for (const { tier: at } of row.play(0.2, () => use)) {
            const used = row.demand.use(row.nowMs - TICK_MS, 1, at) ?? 0;
            expect(row.quota[at]).toBeGreaterThanOrEqual(Math.max(policy.retained[at], used));
            expect(row.quota[at]).toBeLessThan(before[at]);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
