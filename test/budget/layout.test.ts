import { describe, expect, it } from 'vitest';
import * as layout from '../../src/budget/layout.ts';
import { CAUSES } from '../../src/pool/causes.ts';
import { LIST_WORDS } from '../../src/pool/free-list.ts';
import { POOLED_TIERS, TIER_NAMES } from '../../src/pool/tiers.ts';

const TIERS = TIER_NAMES.length;

/** Each index that a table of first index and length takes, in order. */
function taken(places: readonly (readonly [first: number, length: number])[]): number[] {
  return places.flatMap(([first, length]) => Array.from({ length }, (_, at) => first + at));
}

describe('the words of the ledger', () => {
  it.each([
    [
      'header',
      layout.rowWord(0),
      taken(
        [
          layout.BUDGET,
          layout.MOVES,
          layout.WAKE,
          layout.STARVED,
          layout.HUNGER,
          layout.PEAK,
          layout.BLOCK,
          layout.CRITICAL,
          layout.TELL,
          layout.TURNS,
        ].map((word) => [word, 1]),
      ),
    ],
    [
      'row',
      layout.ROW_WORDS,
      taken([
        [layout.CHARGED, 1],
        [layout.OWNER, 1],
        [layout.MAIL, 1],
        [layout.CANCELS, 1],
        [layout.PROGRESS, 1],
        [layout.STARVING, 1],
        [layout.STARVING_TIER, 1],
        [layout.LISTS, POOLED_TIERS * LIST_WORDS],
        [layout.QUOTA, POOLED_TIERS],
        [layout.DECLARED, 1],
        [layout.REFUSED_AT, 1],
        [layout.LONGEST_BLOCK, 1],
        [layout.MAIL_READ, 1],
        [layout.BEGUN, 1],
        [layout.LONGEST_TASK, 1],
        [layout.MOST_UNREAD, 1],
        [layout.EMITTED, 1],
        [layout.READ, 1],
        [layout.TURN, 1],
        [layout.POSTING, 1],
      ]),
    ],
    [
      'counters of a row',
      layout.COUNTERS,
      taken([
        [layout.SERVED, CAUSES.length * TIERS],
        [layout.RELEASES, TIERS],
        [layout.OVERFLOWS, TIERS],
        [layout.LEAKS, 1],
        [layout.QUARANTINED, 1],
        [layout.HELD, TIERS],
        [layout.ALLOCATIONS, TIERS],
        [layout.ALLOCATED, TIERS],
        [layout.FREED, TIERS],
        [layout.PROCESSED, 1],
        [layout.FOREIGN, 1],
        [layout.SPENT, CAUSES.length],
      ]),
    ],
  ])('lie apart, and fit into the %s', (_where, room, places) => {
    expect(new Set(places).size).toBe(places.length);
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBeLessThan(room);
  });

  it('of two rows lie apart, in cache lines of their own, with their counters between them', () => {
    for (const row of [0, 1, 7]) {
      const [first, next] = [layout.rowWord(row) * 4, layout.rowWord(row + 1) * 4];
      expect(layout.rowCountersOffset(row)).toBe(first + layout.ROW_WORDS * 4);
      expect(next).toBe(layout.rowCountersOffset(row) + layout.COUNTERS * 8);
      expect([first % 64, next % 64]).toEqual([0, 0]);
      expect([layout.ledgerBytes(row + 1), layout.rowsIn(next)]).toEqual([next, row + 1]);
    }
  });
});
