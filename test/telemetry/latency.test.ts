import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAUSES, FRESH, HIT } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import {
  type LatencyInterval,
  LatencyRecorder,
  type LatencyStats,
  LatencyTotals,
} from '../../src/telemetry/latency.ts';

interface Sample {
  readonly cause: number;
  readonly tier: number;
  readonly nanoseconds: number;
  readonly weight: number;
}

const LONGER_THAN_THE_RING = 4096 + 7;

/** Log-uniform over the whole range, where plain integers would nearly all be seconds. */
const nanoseconds = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 34 }), fc.double({ min: 1, max: 2, noNaN: true }))
    .map(([exponent, factor]) => Math.round(2 ** exponent * factor)),
  fc.constantFrom(1, 255, 256, 257, 60e9 - 1, 60e9),
);

const sample: fc.Arbitrary<Sample> = fc.record({
  cause: fc.integer({ min: 0, max: CAUSES.length - 1 }),
  tier: fc.integer({ min: 0, max: 3 }),
  nanoseconds,
  weight: fc.oneof(fc.constant(1), fc.constant(64), fc.integer({ min: 1, max: 2 ** 32 })),
});

/** The value at a percentile of the raw samples, by nearest rank, each repeated as often as its weight. */
function percentileOf(samples: readonly Sample[], percentile: number): number {
  const sorted = samples.toSorted((a, b) => a.nanoseconds - b.nanoseconds);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  // As HdrHistogram does: a rank that is whole but for the rounding of doubles is whole.
  const exact = (percentile / 100) * total;
  const rank = Math.max(1, Math.ceil(exact - exact * Number.EPSILON));
  let seen = 0;
  for (const { nanoseconds, weight } of sorted) {
    seen += weight;
    if (seen >= rank) return nanoseconds;
  }
  throw new Error('no samples');
}

function expectStats(stats: LatencyStats, samples: readonly Sample[]): void {
  expect(stats.count).toBe(samples.reduce((sum, { weight }) => sum + weight, 0));
  expect(stats.max).toBe(Math.max(...samples.map((one) => one.nanoseconds)));
  for (const [name, percentile] of [
    ['p50', 50],
    ['p90', 90],
    ['p99', 99],
    ['p999', 99.9],
  ] as const) {
    const exact = percentileOf(samples, percentile);
    expect(stats[name]).toBeGreaterThanOrEqual(exact);
    expect(stats[name]).toBeLessThanOrEqual(exact * 1.01);
  }
}

function recordAll(recorder: LatencyRecorder, samples: readonly Sample[]): void {
  for (const { cause, tier, nanoseconds, weight } of samples)
    recorder.record(cause, tier, nanoseconds, weight);
}

/** As a message to another thread would be. */
function publish(recorder: LatencyRecorder): LatencyInterval | null {
  return structuredClone(recorder.publish());
}

function totalsOf(...intervals: (LatencyInterval | null)[]): LatencyTotals {
  const totals = new LatencyTotals();
  for (const interval of intervals) if (interval !== null) totals.merge(interval);
  return totals;
}

function repeatTo<T>(length: number, items: readonly T[]): T[] {
  return Array.from({ length }, (_, index) => items[index % items.length]);
}

