import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { corrected } from '../../src/report/coordinated-omission.ts';
import { cutOfSeries, type Merged, valueAt } from '../../src/report/histograms.ts';
import { createWideHistogram, type WideHistogram } from '../../src/telemetry/hdr.ts';

const cut = cutOfSeries('latency/waited/large');

function merged(records: readonly (readonly [value: number, count: number])[]): Merged {
  const histogram = createWideHistogram(cut);
  for (const [value, count] of records) histogram.recordValueWithCount(value, count);
  return {
    histogram,
    max: Math.max(0, ...records.map(([value]) => value)),
    sum: records.reduce((sum, [value, count]) => sum + value * count, 0),
  };
}

function countsIn(histogram: WideHistogram): number[] {
  return Array.from((histogram as unknown as { _counts: Float64Array })._counts);
}

function byLibrary({ histogram }: Merged, interval: number): WideHistogram {
  const copy = createWideHistogram(cut) as WideHistogram & {
    addWhileCorrectingForCoordinatedOmission(from: WideHistogram, interval: number): void;
  };
  copy.addWhileCorrectingForCoordinatedOmission(histogram, interval);
  return copy;
}

describe('a corrected distribution', () => {
  it('is what the library makes of it, one missing request after the other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000_000 }), fc.integer({ min: 1, max: 90 })), {
          maxLength: 20,
        }),
        fc.integer({ min: 500, max: 3_000_000 }),
        (records, interval) => {
          const raw = merged(records);
          const { histogram } = corrected(raw, cut, interval);
          expect(countsIn(histogram)).toEqual(countsIn(byLibrary(raw, interval)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has the requests that were held up: one of 100 ms at one every 10 ms is ten', () => {
    const raw = merged([
      [1000, 990],
      [100e6, 1],
    ]);
    const whole = corrected(raw, cut, 10e6);
    expect(whole.histogram.totalCount).toBe(1000);
    expect(valueAt(raw, 99.5)).toBeLessThan(1010);
    expect(valueAt(whole, 99.5)).toBeGreaterThan(50e6 * 0.99);
    expect(whole.max).toBe(100e6);
    expect(whole.sum / (raw.sum + 450e6)).toBeCloseTo(1, 2);
  });

  it('is the same where nothing took longer than the interval', () => {
    const raw = merged([[1000, 3]]);
    expect(countsIn(corrected(raw, cut, 1e6).histogram)).toEqual(countsIn(raw.histogram));
  });

  it('takes no longer for a short interval, however many requests are missing', () => {
    const raw = merged(Array.from({ length: 600 }, (_, at) => [1e8 * (at + 1), 1] as const));
    const { histogram, sum } = corrected(raw, cut, 1);
    expect(histogram.totalCount / (raw.sum + 600)).toBeCloseTo(1, 2);
    expect(Number.isFinite(sum)).toBe(true);
  });
});
