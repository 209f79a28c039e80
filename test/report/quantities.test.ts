import { describe, expect, it } from 'vitest';
import { MiB } from '../../src/bytes.ts';
import { formatFigure, formatRatio, spreadText } from '../../src/report/figure-text.ts';
import { merge, valueAt } from '../../src/report/histograms.ts';
import {
  distributionQuantity,
  figureOf,
  PLAIN_QUANTITIES,
  type Quantity,
  type Statistic,
} from '../../src/report/quantities.ts';
import { SELECTIONS, type Selection } from '../../src/report/selections.ts';
import { spansOf, wholeOf } from '../../src/report/spans.ts';
import { type IntervalLine, type RecordingLine, SERIES_NAMES } from '../../src/telemetry/recording/lines.ts';
import { madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const lines = madeLines({ seconds: 20, threads: 3 });
const run = parseRun('made', textOf(lines));
const selection = (name: string) => SELECTIONS.get(name) as Selection;
const of = (statistic: Statistic, name: string) => distributionQuantity(statistic, selection(name));
const plain = (name: string) => PLAIN_QUANTITIES.get(name) as Quantity;

/** With some intervals changed, and lines put in at the end of them. */
function changed(
  change: (line: IntervalLine, at: number) => IntervalLine,
  more: readonly RecordingLine[] = [],
) {
  const intervals = lines.filter((line) => line.kind === 'interval');
  const [header] = lines;
  const made = [header, ...intervals.map(change), ...more];
  return parseRun('made', textOf(made as RecordingLine[]));
}

describe('a distribution', () => {
  it.each([
    ['all', 5],
    ['slow', 3],
    ['fresh', 2],
    ['fresh/large', 1],
    ['all/large', 3],
    ['gc', 2],
    ['gc/major', 1],
    ['lifetime/medium', 1],
    ['size', 2],
    ['queue', 1],
  ])('%s is summed up of the series of its name', (name, series) => {
    const merged = merge(run.intervals, (one) => selection(name).series.has(one));
    const present = new Set(run.intervals.flatMap(({ series }) => series.map(([one]) => one)));
    expect([...selection(name).series].filter((one) => present.has(one))).toHaveLength(series);
    if (merged === null) throw new Error('nothing was recorded');
    expect(figureOf(of('p50', name), run)).toBe(valueAt(merged, 50));
    expect(figureOf(of('p99.9', name), run)).toBe(valueAt(merged, 99.9));
    expect(figureOf(of('max', name), run)).toBe(merged.max);
    expect(figureOf(of('mean', name), run)).toBe(merged.sum / merged.histogram.totalCount);
  });

  it('is null where there is nothing of it', () => {
    expect(figureOf(of('p99', 'direct'), run)).toBeNull();
    expect(figureOf(of('max', 'gc/weak'), run)).toBeNull();
  });

  it('has as many records as were written down, however much each counts', () => {
    // In each interval and thread, of hits 26 records that stand for 64 each; of the rest every one.
    expect(of('p99', 'hit').records?.of(wholeOf(run))).toBe(20 * 3 * 26);
    expect(of('p99', 'fresh').records?.of(wholeOf(run))).toBe(20 * 3 * 6);
    expect(['p50', 'p99', 'p99.9', 'max'].map((one) => of(one as Statistic, 'all').records?.least)).toEqual([
      10, 500, 5000, 1,
    ]);
  });
});

it('every recorded series is in a selection of its own', () => {
  for (const series of SERIES_NAMES) {
    const name = series.replace('latency/', '');
    expect([...(SELECTIONS.get(name)?.series ?? [])]).toEqual([series]);
  }
});

describe('the other quantities', () => {
  it('are exact', () => {
    const processed = run.intervals.flatMap(({ shards }) => shards.map(([, , , bytes]) => bytes));
    expect(figureOf(plain('throughput'), run)).toBeCloseTo(processed.reduce((a, b) => a + b) / 20);
    expect(figureOf(plain('peak-memory'), run)).toBe(run.intervals[19].budget.peakBytes);
    expect(figureOf(plain('hit-rate'), run)).toBeCloseTo((1280 + 384) / (1280 + 384 + 6 + 1));
    expect(figureOf(plain('hit-rate(large)'), run)).toBeCloseTo(384 / (384 + 2 + 1));
    expect(figureOf(plain('hit-rate(direct)'), run)).toBeNull();
    const pauses = merge(run.intervals, (name) => name.startsWith('gc/'))?.sum as number;
    expect(figureOf(plain('gc-time'), run)).toBeCloseTo(pauses / 1e9 / (20 * 4));
  });

  it.each(['failed', 'cancelled', 'lost'])('count %s tasks', (name) => {
    const made = changed((line, at) => ({ ...line, tasks: { ...line.tasks, [name]: at % 2 } }));
    expect(figureOf(plain(name), made)).toBe(10);
    expect(figureOf(plain(name), run)).toBe(0);
  });

  it('count refusals by tier, clipped values and emergencies', () => {
    const emergency = { kind: 'recovery', recovered: true, milliseconds: 5, recoveredBytes: MiB } as const;
    const made = changed(
      (line) => ({ ...line, clipped: 2, served: { ...line.served, refused: [0, 1, 2, 0] } }),
      [{ ...emergency, at: 20 }],
    );
    expect(figureOf(plain('refused'), made)).toBe(60);
    expect(figureOf(plain('clipped'), made)).toBe(40);
    expect(figureOf(plain('emergencies'), made)).toBe(1);
    expect(figureOf(plain('hit-rate'), made)).toBe(figureOf(plain('hit-rate'), run));
  });

  it('have no throughput where jobs report nothing, which is not one of 0', () => {
    const made = changed((line) => ({
      ...line,
      shards: line.shards.map(([shard, charged, idle, , cpu]) => [shard, charged, idle, 0, cpu]),
    }));
    expect(figureOf(plain('throughput'), made)).toBeNull();
    expect(plain('throughput').of(spansOf(made, 5)[0])).toBe(0);
  });

  it('of memory are the exact peak of a run, and in a stretch what was in use there at most', () => {
    const made = changed((line) => ({ ...line, budget: { ...line.budget, peakBytes: 90 * MiB } }));
    expect(figureOf(plain('peak-memory'), made)).toBe(90 * MiB);
    const spans = spansOf(run, 5);
    const used = spans.map(({ intervals }) => Math.max(...intervals.map(({ budget }) => budget.usedBytes)));
    expect(spans.map(plain('peak-memory').of)).toEqual(used);
  });
});

it.each([
  [180_123, 'ns', '180 us'],
  [999_600, 'ns', '1 ms'],
  [40, 'ns', '40 ns'],
  [1.5e9, 'ns', '1.5 s'],
  [0, 'ns', '0 ns'],
  [96.5 * MiB, 'B', '96.5 MiB'],
  [1.25 * MiB, 'B/s', '1.3 MiB/s'],
  [0.98312, 'share', '98.31 %'],
  [12, 'count', '12'],
  [null, 'ns', '-'],
] as const)('%d %s is written %s', (value, unit, text) => {
  expect(formatFigure(value, unit)).toBe(text);
});

it('ratios and their spreads are short', () => {
  expect([1.5, 0.9749, 12.34, 0.0123, 1234].map(formatRatio)).toEqual([
    '1.5',
    '0.97',
    '12.3',
    '0.0123',
    '1230',
  ]);
  expect(spreadText([0.97, 1.01])).toBe('within 3 %');
  expect(spreadText([1.31, 1.7])).toBe('1.31 to 1.7 times');
  expect(spreadText([0.2, 3])).toBe('0.2 to 3 times');
  expect(spreadText([1, 1])).toBe('the same');
});
