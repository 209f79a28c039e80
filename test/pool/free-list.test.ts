import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeList, IDLE, IDLE_HIGH, IDLE_LOW, IDLE_PEAK, LIST_WORDS } from '../../src/pool/free-list.ts';
import { Store } from '../../src/pool/store.ts';

const UNTOUCHED = -7;

describe('a free list', () => {
  it('keeps up to its quota, last in first out, what goes back last, and publishes its length and marks in its own words', () => {
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.constant('push' as const) },
      { weight: 4, arbitrary: fc.constant('pop' as const) },
      { weight: 2, arbitrary: fc.constantFrom('return to 1' as const, 'return to 2' as const) },
      { weight: 1, arbitrary: fc.constantFrom('take for 1' as const, 'take for 2' as const) },
      { weight: 1, arbitrary: fc.constant('reset' as const) },
      { weight: 1, arbitrary: fc.nat({ max: 6 }) },
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const words = new Int32Array(LIST_WORDS + 2).fill(UNTOUCHED);
        const own = words.subarray(1, 1 + LIST_WORDS).fill(0);
        const list = new FreeList(3, 1);
        const kept: Store[] = [];
        const back: Store[] = [];
        const all = () => kept.length + back.length;
        let [low, high, peak] = [0, 0, 0];
        for (const one of acts) {
          const length = all();
          if (one === 'push') {
            const store = new Store(new ArrayBuffer(8), 0);
            const room = all() < list.quota;
            expect(list.push(store, words)).toBe(room);
            if (room) kept.push(store);
          } else if (one === 'pop') {
            const own = kept.pop();
            const taken = list.pop(words);
            if (own !== undefined) expect(taken).toBe(own);
            else if (back.length === 0) expect(taken).toBeUndefined();
            else {
              // Anybody's, and nobody's from now on.
              expect(back.splice(back.indexOf(taken!), 1)).toEqual([taken]);
              expect([taken?.origin, taken?.plain]).toEqual([0, true]);
            }
            if (taken !== undefined) low = Math.min(low, all());
          } else if (one === 'return to 1' || one === 'return to 2') {
            const store = new Store(new ArrayBuffer(8), 0, 0, Number(one.at(-1)));
            const room = all() < list.quota;
            expect(list.pushReturn(store, words)).toBe(room);
            if (room) back.push(store);
          } else if (one === 'take for 1' || one === 'take for 2') {
            const due = back.filter(({ origin }) => origin === Number(one.at(-1)));
            expect(list.takeReturns(Number(one.at(-1)), words)).toEqual(due);
            for (const store of due) back.splice(back.indexOf(store), 1);
            if (due.length > 0) low = Math.min(low, all());
          } else if (one === 'reset') {
            // As the coordinator does it after each round.
            own[IDLE_LOW] = low = 0x7fffffff;
            own[IDLE_HIGH] = high = 0;
          } else list.quota = one;
          if (all() > length) {
            high = Math.max(high, all());
            peak = Math.max(peak, all());
          }
          expect(list.length).toBe(all());
          const published = [own[IDLE], own[IDLE_LOW], own[IDLE_HIGH], own[IDLE_PEAK]];
          expect(published).toEqual([all(), low, high, peak]);
          const seen: Store[] = [];
          list.some((store) => seen.push(store) < 0);
          expect(seen.slice(0, kept.length)).toEqual(kept);
          expect(new Set(seen.slice(kept.length))).toEqual(new Set(back));
        }
        expect([words[0], words.at(-1)]).toEqual([UNTOUCHED, UNTOUCHED]);
      }),
    );
  });
});
