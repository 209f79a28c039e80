/** What a thread may record, and totals of it. */
import fc from 'fast-check';
import { GiB, KiB, MiB } from '../../src/bytes.ts';
import type { Interval } from '../../src/messages/interval.ts';
import { CAUSES, HIT, WAITED } from '../../src/pool/causes.ts';
import { Recorder } from '../../src/telemetry/recorder.ts';
import { GC_KINDS } from '../../src/telemetry/series.ts';
import { Totals } from '../../src/telemetry/totals.ts';

export type Entry =
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

export const LONGER_THAN_THE_RING = 4096 + 7;
export const DAY_NS = 24 * 3600e9;

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

export const entry: fc.Arbitrary<Entry> = fc.oneof(
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

export function recordAll(recorder: Recorder, entries: readonly Entry[]): void {
  for (const one of entries) {
    if (one.of === 'request')
      recorder.record(one.cause, one.tier, one.value, one.weight, one.bytes, one.capacity);
    else if (one.of === 'lifetime') recorder.lifetime(one.tier, one.value, one.weight);
    else recorder.gc(one.kind, one.value);
  }
}

/** As a message to another thread would be. */
export function publish(recorder: Recorder): Interval | null {
  return structuredClone(recorder.publish());
}

export function intervalOf(entries: readonly Entry[]): Interval {
  const recorder = new Recorder();
  recordAll(recorder, entries);
  return publish(recorder)!;
}

export function totalsOf(...intervals: (Interval | null)[]): Totals {
  const totals = new Totals();
  for (const [shard, interval] of intervals.entries()) if (interval !== null) totals.merge(interval, shard);
  return totals;
}

export function repeatTo<T>(length: number, items: readonly T[]): T[] {
  return Array.from({ length }, (_, index) => items[index % items.length]);
}

export function hit(value: number, weight = 1): Entry {
  return { of: 'request', cause: HIT, tier: 0, value, weight, bytes: 4000, capacity: 4 * KiB };
}

export function waited(value: number, weight = 1): Entry {
  return { of: 'request', cause: WAITED, tier: 1, value, weight, bytes: 40_000, capacity: 64 * KiB };
}
