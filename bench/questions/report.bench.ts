/**
 * Reports on recordings of a whole day: what reading, comparing and drawing one costs; and how often a
 * comparison errs.
 */
import { strict as assert } from 'node:assert';
import { compareRuns } from '../../src/report/comparison.ts';
import { merge } from '../../src/report/histograms.ts';
import { htmlPage } from '../../src/report/page/page.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { SHAPES, simulate } from '../../test/property/random-runs.ts';
import { madeLines, textOf } from '../../test/report/made-run.ts';
import { parseRun } from '../../test/report/parse-run.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { significant, spread } from '../rounds.ts';
import { atMost } from '../targets.ts';

/** 5083 intervals: about as many as a recording of a day has. */
const DAY = { seconds: 86_400, intervalSeconds: 17, threads: 2 };
const SLOWNESS = 1.2;
const MOST_PAGE_BYTES = 1e6;

const STEPS = ['read', 'merge', 'compare', 'page'] as const;
type Times = Record<(typeof STEPS)[number], number>;

const SIMULATED = { seed: 1, figures: 15 };
const SPANS = [10, 20, 60, 240];
const MEMORIES = [0, 0.3, 0.5, 0.8];

const benchmark: Benchmark = {
  name: 'report',
  question: 'What does a report on a whole day cost, and how often does a comparison err?',
  run: async (context) => [await costs(context), errors(context)],
};
export default benchmark;

async function costs({ rounds, say }: Context): Promise<Table> {
  const texts = [
    textOf(madeLines({ ...DAY, seed: 1 })),
    textOf(madeLines({ ...DAY, seed: 2, slowness: SLOWNESS })),
  ];
  const measured: Times[] = [];
  for (let round = 0; round < rounds; round++) {
    const times = { read: 0, merge: 0, compare: 0, page: 0 };
    const runs = timed(times, 'read', () => texts.map((text, at) => parseRun(`day ${at + 1}`, text)));
    const merged = timed(times, 'merge', () =>
      merge(runs[0].intervals, (name) => name.startsWith('latency/')),
    );
    const comparison = timed(times, 'compare', () => compareRuns(runs));
    const startMs = performance.now();
    const page = await htmlPage(runs.slice(0, 1), { comparison: null, expectedIntervalNs: null });
    times.page = performance.now() - startMs;
    assert.equal(merged?.histogram.totalCount, recorded(runs[0]));
    assert.equal(comparison.others[0].change, 'worse', comparison.others[0].sentence);
    assert.ok(page.length < MOST_PAGE_BYTES, `the page has ${page.length} characters`);
    measured.push(times);
    say(`  round ${round + 1}: ${STEPS.map((step) => `${step} ${times[step].toFixed(0)} ms`).join(', ')}`);
  }
  const figures = STEPS.map((step) => spread(measured.map((times) => times[step])));
  return {
    title: `Recordings of ${DAY.seconds / 3600} hours, ${(texts[0].length / 1e6).toFixed(1)} MB each, on one thread`,
    columns: ['', 'median (ms)', 'least', 'most'],
    rows: ['read two', 'merge all latencies of one', 'compare two', 'make the page of one'].map(
      (label, at) => [label, ...[figures[at].median, figures[at].least, figures[at].most].map(significant)],
    ),
    notes: [
      'Each histogram is unpacked once, as it is read; everything after adds up what was unpacked.',
      `The second is ${SLOWNESS} times as slow in all latencies, and found to be; all recorded values are in the merged histogram.`,
    ],
    targets: [atMost('comparing two recordings of a day', figures[2].median, 2000, 'ms')],
  };
}

function errors({ rounds, say }: Context): Table {
  const rows = SPANS.flatMap((spans) =>
    SHAPES.map((shape) => {
      say(`  ${spans} spans, ${shape}`);
      const many = Math.round((rounds * 8000) / (spans + 20));
      const run = { ...SIMULATED, spans, shape };
      return [
        `${spans}, ${shape}`,
        ...MEMORIES.map((memory) => percent(simulate({ ...run, rounds: many, memory, ratio: 1 }).any)),
        ...MEMORIES.map((memory) =>
          percent(simulate({ ...run, rounds: Math.ceil(many / 5), memory, ratio: SLOWNESS }).worse),
        ),
      ];
    }),
  );
  return {
    title: `Comparisons of random runs in ${SIMULATED.figures} figures`,
    columns: [
      'spans, shape',
      ...MEMORIES.map((memory) => `wrong ${memory} (%)`),
      ...MEMORIES.map((memory) => `found ${memory} (%)`),
    ],
    rows,
    notes: [
      'Wrong: of comparisons of runs that do not differ, those that found a change in any figure, by how much of the deviation',
      'of one span is left in the next. Found: of figures that are 20 % over the base, those that were found worse.',
      'Even: spans differ by 20 %. Heavy: by a factor of 7. Ties: 20 %, of which 5 values are told apart. Moves: 20 %, and in the',
      'middle of each run the level shifts permanently, by as much: what no statistics on one run each can tell from a change.',
    ],
  };
}

function timed<Result>(times: Times, step: keyof Times, work: () => Result): Result {
  const startMs = performance.now();
  const result = work();
  times[step] = performance.now() - startMs;
  return result;
}

function recorded({ intervals }: RecordedRun): number {
  return intervals
    .map((interval) => merge([interval], (name) => name.startsWith('latency/'))?.histogram.totalCount ?? 0)
    .reduce((sum, count) => sum + count, 0);
}

function percent(share: number): number {
  return significant(share * 100);
}
