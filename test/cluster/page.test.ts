import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halves, type PageRef, pageKey, pageOfKey, pageOfMessage } from '../../src/cluster/page.ts';

const part = fc.option(
  fc.tuple(fc.nat(400), fc.integer({ min: 1, max: 400 })).map(([from, more]) => ({ from, to: from + more })),
  { nil: undefined },
);
const refs = fc
  .record({ round: fc.nat(20), page: fc.nat(20_000_000), part })
  .map(({ round, page, part }): PageRef => ({ round, page, ...(part && { part }) }));

describe('a page', () => {
  it('is found by its key', () => {
    fc.assert(fc.property(refs, (ref) => void expect(pageOfKey(pageKey(ref))).toEqual(ref)));
    for (const other of ['', 'list-0', 'r0', 'r0-', 'r-1', 'r0-0000001-2', '1']) {
      expect(pageOfKey(other)).toBeNull();
    }
  });

  it('is what the name of its message says', () => {
    const list: PageRef = { round: 3, page: 0, lists: true };
    fc.assert(fc.property(refs, (ref) => void expect(pageOfMessage(pageKey(ref))).toEqual(ref)));
    expect(pageOfMessage(pageKey(list))).toEqual(list);
    for (const other of ['', '17', 'list-', 'list-0-1']) expect(pageOfMessage(other)).toBeNull();
  });

  it('is split into parts that hold each of its files once, down to single files', () => {
    fc.assert(
      fc.property(refs, fc.integer({ min: 1, max: 600 }), (ref, count) => {
        const { from, to } = ref.part ?? { from: 0, to: count };
        const parts = [ref];
        const files: number[] = [];
        while (parts.length > 0) {
          const one = parts.pop() as PageRef;
          const two = halves(one, count);
          if (two.length === 0) files.push(one.part?.from ?? 0);
          parts.push(...two);
        }
        expect(files.sort((a, b) => a - b)).toEqual(Array.from({ length: to - from }, (_, at) => from + at));
      }),
    );
  });
});
