import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/bytes.ts';
import { CAUSES, FRESH, HIT, REFUSED, WAITED } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import type { Readings } from '../../src/telemetry/readings.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import { Totals } from '../../src/telemetry/totals.ts';
import {
  type Entry,
  entry,
  hit,
  intervalOf,
  LONGER_THAN_THE_RING,
  publish,
  recordAll,
  repeatTo,
  totalsOf,
  waited,
} from '../telemetry/entries.ts';
import { expectStats, NOTHING, type Sample } from '../telemetry/percentiles.ts';

const requests = (all: readonly Entry[]) => all.filter((one) => one.of === 'request');
const lifetimes = (all: readonly Entry[]) => all.filter((one) => one.of === 'lifetime');
const pauses = (all: readonly Entry[]) => all.filter((one) => one.of === 'gc');
const sizes = (all: readonly Entry[]): Sample[] =>
  requests(all).map(({ bytes, weight }) => ({ value: bytes, weight }));

/** That readings say of each distribution what its samples say; `threads` has the entries of each shard. */
function expectReadings(readings: Readings, threads: readonly (readonly Entry[])[]): void {
  const all = threads.flat();
  const latency = readings.latency();
  const bytes = readings.sizesByTier();
  for (const [tier, tierName] of TIER_NAMES.entries()) {
    const ofTier = requests(all).filter((one) => one.tier === tier);
    if (ofTier.length > 0) expectStats(bytes[tierName]!, sizes(ofTier));
    else expect(bytes[tierName]).toBeUndefined();
  }
  for (const [cause, name] of CAUSES.entries()) {
    const ofCause = requests(all).filter((one) => one.cause === cause);
    if (ofCause.length > 0) expectStats(latency.byCause[name], ofCause);
    else expect(latency.byCause[name]).toEqual(NOTHING);
    for (const [tier, tierName] of TIER_NAMES.entries()) {
      const ofTier = ofCause.filter((one) => one.tier === tier);
      if (ofTier.length > 0) expectStats(latency.byTier[tierName][name]!, ofTier);
      else expect(latency.byTier[tierName][name]).toBeUndefined();
    }
  }
  if (requests(all).length > 0) expectStats(readings.sizes(), sizes(all));
  if (lifetimes(all).length > 0) expectStats(readings.lifetimes(), lifetimes(all));
  else expect(readings.lifetimes()).toEqual({ unit: 'ns', ...NOTHING });
  for (const { shard, byKind } of readings.gc([...threads.keys()])) {
    for (const [kind, name] of GC_KINDS.entries()) {
      const ofKind = pauses(threads[shard]).filter((one) => one.kind === kind);
      if (ofKind.length > 0) expectStats(byKind[name], ofKind, 1000);
      else expect(byKind[name]).toEqual({ unit: 'ns', ...NOTHING });
    }
  }
  const served = requests(all).filter((one) => one.capacity > 0);
  const held = served.reduce((sum, { capacity, weight }) => sum + capacity * weight, 0);
  const asked = served.reduce((sum, { bytes, weight }) => sum + bytes * weight, 0);
  if (held > 0)
    expect(Math.abs(readings.efficiency()! - asked / held)).toBeLessThanOrEqual((asked / held) * 1e-12);
  else expect(readings.efficiency()).toBeNull();
  expect(readings.clipped()).toEqual({ latency: 0, lifetimes: 0, gc: 0, recovery: 0, sizes: 0 });
}

function sumsOf(readings: Readings): number[] {
  const causes = Object.values(readings.latency().byCause);
  const pauses = readings.gc([0]).flatMap(({ byKind }) => Object.values(byKind));
  return [readings.sizes(), readings.lifetimes(), ...causes, ...pauses].map(({ sum }) => sum);
}

