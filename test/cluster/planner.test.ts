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

const workOf = (some: readonly ManifestFile[]): number =>
  some.reduce((sum, file) => sum + predictedSeconds(file), 0);

function pagesOf(all: readonly ManifestFile[], workSeconds: number, mostFiles: number) {
  const planner = new Planner({ workSeconds, mostFiles });
  const pages = all.flatMap((file) => [planner.add(file)].filter((page) => page !== null));
  const last = planner.end();
  return last === null ? pages : [...pages, last];
}

it('pages hold all files in their order, and none comes to more work than was asked for but for its last', () => {
  fc.assert(
    fc.property(
      files,
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      (all, workSeconds, mostFiles) => {
        const pages = pagesOf(all, workSeconds, mostFiles);
        expect(pages.flat()).toEqual(all);
        let listed = 0;
        for (const [at, page] of pages.entries()) {
          expect(page.length).toBeLessThanOrEqual(mostFiles);
          expect(workOf(page.slice(0, -1))).toBeLessThan(workSeconds);
          // None but the last is smaller than it has to be, which the first ones are.
          const least = Math.min(workSeconds, Math.max(workSeconds / 16, listed / 32)) - 1e-9;
          if (at < pages.length - 1) expect(page.length === mostFiles || workOf(page) >= least).toBe(true);
          listed += workOf(page);
        }
      },
    ),
  );
});

it('a small batch has pages for many hosts, and a large one few that are small', () => {
  const clips = (count: number): ManifestFile[] =>
    Array.from({ length: count }, (_, at) => ({
      ...{
        input: `/in/${at}`,
        output: `${at}`,
        bytes: 1,
        estimatedSeconds: 3,
        replaces: false,
        isOther: false,
      },
    }));
  // 18 and 7,200 seconds of work.
  expect(pagesOf(clips(500), 8, 500).length).toBeGreaterThan(24);
  const large = pagesOf(clips(200_000), 8, 500).map(workOf);
  expect(large.filter((seconds) => seconds < 8).length).toBeLessThan(130);
  expect(large.length).toBeLessThan(1.12 * (7200 / 8));
});
