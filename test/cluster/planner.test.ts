import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ManifestFile, Planner, predictedSeconds } from '../../src/cluster/planner.ts';

const files = fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { maxLength: 300 }).map((all) =>
  all.map(
    (estimatedSeconds, at): ManifestFile => ({
      ...{ input: `/in/${at}`, output: `${at}`, bytes: 1, estimatedSeconds, replaces: false, isOther: false },
    }),
  ),
);

it('pages hold all files in their order, and none comes to more work than was asked for but for its last', () => {
  fc.assert(
    fc.property(
      files,
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      (all, workSeconds, mostFiles) => {
        const planner = new Planner({ workSeconds, mostFiles });
        const pages = all.flatMap((file) => [planner.add(file)].filter((page) => page !== null));
        const last = planner.end();
        if (last !== null) pages.push(last);
        expect(pages.flat()).toEqual(all);
        for (const page of pages) {
          expect(page.length).toBeLessThanOrEqual(mostFiles);
          const before = page.slice(0, -1).reduce((sum, file) => sum + predictedSeconds(file), 0);
          expect(before).toBeLessThan(workSeconds);
        }
        // None but the last is smaller than it has to be.
        for (const page of pages.slice(0, -1)) {
          const work = page.reduce((sum, file) => sum + predictedSeconds(file), 0);
          expect(page.length === mostFiles || work >= workSeconds).toBe(true);
        }
      },
    ),
  );
});
