import { describe, expect, it } from 'vitest';
import { Rates } from '../../src/telemetry/rates.ts';

type Reading = readonly [nowMs: number, acquires: number, allocatedBytes: number, freedBytes: number];

function ratesAfter(readings: readonly Reading[]): [requests: number, turnover: number] {
  const rates = new Rates(1000);
  for (const [nowMs, acquires, allocatedBytes, freedBytes] of readings)
    rates.roll(nowMs, { acquires, allocatedBytes, freedBytes });
  return [rates.requestsPerSecond, rates.turnoverBytesPerSecond];
}

describe('rates', () => {
  it.each<[string, Reading[], requests: number, turnover: number]>([
    ['are 0 before the first interval has ended', [], 0, 0],
    ['count the first interval from the start', [[3000, 10, 4096, 0]], 5, 2048],
    ['count what was freed as well as what was allocated', [[2000, 1, 4096, 1024]], 1, 5120],
    [
      'are of the last interval only, whatever its length',
      [
        [2000, 100, 8192, 0],
        [2500, 104, 8192, 2048],
      ],
      8,
      4096,
    ],
    [
      'are 0 again when nothing happened',
      [
        [2000, 100, 8192, 4096],
        [3000, 100, 8192, 4096],
      ],
      0,
      0,
    ],
    [
      'stay as they were where no time went by',
      [
        [2000, 7, 512, 0],
        [2000, 9, 1024, 0],
      ],
      7,
      512,
    ],
    [
      'stay as they were where the clock was set back',
      [
        [2000, 7, 512, 0],
        [1500, 9, 1024, 0],
      ],
      7,
      512,
    ],
    [
      'count in the next interval what came in one without time',
      [
        [2000, 7, 512, 0],
        [2000, 9, 1024, 0],
        [3000, 10, 1024, 512],
      ],
      3,
      1024,
    ],
  ])('%s', (_rule, readings, requests, turnover) => {
    expect(ratesAfter(readings)).toEqual([requests, turnover]);
  });
});
