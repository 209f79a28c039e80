import { expect, it } from 'vitest';
import { formatNanoseconds, formatSeconds } from '../../src/text/durations.ts';

it.each([
  [0, '0 ns', '0 ns'],
  [0.5, '0.5 ns', '1 ns'],
  [40, '40 ns', '40 ns'],
  [999.6, '1 us', '1000 ns'],
  [1000, '1 us', '1.0 us'],
  [6015, '6.02 us', '6.0 us'],
  [180_000, '180 us', '180.0 us'],
  [999_960, '1 ms', '1000.0 us'],
  [12_345_678, '12.3 ms', '12.3 ms'],
  [1.25e9, '1.25 s', '1.3 s'],
  [90e9, '90 s', '90.0 s'],
])('%f ns is %s, and in a column %s', (nanoseconds, digits, column) => {
  expect([formatNanoseconds(nanoseconds), formatNanoseconds(nanoseconds, 'column')]).toEqual([
    digits,
    column,
  ]);
});

it.each([
  [0, '0.0 s', '0 s', '0 s', '0 s'],
  [7.52, '7.5 s', '8 s', '8 s', '7.52 s'],
  [59.94, '59.9 s', '60 s', '60 s', '59.9 s'],
  [60, '1 min 0 s', '1 min', '60 s', '1:00 min'],
  [120.1, '2 min 0 s', '2 min', '3 min', '2:00 min'],
  [462.2, '7 min 42 s', '8 min', '8 min', '7:42 min'],
  [3605, '1 h 0 min 5 s', '1 h 0 min', '61 min', '1:00:05 h'],
  [7201, '2 h 0 min 1 s', '2 h 0 min', '3 h', '2:00:01 h'],
  [86_398.6, '23 h 59 min 59 s', '24 h 0 min', '24 h', '23:59:59 h'],
])('%f s is %s, coarsely %s, at least %s, by the clock %s', (seconds, exact, ...others) => {
  expect(formatSeconds(seconds)).toBe(exact);
  expect((['coarse', 'atLeast', 'clock'] as const).map((form) => formatSeconds(seconds, form))).toEqual(
    others,
  );
});
