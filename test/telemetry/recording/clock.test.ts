import { expect, it } from 'vitest';
import { measureClock } from '../../../src/telemetry/recording/clock.ts';

/** A clock that moves on by a step every second time that it is read. */
function stepping(nanoseconds: number): () => number {
  let reads = 0;
  return () => Math.floor(reads++ / 2) * nanoseconds;
}

it('the resolution of a clock is its least step, and a read costs what the clock says in the mean', () => {
  expect(measureClock(stepping(100))).toMatchObject({ resolutionNanoseconds: 100, readNanoseconds: 50 });
  expect(measureClock(stepping(0))).toEqual({
    ...{ resolutionNanoseconds: 0, readNanoseconds: 0, recordNanoseconds: 0 },
  });
});

it('the real clock has figures', () => {
  const figures = measureClock(() => performance.now() * 1e6);
  for (const figure of Object.values(figures)) {
    expect(Number.isInteger(figure)).toBe(true);
    expect(figure).toBeGreaterThan(0);
  }
});
