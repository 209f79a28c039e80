import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareByRank, holm } from '../../src/report/rank.ts';
import { studentTails } from '../../src/report/tails.ts';
import { ranksOf, timeAlike, varianceOfWins, wins } from '../../src/report/wins.ts';
import { randomFrom } from '../regulation/random.ts';

/** Few different values, so that there are ties; 0 among them. */
const values = (least = 1, most = 12) =>
  fc.array(fc.integer({ min: 0, max: 6 }), { minLength: least, maxLength: most });
const rising = (list: readonly number[]) => list.toSorted((a, b) => a - b);

/** Hollander and Wolfe, example 4.1, as in the help of R's wilcox.test. */
const PERMEABILITY = {
  term: [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
  weeks12to26: [1.15, 0.88, 0.9, 0.74, 1.21],
};

describe('ranks', () => {
  it('are the mean of the places that equal values take', () => {
    fc.assert(
      fc.property(values(), (list) => {
        const expected = list.map((value) => {
          const under = list.filter((other) => other < value).length;
          return under + (list.filter((other) => other === value).length + 1) / 2;
        });
        expect(ranksOf(list)).toEqual(expected);
      }),
    );
  });
});

describe('wins', () => {
  it('are the pairs in which the other is over so many times the base, and half of those that tie', () => {
    fc.assert(
      fc.property(values(), values(), fc.constantFrom(0.5, 1, 2, 3), (base, other, ratio) => {
        const pairs = base.flatMap((x) =>
          other.map((y) => (y > x * ratio ? 1 : y === x * ratio ? 0.5 : 0) as number),
        );
        const expected = pairs.reduce((sum, won) => sum + won, 0);
        expect(wins(rising(base), rising(other), ratio)).toBe(expected);
      }),
    );
  });

  it('are those that R finds', () => {
    expect(wins(rising(PERMEABILITY.weeks12to26), rising(PERMEABILITY.term), 1)).toBe(35);
  });

  it('vary as they do over all ways to deal the same values out', () => {
    fc.assert(
      fc.property(values(4, 8), fc.integer({ min: 1, max: 3 }), (all, count) => {
        const dealt = splits(all, count).map(([base, other]) => wins(rising(base), rising(other), 1));
        const mean = dealt.reduce((sum, one) => sum + one, 0) / dealt.length;
        const variance = dealt.reduce((sum, one) => sum + (one - mean) ** 2, 0) / dealt.length;
        expect(mean).toBeCloseTo((count * (all.length - count)) / 2);
        expect(varianceOfWins(count, all.length - count, ranksOf(all))).toBeCloseTo(variance);
      }),
    );
  });
});

describe('the ratio of two samples', () => {
  const positive = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 5, maxLength: 15 });

  it('is the median of all ratios between them', () => {
    fc.assert(
      fc.property(positive, positive, (base, other) => {
        const ratios = rising(base.flatMap((x) => other.map((y) => y / x)));
        const [low, high] = [ratios[(ratios.length - 1) >> 1], ratios[ratios.length >> 1]];
        const { centre } = compareByRank(base, other);
        expect(centre).toBeGreaterThanOrEqual(low * (1 - 1e-6));
        expect(centre).toBeLessThanOrEqual(high * (1 + 1e-6));
      }),
    );
  });

  it('is the shift that R finds between logarithms', () => {
    const [base, other] = [PERMEABILITY.weeks12to26, PERMEABILITY.term].map((list) => list.map(Math.exp));
    expect(Math.log(compareByRank(base, other).centre as number)).toBeCloseTo(0.305, 2);
  });

  it('has an interval that leaves 1 out just where the test says so', () => {
    const random = randomFrom(5);
    let [sure, unsure] = [0, 0];
    for (let round = 0; round < 300; round++) {
      const [base, other] = [1, 1.3].map((level) =>
        Array.from({ length: 12 + (round % 20) }, () => level * Math.exp(0.4 * random.normal())),
      );
      const { p, spread } = compareByRank(base, other);
      const [least, most] = spread ?? [0, Number.POSITIVE_INFINITY];
      // The test takes half a pair off: between the two it may go either way.
      if (p < 0.05) {
        sure++;
        expect(least > 1 || most < 1).toBe(true);
      } else if (p > 0.06) {
        unsure++;
        expect(least <= 1 && most >= 1).toBe(true);
      }
    }
    expect(Math.min(sure, unsure)).toBeGreaterThan(50);
  });

  it('turns round with the samples, and grows with the other', () => {
    fc.assert(
      fc.property(positive, positive, fc.constantFrom(0.25, 2, 8), (base, other, times) => {
        const one = compareByRank(base, other);
        const turned = compareByRank(other, base);
        expect(turned.p).toBeCloseTo(one.p, 9);
        const [least, most] = one.spread ?? [1, 1];
        const [turnedLeast, turnedMost] = turned.spread ?? [1, 1];
        // At the ratio of a pair, wins may fall through what is looked for on either side of it.
        expect(turnedMost * least).toBeCloseTo(1, 5);
        expect(turnedLeast * most).toBeCloseTo(1, 5);
        const scaled = compareByRank(
          base.map((value) => value * times),
          other.map((value) => value * times),
        );
        expect(scaled.p).toBe(one.p);
        expect(scaled.centre).toBeCloseTo(one.centre as number, 6);
      }),
    );
  });

  it('has no bound beside nothing but zeros, and the test still says which is more', () => {
    const zeros = new Array(20).fill(0);
    const found = compareByRank(zeros, new Array(20).fill(3));
    expect(found).toMatchObject({ centre: null, spread: null, side: 1 });
    expect(found.p).toBeLessThan(1e-4);
    expect(compareByRank(zeros, zeros)).toMatchObject({ centre: null, spread: null, side: 0, p: 1 });
  });

  it('of samples that are all the same is exactly 1', () => {
    const sevens = new Array(10).fill(7);
    expect(compareByRank(sevens, sevens)).toMatchObject({ p: 1, centre: 1, spread: [1, 1], side: 0 });
  });
});

