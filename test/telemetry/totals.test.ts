import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GiB, KiB, MiB } from '../../src/bytes.ts';
import type { Interval } from '../../src/messages/interval.ts';
import { CAUSES, FRESH, HIT, REFUSED, WAITED } from '../../src/pool/causes.ts';
import { TIER_NAMES } from '../../src/pool/tiers.ts';
import type { Readings } from '../../src/telemetry/readings.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import { Totals } from '../../src/telemetry/totals.ts';
import { expectStats, NOTHING, type Sample } from './percentiles.ts';

type Entry =
  | {
      readonly of: 'request';
      readonly cause: number;
      readonly tier: number;
      readonly value: number;
      readonly weight: number;
      readonly bytes: number;
      readonly capacity: number;
    }
  | { readonly of: 'lifetime'; readonly tier: number; readonly value: number; readonly weight: number }
  | { readonly of: 'gc'; readonly kind: number; readonly value: number; readonly weight: 1 };

const LONGER_THAN_THE_RING = 4096 + 7;
const DAY_NS = 24 * 3600e9;

/** Log-uniform over the whole range, where plain integers would nearly all be huge. */
function upTo(highest: number, ...edges: number[]): fc.Arbitrary<number> {
  return fc.oneof(
    fc
      .tuple(
        fc.integer({ min: 0, max: Math.floor(Math.log2(highest)) - 1 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
      )
      .map(([exponent, factor]) => Math.round(2 ** exponent * factor)),
    fc.constantFrom(1, 255, 256, 257, highest - 1, highest, ...edges),
  );
}

const tier = fc.integer({ min: 0, max: 3 });
const weight = fc.oneof(fc.constant(1), fc.constant(64), fc.integer({ min: 1, max: 2 ** 32 }));

const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      of: fc.constant('request' as const),
      cause: fc.integer({ min: 0, max: CAUSES.length - 1 }),
      tier,
      value: upTo(60e9),
      weight,
      bytes: upTo(1024 * GiB, 0),
      capacity: fc.constantFrom(0, 4 * KiB, MiB),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ of: fc.constant('lifetime' as const), tier, value: upTo(DAY_NS), weight }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      of: fc.constant('gc' as const),
      kind: fc.integer({ min: 0, max: GC_KINDS.length - 1 }),
      value: upTo(60e9),
      weight: fc.constant(1 as const),
    }),
  },
);

function recordAll(recorder: Recorder, entries: readonly Entry[]): void {
  for (const one of entries) {
    if (one.of === 'request')
      recorder.record(one.cause, one.tier, one.value, one.weight, one.bytes, one.capacity);
    else if (one.of === 'lifetime') recorder.lifetime(one.tier, one.value, one.weight);
    else recorder.gc(one.kind, one.value);
  }
}

/** As a message to another thread would be. */
function publish(recorder: Recorder): Interval | null {
  return structuredClone(recorder.publish());
}

function intervalOf(entries: readonly Entry[]): Interval {
  const recorder = new Recorder();
  recordAll(recorder, entries);
  return publish(recorder)!;
}

function totalsOf(...intervals: (Interval | null)[]): Totals {
  const totals = new Totals();
  for (const [shard, interval] of intervals.entries()) if (interval !== null) totals.merge(interval, shard);
  return totals;
}

function repeatTo<T>(length: number, items: readonly T[]): T[] {
  return Array.from({ length }, (_, index) => items[index % items.length]);
}

function hit(value: number, weight = 1): Entry {
  return { of: 'request', cause: HIT, tier: 0, value, weight, bytes: 4000, capacity: 4 * KiB };
}

function waited(value: number, weight = 1): Entry {
  return { of: 'request', cause: WAITED, tier: 1, value, weight, bytes: 40_000, capacity: 64 * KiB };
}

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

