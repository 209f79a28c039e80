import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floors } from '../../src/coordinator/floor.ts';

const KIB = [4, 64, 1024];
const tierKib = (tier: number) => KIB[tier];

describe('what an emergency leaves to a shard', () => {
  it.each([
    ['what it used, of what is small', [9, 3, 1], 64 * 1024, [9, 3, 1]],
    ['nothing where it used nothing', [0, 0, 0], 64 * 1024, [0, 0, 0]],
    ['a few where it used many', [400, 200, 60], 64 * 1024, [16, 4, 1]],
    ['one of each tier before the second of any', [16, 4, 1], 11 * 1024, [9, 1, 1]],
    ['no large one where that is much of the budget', [16, 4, 1], 8 * 1024, [16, 4, 0]],
  ])('is %s', (_what, use, limitKib, left) => {
    expect(floors([{ row: 1, use }], tierKib, limitKib).get(1)).toEqual(left);
  });

  it('is what others are left, too, as far as it goes round', () => {
    const shards = [1, 2, 3].map((row) => ({ row, use: [0, 0, 2] }));
    expect([...floors(shards, tierKib, 21 * 1024)]).toEqual([
      [1, [0, 0, 1]],
      [2, [0, 0, 1]],
      [3, [0, 0, 0]],
    ]);
  });

  it('is never more than it used, nor a tenth of the budget together', () => {
    const use = fc.tuple(fc.nat(40), fc.nat(10), fc.nat(3));
    fc.assert(
      fc.property(
        fc.array(use, { maxLength: 70 }),
        fc.integer({ min: 64, max: 200_000 }),
        (uses, limitKib) => {
          const shards = uses.map((use, row) => ({ row, use }));
          let kib = 0;
          for (const [row, left] of floors(shards, tierKib, limitKib)) {
            for (const [tier, count] of left.entries()) {
              expect(count).toBeLessThanOrEqual(uses[row][tier]);
              kib += count * KIB[tier];
            }
          }
          expect(kib).toBeLessThanOrEqual(limitKib / 10);
        },
      ),
    );
  });
});
