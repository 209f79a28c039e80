import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoadMeter } from '../../src/machine/load-meter.ts';

type Sample = readonly [busy: number, all: number, nowMs: number];

function meter(samples: readonly Sample[], smoothingMs = 1000): LoadMeter {
  const meter = new LoadMeter(smoothingMs);
  for (const sample of samples) meter.observe(...sample);
  return meter;
}

describe('a load', () => {
  it.each<[string, Sample[], number | null]>([
    ['is unknown before any sample', [], null],
    ['is unknown after one', [[5, 10, 0]], null],
    [
      'is the busy part of what went by',
      [
        [5, 10, 0],
        [6, 14, 100],
      ],
      0.25,
    ],
    [
      'is that of the last interval',
      [
        [0, 0, 0],
        [10, 10, 100],
        [10, 20, 200],
      ],
      0,
    ],
    [
      'is kept while nothing went by',
      [
        [0, 0, 0],
        [4, 8, 100],
        [5, 8, 100],
      ],
      0.5,
    ],
    [
      'counts what happened while nothing went by',
      [
        [0, 0, 0],
        [1, 0, 0],
        [2, 4, 100],
      ],
      0.5,
    ],
    [
      'is 1 at most',
      [
        [0, 0, 0],
        [11, 10, 100],
      ],
      1,
    ],
    [
      'is kept when totals fall, as another thread counts there now',
      [
        [0, 0, 0],
        [4, 8, 100],
        [0, 1, 200],
      ],
      0.5,
    ],
    [
      'goes on from totals that fell',
      [
        [50, 90, 0],
        [54, 98, 100],
        [0, 1, 200],
        [1, 5, 300],
      ],
      0.25,
    ],
    [
      'goes on from a busy total that fell alone',
      [
        [50, 90, 0],
        [4, 98, 100],
        [5, 102, 200],
      ],
      0.25,
    ],
    [
      'goes on after a clock that was set back',
      [
        [0, 0, 500],
        [1, 4, 100],
        [2, 6, 200],
      ],
      0.5,
    ],
    [
      'is not moved by what is no number',
      [
        [0, 0, 0],
        [4, 8, 100],
        [Number.NaN, 9, 200],
        [5, Number.NaN, 200],
        [5, 9, Number.NaN],
      ],
      0.5,
    ],
  ])('%s', (_what, samples, raw) => {
    expect(meter(samples).load.raw).toBe(raw);
  });

  it('begins smoothed with its first value', () => {
    expect(
      meter([
        [0, 0, 0],
        [8, 10, 100],
      ]).smoothed,
    ).toBe(0.8);
  });

  it('comes through to 63 % after one time constant, however many samples that took', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }), (gaps) => {
        const smoothingMs = gaps.reduce((sum, gap) => sum + gap, 0);
        const step = new LoadMeter(smoothingMs);
        step.observe(0, 0, 0);
        step.observe(0, 1000, 1000);
        let passedMs = 0;
        for (const gap of gaps) {
          passedMs += gap;
          step.observe(passedMs, 1000 + passedMs, 1000 + passedMs);
        }
        expect(step.smoothed).toBeCloseTo(1 - 1 / Math.E, 9);
      }),
    );
  });

  it('after a restart is that of the first interval, and stays as it was until then', () => {
    const restarted = meter([
      [0, 0, 0],
      [100, 100, 100],
    ]);
    restarted.restart();
    // An hour, in which the process was busy with other things.
    restarted.observe(3_000_000, 3_600_000, 3_600_000);
    expect(restarted.load).toEqual({ raw: 1, smoothed: 1 });
    restarted.observe(3_000_020, 3_600_200, 3_600_200);
    expect(restarted.load).toEqual({ raw: 0.1, smoothed: 0.1 });
    restarted.observe(3_000_220, 3_600_400, 3_600_400);
    expect(restarted.smoothed).toBeCloseTo(0.1 + (1 - Math.exp(-0.2)) * 0.9, 9);
  });

  it('stays between 0 and 1 whatever it is told', () => {
    const number = fc.oneof(
      fc.double({ min: -1e15, max: 1e15 }),
      fc.integer({ min: 0, max: 9 }),
      fc.constant(Number.NaN),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number, number)), (samples) => {
        const { raw, smoothed } = meter(samples).load;
        for (const share of [raw, smoothed]) {
          if (share === null) continue;
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
