import { createRequire } from 'node:module';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutOf,
  decodeSparse,
  encodeSparse,
  lowestAt,
  type SparseCounts,
} from '../../src/report/encoded-histogram.ts';
import { countsOf, cutOfSeries, merge, mergeBy, valueAt } from '../../src/report/histograms.ts';
import {
  createFastHistogram,
  createWideHistogram,
  decodeHistogram,
  encodeCompressed,
  type Range,
  SIGNIFICANT_DIGITS,
  type WideHistogram,
} from '../../src/telemetry/hdr.ts';
import { type IntervalLine, type RecordedSeries, SERIES_NAMES } from '../../src/telemetry/recording/lines.ts';
import { BOUNDS } from '../../src/telemetry/series.ts';
import { madeLines } from '../report/made-run.ts';

const require = createRequire(import.meta.url);
const RANGES = [...new Map(BOUNDS.map((bounds) => [`${bounds.unit} ${bounds.highest}`, bounds])).values()];
const COOKIES = { outer: 0x1c849314, inner: 0x1c849313 };

type Records = readonly [value: number, count: number][];

/** Values of every magnitude, each so many times. */
const rangeAndRecords = fc.constantFrom(...RANGES).chain(({ unit, highest }) =>
  fc.tuple(
    fc.constant<Range>({ unit, highest }),
    fc.array(
      fc.tuple(
        fc
          .tuple(fc.double({ min: 0, max: Math.log2(highest), noNaN: true }), fc.boolean())
          .map(([log, whole]) => Math.min(highest, whole ? 2 ** Math.floor(log) : Math.floor(2 ** log))),
        fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 45 })),
      ),
      { maxLength: 60 },
    ),
  ),
);

function wide(range: Range, records: Records): WideHistogram {
  const histogram = createWideHistogram(range);
  for (const [value, count] of records) histogram.recordValueWithCount(value, count);
  return histogram;
}

function countsIn(histogram: WideHistogram): number[] {
  return Array.from((histogram as unknown as { _counts: Float64Array })._counts);
}

function dense(sparse: SparseCounts, length: number): number[] {
  const counts = Array<number>(length).fill(0);
  for (let at = 0; at < sparse.length; at += 2) counts[sparse[at]] = sparse[at + 1];
  return counts;
}

/** By the library. */
function decodeCompressed(base64: string): WideHistogram {
  const { decompress } = require('hdr-histogram-js/dist/JsHistogram.encoding');
  return decodeHistogram(decompress(Buffer.from(base64, 'base64')));
}

function compressed(inner: Uint8Array): string {
  const packed = deflateSync(inner);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(COOKIES.outer, 0);
  head.writeUInt32BE(packed.length, 4);
  return Buffer.concat([head, packed]).toString('base64');
}

/** What a histogram unpacks to, with counts of one's own. */
function inner(payload: readonly number[], { unit, highest }: Range, digits = SIGNIFICANT_DIGITS): Buffer {
  const head = Buffer.alloc(40);
  head.writeUInt32BE(COOKIES.inner, 0);
  head.writeUInt32BE(payload.length, 4);
  head.writeUInt32BE(digits, 12);
  head.writeBigUInt64BE(BigInt(unit), 16);
  head.writeBigUInt64BE(BigInt(highest), 24);
  return Buffer.concat([head, Buffer.from(payload)]);
}