describe('the number of neighbours that say as much as one', () => {
  it.each([0, 0.3, 0.5, 0.8, 0.9])('is that of a process that keeps %d of its deviation', (memory) => {
    const random = randomFrom(11);
    let state = 0;
    const series = Array.from({ length: 20_000 }, () => {
      state = memory * state + Math.sqrt(1 - memory ** 2) * random.normal();
      return state;
    });
    const expected = (1 + memory) / (1 - memory);
    expect(timeAlike(series) / expected).toBeGreaterThan(0.9);
    expect(timeAlike(series) / expected).toBeLessThan(1.35);
  });

  it('is 1 for what never changes, and for what goes up and down in turns', () => {
    expect(timeAlike(new Array(30).fill(4))).toBe(1);
    expect(timeAlike(Array.from({ length: 30 }, (_, at) => at % 2))).toBe(1);
  });

  it('is a good part of a series that only rises', () => {
    expect(timeAlike(Array.from({ length: 100 }, (_, at) => at))).toBeGreaterThan(30);
  });
});

describe('the tails', () => {
  it.each([
    [0, 1],
    [0.67449, 0.5],
    [1.644854, 0.1],
    [1.959964, 0.05],
    [2.575829, 0.01],
    [3.290527, 0.001],
    [4.891638, 1e-6],
  ])('of a normal deviate beyond %d are %d', (z, p) => {
    // Which is Student's t of so many degrees of freedom that more change nothing.
    expect(studentTails(z, 1e9) / p).toBeCloseTo(1, 5);
  });

  it.each([
    [3, 3.182, 0.05],
    [5, 2.571, 0.05],
    [5, 4.032, 0.01],
    [10, 2.228, 0.05],
    [10, 3.169, 0.01],
    [30, 2.042, 0.05],
    [30, 3.646, 0.001],
    [120, 1.98, 0.05],
  ])("of Student's t with %d degrees of freedom beyond %d are %d, as in printed tables", (freedom, t, p) => {
    expect(studentTails(t, freedom) / p).toBeGreaterThan(0.93);
    expect(studentTails(t, freedom) / p).toBeLessThan(1.07);
  });
});

describe("Holm's correction", () => {
  it("is R's p.adjust", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(9)))).toEqual([
      0.03, 0.06, 0.06, 0.02,
    ]);
    expect(holm([0.5, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  it('leaves one look as it is, and never turns the order round', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (ps) => {
        const corrected = holm(ps);
        if (ps.length === 1) expect(corrected).toEqual(ps);
        ps.forEach((p, i) => {
          expect(corrected[i]).toBeGreaterThanOrEqual(p);
          ps.forEach((other, j) => {
            if (p < other) expect(corrected[i]).toBeLessThanOrEqual(corrected[j]);
          });
        });
      }),
    );
  });
});

/** All ways to take `count` out. */
function splits(all: readonly number[], count: number): [number[], number[]][] {
  const found: [number[], number[]][] = [];
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const taken = all.filter((_, at) => mask & (1 << at));
    if (taken.length === count) found.push([taken, all.filter((_, at) => !(mask & (1 << at)))]);
  }
  return found;
}
