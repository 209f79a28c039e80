import { describe, expect, it } from 'vitest';
import { REFUSED } from '../../src/pool/causes.ts';
import { Totals } from '../../src/telemetry/totals.ts';
import { hit, intervalOf, LONGER_THAN_THE_RING, repeatTo, waited } from './entries.ts';

describe('the p99 of requests that did not hit', () => {
  const slow = Array.from({ length: 200 }, (_, at) => waited(1000 * (at + 1)));

  it.each([
    { case: 'no interval has ended', before: [], ended: null, expected: null },
    { case: 'nothing was recorded', before: [], ended: [], expected: null },
    { case: 'all were hits', before: [], ended: [hit(5e9)], expected: null },
    { case: 'they were in an earlier interval', before: slow, ended: [hit(5)], expected: null },
    { case: 'hits were slower', before: [], ended: [...slow, hit(5e9, 64)], expected: 198_000 },
    { case: 'one stands for many', before: [], ended: [waited(7, 99), waited(9, 1)], expected: 7 },
    {
      case: 'a little more than 1 in 100 took longer',
      before: [],
      ended: [waited(7, 98), waited(9, 1)],
      expected: 9,
    },
    {
      case: 'one was refused',
      before: [],
      ended: [{ of: 'request', cause: REFUSED, tier: 3, value: 5e9, weight: 1, bytes: 1, capacity: 0 }],
      expected: 5e9,
    },
  ] as const)('is $expected when $case', ({ before, ended, expected }) => {
    const totals = new Totals();
    if (before.length > 0) totals.merge(intervalOf(before), 1);
    if (ended !== null) totals.roll();
    if (ended !== null && ended.length > 0) totals.merge(intervalOf(ended), 1);
    if (ended !== null) totals.roll();
    totals.merge(intervalOf([waited(17)]), 1);
    expect(totals.intervalP99()).toBe(expected);
    expect(totals.intervalP99()).toBe(expected);
  });

  it('is that of the interval that ended last', () => {
    const totals = new Totals();
    for (const [value, before] of [
      [7, null],
      [9, 7],
      [8, 9],
    ] as const) {
      totals.merge(intervalOf([waited(value)]), 1);
      expect(totals.intervalP99()).toBe(before);
      totals.roll();
    }
    expect(totals.intervalP99()).toBe(8);
  });

  it('is the same to two digits once the records are in histograms, on either side', () => {
    const read = new Totals();
    read.merge(intervalOf(slow), 1);
    read.roll();
    read.lastInterval.latency();
    const overflowed = new Totals();
    overflowed.merge(intervalOf(repeatTo(LONGER_THAN_THE_RING, slow)), 1);
    overflowed.roll();
    for (const totals of [read, overflowed]) {
      expect(totals.intervalP99()).toBeGreaterThanOrEqual(198_000);
      expect(totals.intervalP99()).toBeLessThanOrEqual(198_000 * 1.01);
    }
  });
});
