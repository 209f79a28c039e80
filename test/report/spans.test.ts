import { expect, it } from 'vitest';
import { commonLength, spansOf } from '../../src/report/spans.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const run = (options: MadeRun) => parseRun('made', textOf(madeLines(options)));

it.each([
  { intervalSeconds: 1, seconds: 60, length: 1, count: 60, each: 1 },
  { intervalSeconds: 1, seconds: 60, length: 4, count: 15, each: 4 },
  { intervalSeconds: 1, seconds: 62, length: 4, count: 15, each: 4 },
  { intervalSeconds: 1, seconds: 60, length: 1.4, count: 60, each: 1 },
  { intervalSeconds: 1, seconds: 60, length: 1.6, count: 30, each: 2 },
  { intervalSeconds: 4, seconds: 60, length: 1, count: 15, each: 1 },
])('$seconds s in intervals of $intervalSeconds s make $count spans of $length s', (made) => {
  const spans = spansOf(run(made), made.length);
  expect(spans).toHaveLength(made.count);
  for (const { intervals, from, to } of spans) {
    expect(intervals).toHaveLength(made.each);
    expect(from).toBe(intervals[0].from);
    expect(to).toBe(intervals[made.each - 1].to);
  }
});

it('spans follow each other without a gap, and no interval is in two', () => {
  const recorded = run({ seconds: 100 });
  const intervals = spansOf(recorded, 7).flatMap((span) => span.intervals);
  expect(intervals).toEqual(recorded.intervals.slice(0, intervals.length));
});

it('two runs are cut to the longer intervals of both, whatever a few of them are like', () => {
  expect(commonLength([run({ seconds: 30 }), run({ seconds: 30, intervalSeconds: 4 })])).toBe(4);
  const lines = madeLines({ seconds: 30 });
  const [last] = lines.filter((line) => line.kind === 'interval').slice(-1);
  const stalled = lines.map((line) => (line === last ? { ...last, to: last.to + 20 } : line));
  expect(commonLength([parseRun('made', textOf(stalled.filter(({ kind }) => kind !== 'end')))])).toBe(1);
});

it('a long run has so many spans at most', () => {
  const long = run({ seconds: 17 * 1000, intervalSeconds: 17 });
  expect(spansOf(long, commonLength([long])).length).toBeLessThanOrEqual(400);
});
