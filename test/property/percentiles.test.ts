/**
 * Percentiles of a recording beside those of the values themselves, all the way from a thread's recorder to a
 * reader's histogram.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CAUSES, HIT } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import { merge, valueAt } from '../../src/report/histograms.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import type { SeriesName } from '../../src/telemetry/recording/lines.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import { percentileOf, type Sample } from '../telemetry/percentiles.ts';
import { makeStand, START_MS } from '../telemetry/recording/stand.ts';

const DAY_NS = 24 * 3600e9;

/** Log-uniform: plain integers would nearly all be huge. */
function upTo(highest: number): fc.Arbitrary<number> {
  const exponent = fc.integer({ min: 0, max: Math.floor(Math.log2(highest)) - 1 });
  return fc.oneof(
    fc
      .tuple(exponent, fc.double({ min: 1, max: 2, noNaN: true }))
      .map(([at, factor]) => Math.round(2 ** at * factor)),
    fc.constantFrom(1, 255, 256, 257, highest - 1, highest),
  );
}

const thread = fc.integer({ min: 0, max: 2 });
const tier = fc.integer({ min: 0, max: 3 });
const weight = fc.constantFrom(1, 64, 4096);
const step = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      ...{ do: fc.constant('request' as const), thread, cause: fc.nat({ max: CAUSES.length - 1 }), tier },
      ...{ value: upTo(60e9), weight, bytes: upTo(2 ** 40) },
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('lifetime' as const), thread, tier, value: upTo(DAY_NS), weight }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('task' as const), thread, value: upTo(DAY_NS / 1e6) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      ...{
        do: fc.constant('gc' as const),
        thread,
        kind: fc.nat({ max: GC_KINDS.length - 1 }),
        value: upTo(60e9),
      },
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const), thread }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flood' as const), thread, value: upTo(60e9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('interval' as const) }) },
);

/** More than a recorder keeps before it folds them. */
const FLOOD = 5000;

it('of every series and thread equal those of the sorted values to two digits, with exact counts, sums and maxima', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
      const stand = makeStand();
      try {
        const recorders = [new Recorder(), new Recorder(), new Recorder()];
        const expected = new Map<SeriesName, Sample[][]>();
        const expectValue = (name: SeriesName, thread: number, value: number, weight: number): void => {
          const byThread = expected.get(name) ?? [[], [], []];
          expected.set(name, byThread);
          byThread[thread].push({ value, weight });
        };
        const publish = (thread: number): void => {
          const interval = recorders[thread].publish();
          if (interval !== null) stand.recording.published(interval, thread);
        };
        for (const one of steps) {
          if (one.do === 'request') {
            const { thread, cause, tier, value, weight, bytes } = one;
            recorders[thread].record(cause, tier, value, weight, bytes, 4096);
            expectValue(`latency/${CAUSES[cause]}/${TIER_NAMES[tier]}`, thread, value, weight);
            expectValue(`size/${TIER_NAMES[tier]}`, thread, bytes, weight);
          } else if (one.do === 'lifetime') {
            recorders[one.thread].lifetime(one.tier, one.value, one.weight);
            expectValue(`lifetime/${TIER_NAMES[one.tier]}`, one.thread, one.value, one.weight);
          } else if (one.do === 'gc') {
            recorders[one.thread].gc(one.kind, one.value);
            expectValue(`gc/${GC_KINDS[one.kind]}`, one.thread, one.value, 1);
          } else if (one.do === 'task') {
            const { thread: shard, value } = one;
            const startedMs = START_MS + value;
            const times = { acceptedMs: START_MS, startedMs, endedMs: startedMs + value };
            stand.recording.ended({ name: 'a', job: 0, tenant: '', shard, ...times, outcome: 'succeeded' });
            expectValue('queue', shard, value * 1e6, 1);
            expectValue('service', shard, value * 1e6, 1);
          } else if (one.do === 'flood') {
            for (let at = 0; at < FLOOD; at++) {
              const value = Math.max(1, Math.floor(one.value / (at + 1)));
              recorders[one.thread].record(HIT, 1, value, 64, 5000, 65_536);
              expectValue('latency/hit/medium', one.thread, value, 64);
              expectValue('size/medium', one.thread, 5000, 64);
            }
          } else if (one.do === 'publish') publish(one.thread);
          else stand.later(1000);
        }
        for (const thread of recorders.keys()) publish(thread);
        stand.later(60_000);
        const { intervals } = await stand.read();
        const recorded = new Set(intervals.flatMap(({ series }) => series.map(([name]) => name)));
        expect([...recorded].sort()).toEqual([...expected.keys()].sort());
        for (const [name, byThread] of expected) {
          for (const [thread, samples] of byThread.entries()) {
            if (samples.length > 0) expectSeries(name, samples, (_, shard) => shard === thread);
          }
          expectSeries(name, byThread.flat(), () => true);
        }

        function expectSeries(
          name: SeriesName,
          samples: readonly Sample[],
          pick: (series: SeriesName, shard: number) => boolean,
        ): void {
          const merged = merge(intervals, (series, shard) => series === name && pick(series, shard))!;
          expect(merged.histogram.totalCount).toBe(samples.reduce((sum, { weight }) => sum + weight, 0));
          const max = Math.max(...samples.map(({ value }) => value));
          expect(merged.max).toBe(max);
          const sum = samples.reduce((total, { value, weight }) => total + value * weight, 0);
          expect(Math.abs(merged.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
          for (const percentile of [50, 90, 99, 99.9, 100]) {
            const exact = percentileOf(samples, percentile);
            expect(valueAt(merged, percentile)).toBeGreaterThanOrEqual(exact);
            // Pauses are told apart to a microsecond at best.
            const unit = name.startsWith('gc/') ? 1000 : 1;
            expect(valueAt(merged, percentile)).toBeLessThanOrEqual(Math.min(max, exact * 1.01 + (unit - 1)));
          }
        }
      } finally {
        stand.remove();
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