describe('what is out of range', () => {
  it.each([
    { case: 'is rounded to whole nanoseconds', value: 41.6, recorded: 42, clipped: 0 },
    { case: 'is 1 ns for what a coarse clock read as nothing', value: 0, recorded: 1, clipped: 0 },
    { case: 'is clipped and counted when negative', value: -5, recorded: 1, clipped: 1 },
    { case: 'is clipped and counted when no number', value: Number.NaN, recorded: 1, clipped: 1 },
    { case: 'is not a whole minute', value: 60e9, recorded: 60e9, clipped: 0 },
    { case: 'is clipped and counted over a minute', value: 61e9, recorded: 60e9, clipped: 1 },
    {
      case: 'is clipped and counted when infinite',
      value: Number.POSITIVE_INFINITY,
      recorded: 60e9,
      clipped: 1,
    },
  ])('$case', ({ value, recorded, clipped }) => {
    for (const length of [1, LONGER_THAN_THE_RING]) {
      const totals = totalsOf(intervalOf(repeatTo(length, [waited(value)])));
      expect(totals.sinceStart.latency().byCause.waited).toMatchObject({
        count: length,
        p50: recorded,
        max: recorded,
      });
      expect(totals.sinceStart.latency().clipped).toBe(clipped * length);
    }
  });

  it.each([
    { family: 'lifetimes', of: (recorder: Recorder) => recorder.lifetime(1, DAY_NS + 1, 1) },
    { family: 'gc', of: (recorder: Recorder) => recorder.gc(0, 60e9 + 1) },
    { family: 'sizes', of: (recorder: Recorder) => recorder.record(HIT, 3, 9, 1, 1025 * GiB, 4096) },
    { family: 'sizes', of: (recorder: Recorder) => recorder.record(HIT, 3, 9, 1, Number.NaN, 4096) },
  ])('is counted with its kind: $family', ({ family, of }) => {
    for (const length of [1, LONGER_THAN_THE_RING]) {
      const recorder = new Recorder();
      for (let turn = 0; turn < length; turn++) of(recorder);
      const none = { latency: 0, lifetimes: 0, gc: 0, recovery: 0, sizes: 0 };
      expect(totalsOf(publish(recorder)).sinceStart.clipped()).toEqual({ ...none, [family]: length });
    }
  });

  it('keeps a request of 0 bytes and a lease of a day', () => {
    const recorder = new Recorder();
    recorder.record(HIT, 0, 9, 1, 0, 4096);
    recorder.lifetime(0, DAY_NS, 1);
    const totals = totalsOf(publish(recorder));
    expect(totals.sinceStart.sizes()).toEqual({ unit: 'B', ...NOTHING, count: 1 });
    expect(totals.sinceStart.lifetimes()).toMatchObject({ p50: DAY_NS, max: DAY_NS });
    expect(totals.sinceStart.clipped()).toMatchObject({ sizes: 0, lifetimes: 0 });
  });

  it.each([0, -1, Number.NaN, 2 ** 33])('is a weight of %s', (weight) => {
    const summary = totalsOf(intervalOf([hit(10, weight)])).sinceStart.latency();
    expect(summary.byCause.hit.count).toBe(weight > 1 ? 2 ** 32 : 1);
    expect(summary.clipped).toBe(1);
  });

  it('is not a count that passes 2^32 within one interval', () => {
    const { byCause } = totalsOf(
      intervalOf(repeatTo(LONGER_THAN_THE_RING, [hit(77, 2 ** 31)])),
    ).sinceStart.latency();
    expect(byCause.hit.count).toBe(LONGER_THAN_THE_RING * 2 ** 31);
  });

  it.each([
    ['cause', (recorder: Recorder) => recorder.record(CAUSES.length, 0, 1, 1, 1, 1)],
    ['cause', (recorder: Recorder) => recorder.record(-1, 0, 1, 1, 1, 1)],
    ['tier', (recorder: Recorder) => recorder.record(0, 4, 1, 1, 1, 1)],
    ['tier', (recorder: Recorder) => recorder.lifetime(-1, 1, 1)],
    ['kind', (recorder: Recorder) => recorder.gc(GC_KINDS.length, 1)],
  ])('is refused for a %s that there is not', (_what, record) => {
    expect(() => record(new Recorder())).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
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
