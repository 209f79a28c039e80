import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeList, IDLE, IDLE_HIGH, IDLE_LOW, IDLE_PEAK, LIST_WORDS } from '../../src/pool/free-list.ts';
import { Store } from '../../src/pool/store.ts';

const UNTOUCHED = -7;

describe('a free list', () => {
  it('keeps up to its quota, last in first out, and publishes its length and marks in its own words', () => {
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.constant('push' as const) },
      { weight: 4, arbitrary: fc.constant('pop' as const) },
      { weight: 1, arbitrary: fc.constant('reset' as const) },
      { weight: 1, arbitrary: fc.nat({ max: 6 }) },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const words = new Int32Array(LIST_WORDS + 2).fill(UNTOUCHED);
        const own = words.subarray(1, 1 + LIST_WORDS).fill(0);
        const list = new FreeList(3, 1);
        const kept: Store[] = [];
        let [low, high, peak] = [0, 0, 0];
        for (const one of acts) {
          if (one === 'push') {
            const store = new Store(new ArrayBuffer(8), 0);
            const room = kept.length < list.quota;
            expect(list.push(store, words)).toBe(room);
            if (room) {
              kept.push(store);
              high = Math.max(high, kept.length);
              peak = Math.max(peak, kept.length);
            }
          } else if (one === 'pop') {
            const taken = kept.pop();
            expect(list.pop(words)).toBe(taken);
            if (taken !== undefined) low = Math.min(low, kept.length);
          } else if (one === 'reset') {
            // As the coordinator does it after each round.
            own[IDLE_LOW] = low = 0x7fffffff;
            own[IDLE_HIGH] = high = 0;
          } else list.quota = one;
          expect(list.length).toBe(kept.length);
          const published = [own[IDLE], own[IDLE_LOW], own[IDLE_HIGH], own[IDLE_PEAK]];
          expect(published).toEqual([kept.length, low, high, peak]);
          const seen: Store[] = [];
          list.some((store) => seen.push(store) < 0);
          expect(seen).toEqual(kept);
        }
        expect([words[0], words.at(-1)]).toEqual([UNTOUCHED, UNTOUCHED]);
      }),
    );
  });
});