describe('latency', () => {
  it.each([
    { path: 'raw records', length: undefined },
    { path: 'encoded histograms', length: LONGER_THAN_THE_RING },
  ])('is summarized to two digits from several recorders by way of $path', ({ length }) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(sample, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }),
        (threads) => {
          const samples = threads.map((own) => (length === undefined ? own : repeatTo(length, own)));
          const intervals = samples.map((own) => {
            const recorder = new LatencyRecorder();
            recordAll(recorder, own);
            return publish(recorder);
          });
          expect(intervals.some((one) => one!.histograms.length > 0)).toBe(length !== undefined);

          const summary = totalsOf(...intervals).summarize();
          const all = samples.flat();
          for (const [cause, name] of CAUSES.entries()) {
            const ofCause = all.filter((one) => one.cause === cause);
            if (ofCause.length > 0) expectStats(summary.byCause[name], ofCause);
            else expect(summary.byCause[name]).toEqual({ count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
            for (const [tier, tierName] of TIER_NAMES.entries()) {
              const ofTier = ofCause.filter((one) => one.tier === tier);
              if (ofTier.length > 0) expectStats(summary.byTier[tierName][name]!, ofTier);
              else expect(summary.byTier[tierName][name]).toBeUndefined();
            }
          }
          expect(summary.clipped).toBe(0);
        },
      ),
      { numRuns: length === undefined ? 100 : 10 },
    );
  });

  it('is published once: the next interval starts empty, and null says that there is none', () => {
    for (const length of [3, LONGER_THAN_THE_RING]) {
      const recorder = new LatencyRecorder();
      expect(recorder.publish()).toBeNull();
      recordAll(recorder, repeatTo(length, [{ cause: HIT, tier: 0, nanoseconds: 90, weight: 1 }]));
      const first = publish(recorder);
      expect(recorder.publish()).toBeNull();
      recorder.record(FRESH, 1, 5000, 1);
      const summary = totalsOf(first, publish(recorder)).summarize();
      expect(summary.byCause.hit).toMatchObject({ count: length, max: 90 });
      expect(summary.byCause.fresh).toMatchObject({ count: 1, max: 5000 });
    }
  });

  it.each([3, LONGER_THAN_THE_RING])('counts nothing twice in intervals of %i records each', (length) => {
    const recorder = new LatencyRecorder();
    const totals = new LatencyTotals();
    for (let interval = 0; interval < 3; interval++) {
      recordAll(recorder, repeatTo(length, [{ cause: HIT, tier: 0, nanoseconds: -1, weight: 1 }]));
      totals.merge(publish(recorder)!);
    }
    expect(totals.summarize()).toMatchObject({
      byCause: { hit: { count: 3 * length } },
      clipped: 3 * length,
    });
  });

  it('keeps every interval of a long run', () => {
    const totals = new LatencyTotals();
    const recorder = new LatencyRecorder();
    for (let interval = 1; interval <= 200; interval++) {
      recorder.record(HIT, 2, interval, 64);
      totals.merge(recorder.publish()!);
    }
    expect(totals.summarize().byCause.hit).toMatchObject({ count: 200 * 64, p50: 100, max: 200 });
    expect(totals.summarize().byCause.hit.count).toBe(200 * 64);
  });

  it.each([
    { case: 'rounds to whole nanoseconds', value: 41.6, recorded: 42, clipped: 0 },
    { case: 'takes what a coarse clock read as nothing for 1 ns', value: 0, recorded: 1, clipped: 0 },
    { case: 'clips what is negative', value: -5, recorded: 1, clipped: 1 },
    { case: 'clips what is not a number', value: Number.NaN, recorded: 1, clipped: 1 },
    { case: 'keeps a whole minute', value: 60e9, recorded: 60e9, clipped: 0 },
    { case: 'clips what took longer than a minute', value: 61e9, recorded: 60e9, clipped: 1 },
    { case: 'clips infinity', value: Number.POSITIVE_INFINITY, recorded: 60e9, clipped: 1 },
  ])('$case', ({ value, recorded, clipped }) => {
    for (const length of [1, LONGER_THAN_THE_RING]) {
      const recorder = new LatencyRecorder();
      for (let index = 0; index < length; index++) recorder.record(FRESH, 1, value, 1);
      const summary = totalsOf(publish(recorder)).summarize();
      expect(summary.byCause.fresh).toMatchObject({ count: length, p50: recorded, max: recorded });
      expect(summary.clipped).toBe(clipped * length);
    }
  });

  it.each([0, -1, Number.NaN, 2 ** 33])('clips a weight of %s', (weight) => {
    const recorder = new LatencyRecorder();
    recorder.record(HIT, 0, 10, weight);
    const summary = totalsOf(publish(recorder)).summarize();
    expect(summary.byCause.hit.count).toBe(weight > 1 ? 2 ** 32 : 1);
    expect(summary.clipped).toBe(1);
  });

  it('does not wrap a count that passes 2^32 within one interval', () => {
    const recorder = new LatencyRecorder();
    for (let index = 0; index < LONGER_THAN_THE_RING; index++) recorder.record(HIT, 0, 77, 2 ** 31);
    const summary = totalsOf(publish(recorder)).summarize();
    expect(summary.byCause.hit.count).toBe(LONGER_THAN_THE_RING * 2 ** 31);
  });

  it('shows exact counts where it is given them and leaves the percentiles alone', () => {
    const recorder = new LatencyRecorder();
    recorder.record(HIT, 0, 30, 64);
    recorder.record(FRESH, 0, 3000, 1);
    const summary = totalsOf(publish(recorder)).summarize({ hit: 1234, refused: 2 });
    expect(summary.byCause.hit).toMatchObject({ count: 1234, p50: 30 });
    expect(summary.byCause.fresh.count).toBe(1);
    expect(summary.byCause.refused).toEqual({ count: 2, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
  });

  it.each([
    [CAUSES.length, 0],
    [-1, 0],
    [0, 4],
    [0, -1],
  ])('refuses cause %i with tier %i', (cause, tier) => {
    expect(() => new LatencyRecorder().record(cause, tier, 1, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('loads no histogram library before it has to', () => {
    const script = `
      import { createRequire } from 'node:module';
      import { LatencyRecorder, LatencyTotals } from ${JSON.stringify(new URL('../../src/telemetry/latency.ts', import.meta.url).href)};
      const cache = createRequire(import.meta.url).cache;
      const loaded = (name) => Object.keys(cache).some((file) => file.includes(name));
      const [recorder, totals] = [new LatencyRecorder(), new LatencyTotals()];
      const seen = [];
      for (let n = 0; n < 4000; n++) recorder.record(0, 0, 30, 64);
      totals.merge(recorder.publish());
      seen.push(loaded('hdr-histogram-js'));
      totals.summarize();
      seen.push(loaded('hdr-histogram-js'), loaded('pako'));
      console.log(JSON.stringify(seen));
    `;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual([false, true, false]);
  });
});