describe('what threads recorded', () => {
  it.each([
    { path: 'raw records', length: undefined },
    { path: 'encoded histograms', length: LONGER_THAN_THE_RING },
  ])('is summed up to two digits, over threads and intervals, by way of $path', ({ length }) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        (own, rolls, reads) => {
          const threads = own.map((some) => (length === undefined ? some : repeatTo(length, some)));
          const totals = new Totals();
          let last: number[] = [];
          let current: number[] = [];
          for (const [shard, entries] of threads.entries()) {
            const interval = intervalOf(entries);
            expect(interval.histograms.length > 0).toBe(length !== undefined);
            totals.merge(interval, shard);
            current.push(shard);
            // Whether something was read before, and so folded, must make no difference.
            if (reads) totals.lastInterval.latency();
            if (!rolls[shard]) continue;
            totals.roll();
            [last, current] = [current, []];
          }
          expectReadings(totals.sinceStart, threads);
          expectReadings(totals.sinceStart, threads);
          const inLast = threads.map((entries, shard) => (last.includes(shard) ? entries : []));
          expectReadings(totals.lastInterval, inLast);
        },
      ),
      { numRuns: length === undefined ? 100 : 10 },
    );
  });

  it.each([
    3,
    LONGER_THAN_THE_RING,
  ])('is of one interval only where that is asked: %i records each', (length) => {
    const totals = new Totals();
    const lifetime: Entry = { of: 'lifetime', tier: 0, value: 9000, weight: 1 };
    totals.merge(intervalOf(repeatTo(length, [hit(100), lifetime])), 1);
    expect(totals.lastInterval.latency().byCause.hit).toEqual(NOTHING);
    expect(totals.lastInterval.lifetimes()).toEqual({ unit: 'ns', ...NOTHING });

    totals.roll();
    totals.merge(intervalOf([hit(200), hit(200)]), 2);
    const hits = Math.ceil(length / 2);
    expect(totals.lastInterval.latency().byCause.hit).toMatchObject({ count: hits, max: 100 });
    expect(totals.lastInterval.lifetimes()).toMatchObject({ count: length - hits, max: 9000 });
    expect(totals.sinceStart.latency().byCause.hit).toMatchObject({ count: hits + 2, max: 200 });

    totals.roll();
    expect(totals.lastInterval.latency().byCause.hit).toMatchObject({ count: 2, p50: 200 });
    expect(totals.lastInterval.lifetimes().count).toBe(0);
    totals.roll();
    expect(totals.lastInterval.latency().byCause.hit).toEqual(NOTHING);
    expect(totals.sinceStart.latency().byCause.hit.count).toBe(hits + 2);
    expect(totals.sinceStart.lifetimes().count).toBe(length - hits);
  });

  it('is published once: the next interval starts empty, and null says that there is none', () => {
    for (const length of [3, LONGER_THAN_THE_RING]) {
      const recorder = new Recorder();
      expect(recorder.publish()).toBeNull();
      recordAll(recorder, repeatTo(length, [hit(90)]));
      const first = publish(recorder);
      expect(recorder.publish()).toBeNull();
      recorder.record(FRESH, 1, 5000, 1, 64 * KiB, 64 * KiB);
      const totals = totalsOf(first, publish(recorder));
      expect(totals.sinceStart.latency().byCause.hit).toMatchObject({ count: length, max: 90 });
      expect(totals.sinceStart.latency().byCause.fresh).toMatchObject({ count: 1, max: 5000 });
      expect(totals.sinceStart.sizes()).toMatchObject({ count: length + 1, max: 64 * KiB });
    }
  });

  it.each([3, LONGER_THAN_THE_RING])('counts nothing twice in intervals of %i records each', (length) => {
    const recorder = new Recorder();
    const totals = new Totals();
    for (let interval = 0; interval < 3; interval++) {
      recordAll(recorder, repeatTo(length, [hit(-1)]));
      totals.merge(publish(recorder)!, 0);
    }
    expect(totals.sinceStart.latency()).toMatchObject({
      byCause: { hit: { count: 3 * length, mean: 1 } },
      clipped: 3 * length,
    });
    expect(totals.sinceStart.efficiency()).toBeCloseTo(4000 / 4096, 12);
  });

  it('keeps every interval of a long run', () => {
    const totals = new Totals();
    for (let interval = 1; interval <= 200; interval++) {
      totals.merge(intervalOf([hit(interval, 64)]), 0);
      if (interval % 3 === 0) totals.roll();
    }
    expect(totals.sinceStart.latency().byCause.hit).toMatchObject({
      count: 200 * 64,
      mean: 100.5,
      p50: 100,
      max: 200,
    });
    expect(totals.sinceStart.latency().byCause.hit.count).toBe(200 * 64);
  });

  it('has sums that never fall, however large they are and whenever they are read', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.array(entry, { minLength: 1, maxLength: 20 }) },
      { weight: 2, arbitrary: fc.constant('roll' as const) },
      { weight: 2, arbitrary: fc.constant('read' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const totals = new Totals();
        let before = sumsOf(totals.sinceStart);
        for (const step of steps) {
          if (step === 'roll') totals.roll();
          else if (step !== 'read') totals.merge(intervalOf(step), 0);
          if (step !== 'read') continue;
          const sums = sumsOf(totals.sinceStart);
          for (const [at, sum] of sums.entries()) expect(sum).toBeGreaterThanOrEqual(before[at]);
          before = sums;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('shows exact counts where it is given them and leaves the percentiles alone', () => {
    const totals = totalsOf(intervalOf([hit(30, 64), waited(3000)]));
    const { byCause } = totals.sinceStart.latency({ hit: 1234, refused: 2 });
    expect(byCause.hit).toMatchObject({ count: 1234, sum: 64 * 30, mean: 30, p50: 30 });
    expect(byCause.waited.count).toBe(1);
    expect(byCause.refused).toEqual({ ...NOTHING, count: 2 });
  });

  it('knows how long emergencies took', () => {
    const totals = new Totals();
    expect(totals.sinceStart.recovery()).toEqual({ unit: 'ns', ...NOTHING });
    totals.recovered(2e9);
    totals.roll();
    totals.recovered(4e9);
    expect(totals.sinceStart.recovery()).toMatchObject({ unit: 'ns', count: 2, sum: 6e9, max: 4e9 });
    expect(totals.lastInterval.recovery()).toMatchObject({ unit: 'ns', count: 1, sum: 2e9, max: 2e9 });
  });
});

describe('efficiency', () => {
  it('is what was asked beside what was held, by weight, whichever tier served it; a refusal holds nothing', () => {
    const recorder = new Recorder();
    const totals = new Totals();
    expect(totals.sinceStart.efficiency()).toBeNull();
    recorder.record(HIT, 0, 30, 3, 2 * KiB, 4 * KiB);
    recorder.record(WAITED, 0, 30, 1, 4 * KiB, 64 * KiB);
    recorder.record(REFUSED, 2, 30, 1, MiB, 0);
    totals.merge(recorder.publish()!, 0);
    expect(totals.sinceStart.efficiency()).toBe((3 * 2 + 4) / (3 * 4 + 64));
    expect(totals.sinceStart.sizes()).toMatchObject({ unit: 'B', count: 5, max: MiB });
  });
});

it('loads no histogram library before it has to', () => {
  const url = (file: string) => JSON.stringify(new URL(`../../src/telemetry/${file}`, import.meta.url).href);
  const script = `
    import { createRequire } from 'node:module';
    import { Recorder } from ${url('recorder.ts')};
    import { Totals } from ${url('totals.ts')};
    const cache = createRequire(import.meta.url).cache;
    const loaded = (name) => Object.keys(cache).some((file) => file.includes(name));
    const [recorder, totals] = [new Recorder(), new Totals()];
    const seen = [];
    for (let n = 0; n < 4000; n++) recorder.record(n & 3, 0, 30, 64, 4000, 4096);
    totals.merge(recorder.publish(), 0);
    totals.roll();
    totals.intervalP99();
    totals.roll();
    seen.push(loaded('hdr-histogram-js'));
    totals.sinceStart.latency();
    seen.push(loaded('hdr-histogram-js'), loaded('pako'));
    console.log(JSON.stringify(seen));
  `;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(JSON.parse(output)).toEqual([false, true, false]);
});

it('counts every pause, however they are spread over intervals that are merged', () => {
  // Histograms that grow, of hdr-histogram-js 3.0.1, add these up to a count that is not a number.
  const intervals = [[2_341_834, 1442, 24_699], [130_713, 6893], [298_112]];
  const totals = new Totals();
  const recorder = new Recorder();
  for (const pauses of intervals) {
    totals.roll();
    for (const nanoseconds of pauses) recorder.gc(0, nanoseconds);
    totals.merge(recorder.publish()!, 1);
  }
  const [{ byKind }] = totals.sinceStart.gc([1]);
  expect([byKind.minor.count, byKind.minor.max]).toEqual([6, 2_341_834]);
});