describe('an encoded histogram', () => {
  it('unpacks to the counts that the library reads, whoever packed it', () => {
    fc.assert(
      fc.property(rangeAndRecords, ([range, records]) => {
        const cut = cutOf(range, SIGNIFICANT_DIGITS);
        const fast = createFastHistogram(range);
        for (const [value, count] of records) fast.recordValueWithCount(value, count);
        for (const encoded of [encodeCompressed(wide(range, records)), compressed(fast.encode())]) {
          const counts = countsIn(decodeCompressed(encoded));
          expect(counts.length).toBe(cut.length);
          expect(dense(decodeSparse(encoded, cut), cut.length)).toEqual(counts);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('packs what the library reads as the same counts', () => {
    fc.assert(
      fc.property(rangeAndRecords, ([range, records]) => {
        const cut = cutOf(range, SIGNIFICANT_DIGITS);
        const sparse = decodeSparse(encodeCompressed(wide(range, records)), cut);
        const again = encodeSparse(sparse, cut);
        expect(decodeSparse(again, cut)).toEqual(sparse);
        expect(countsIn(decodeCompressed(again))).toEqual(countsIn(wide(range, records)));
      }),
      { numRuns: 200 },
    );
  });

  it('says the least value of each index as the library does', () => {
    for (const range of RANGES) {
      const cut = cutOf(range, SIGNIFICANT_DIGITS);
      const library = createWideHistogram(range) as unknown as { valueFromIndex(index: number): number };
      for (let index = 0; index < cut.length; index++) {
        expect(lowestAt(index, cut)).toBe(library.valueFromIndex(index));
      }
    }
  });

  const range = RANGES[0];
  const cut = cutOf(range, SIGNIFICANT_DIGITS);
  const packed = (payload: readonly number[]): string => compressed(inner(payload, range));
  const changed = (at: number, word: number): string => {
    const bytes = inner([2], range);
    bytes.writeUInt32BE(word, at);
    return compressed(bytes);
  };
  const outer = (at: number, word: number): string => {
    const bytes = Buffer.from(packed([2]), 'base64');
    bytes.writeUInt32BE(word, at);
    return bytes.toString('base64');
  };

  it.each<[string, string, RegExp]>([
    ['nothing', '', /not base64/],
    ['no base64', 'HIST!', /not base64/],
    ['a few bytes', 'HIST', /does not begin with the mark/],
    ['another format', Buffer.from('RIFF....WAVE').toString('base64'), /does not begin with the mark/],
    ['a wrong length', outer(4, 5), /says 5 bytes and has \d+/],
    [
      'damaged zlib',
      Buffer.from('1c84931400000004deadbeef', 'hex').toString('base64'),
      /cannot be unpacked \(/,
    ],
    [
      'a bomb',
      compressed(new Uint8Array(2 ** 24)),
      new RegExp(`unpacks to more than the ${40 + 9 * cut.length} bytes`),
    ],
    ['an overlong text', 'A'.repeat(200_000), /200000 characters are more/],
    ['another inner format', changed(0, 0x1c849301), /unpacks to does not begin/],
    ['a wrong inner length', changed(4, 2), /said to have 2 bytes, not 1/],
    ['other digits', changed(12, 3), /another range: 1 to 60000000000 with 3 digits, not 1 to/],
    ['another unit', changed(20, 2), /another range: 2 to/],
    ['another end', changed(28, 9), /another range: 1 to/],
    ['an unfinished count', packed([2, 0x80]), /last count is cut off/],
    ['a count over 2^53', packed([...Array(7).fill(0x80), 0x40]), /more than 2\^53/],
    [
      'counts that come to over 2^53',
      packed([...Array(7).fill(0xfe), 0x1f, ...Array(7).fill(0xfe), 0x1f]),
      /more than 2\^53/,
    ],
    [
      'a count of which only the last byte is over 2^53',
      packed([0x82, ...Array(8).fill(0x80)]),
      /more than 2\^53/,
    ],
    ['too long a gap', packed([0xff, 0xff, 0x7f]), /more than the \d+ counts/],
    ['too many counts', packed(Array(cut.length + 1).fill(2)), /more than the \d+ counts/],
  ])('of %s is refused with what is wrong', (_what, encoded, message) => {
    expect(() => decodeSparse(encoded, cut)).toThrow(message);
  });
});

describe('merged intervals', () => {
  const lines = madeLines({ seconds: 40, threads: 3 });
  const intervals = lines.filter((line) => line.kind === 'interval');

  it('are what the library adds up', () => {
    const merged = merge(intervals, (name, shard) => name.startsWith('latency/') && shard !== 2);
    const series = intervals.flatMap((line) =>
      line.series.filter(([name, shard]) => name.startsWith('latency/') && shard !== 2),
    );
    const [first, ...others] = series.map(([, , encoded]) => decodeCompressed(encoded));
    for (const other of others) first.add(other);
    expect(countsIn(merged!.histogram)).toEqual(countsIn(first));
    expect(merged!.histogram.totalCount).toBe(first.totalCount);
    expect(merged!.max).toBe(Math.max(...series.map(([, , , max]) => max)));
    expect(merged!.sum).toBe(series.reduce((all, [, , , , sum]) => all + sum, 0));
  });

  it('are null where nothing was recorded', () => {
    expect(merge(intervals, (name) => name === 'recovery')).toBeNull();
    expect(merge([], () => true)).toBeNull();
  });

  it('come by key, each as if it were merged by itself', () => {
    const byName = mergeBy(intervals, (name, shard) => (shard === 1 ? name : null));
    for (const [key, merged] of byName) {
      const alone = merge(intervals, (name, shard) => name === key && shard === 1);
      expect(countsIn(merged.histogram)).toEqual(countsIn(alone!.histogram));
      expect([merged.max, merged.sum]).toEqual([alone!.max, alone!.sum]);
    }
    expect(byName.size).toBe(new Set(intervals.flatMap((line) => line.series.map(([name]) => name))).size);
  });

  it('take series of several ranges by their values', () => {
    const merged = merge(intervals, (name) => name === 'gc/minor' || name === 'queue');
    const parts = ['gc/minor', 'queue'].map((name) => merge(intervals, (each) => each === name)!);
    expect(merged!.histogram.totalCount).toBe(
      parts.reduce((all, { histogram }) => all + histogram.totalCount, 0),
    );
    expect(merged!.max).toBe(Math.max(...parts.map(({ max }) => max)));
  });

  it('give the percentiles of a sorted array, within the precision of the histograms', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SERIES_NAMES.filter((name) => name !== 'recovery')),
        fc.array(
          fc.array(
            fc.tuple(fc.double({ min: 0, max: Math.log2(60e9), noNaN: true }), fc.constantFrom(1, 1, 64)),
            { minLength: 1, maxLength: 40 },
          ),
          { minLength: 1, maxLength: 5 },
        ),
        (name, perInterval) => {
          const raw: number[] = [];
          const run = perInterval.map((records): IntervalLine => {
            const values = records.map(([log, weight]): [number, number] => [Math.floor(2 ** log), weight]);
            for (const [value, weight] of values) raw.push(...Array(weight).fill(value));
            const series: RecordedSeries = [
              name,
              1,
              encodeCompressed(wide(cutOfSeries(name), values)),
              Math.max(...values.map(([value]) => value)),
              values.reduce((all, [value, weight]) => all + value * weight, 0),
            ];
            return { ...intervals[0], series: [series] };
          });
          raw.sort((a, b) => a - b);
          const merged = merge(run, () => true)!;
          expect(merged.histogram.totalCount).toBe(raw.length);
          expect(merged.sum).toBe(raw.reduce((all, value) => all + value, 0));
          expect(valueAt(merged, 100)).toBe(raw.at(-1));
          const step = 2 ** cutOfSeries(name).magnitude;
          for (const percentile of [0.1, 10, 50, 90, 99, 99.9, 100]) {
            const exact = raw[Math.max(0, Math.ceil((percentile / 100) * raw.length - 1e-9) - 1)];
            const found = valueAt(merged, percentile);
            expect(found).toBeGreaterThanOrEqual(exact);
            expect(found).toBeLessThanOrEqual(Math.max(exact * 1.01, exact + step));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('unpack each series once', () => {
    const [series] = intervals[0].series;
    expect(countsOf(series)).toBe(countsOf(series));
  });
});
