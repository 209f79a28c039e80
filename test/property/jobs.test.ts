/** What a recording tells of its jobs beside what it tells of all tasks. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addSparse, type SparseCounts } from '../../src/report/encoded-histogram.ts';
import { figuresByJob } from '../../src/report/figures.ts';
import { countsOf } from '../../src/report/histograms.ts';
import { partOf, seriesOfJob } from '../../src/report/jobs.ts';
import type { RecordedSeries } from '../../src/telemetry/recording/lines.ts';
import { makeStand, readingWith, START_MS } from '../telemetry/recording/stand.ts';

const JOBS = ['transcode', 'analyze', '\n=1'];
const OUTCOMES = ['succeeded', 'failed', 'cancelled', 'lost'] as const;

const task = fc.record({
  job: fc.nat({ max: JOBS.length - 1 }),
  shard: fc.integer({ min: 1, max: 3 }),
  waitedMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
  ranMs: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: null }),
  outcome: fc.constantFrom(...OUTCOMES),
});

const NOTHING = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
const added = (series: readonly RecordedSeries[]): SparseCounts =>
  series.map(countsOf).reduce((all, counts) => addSparse(all, counts), []);
const sumOf = (series: readonly RecordedSeries[]): number =>
  series.reduce((all, [, , , , sum]) => all + sum, 0);
const largest = (series: readonly RecordedSeries[]): number =>
  series.reduce((most, [, , , max]) => Math.max(most, max), 0);

it('histograms and counts of all jobs together are those of the run, in each interval', async () => {
  const intervals = fc.array(fc.array(task, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(intervals, async (given) => {
      const stand = makeStand(undefined, JOBS);
      const ended = JOBS.map(() => ({ ...NOTHING }));
      const count = () => {
        const all = ended.reduce((sum, { succeeded }) => sum + succeeded, 0);
        const jobs = ended.map((counts) => ({ ...counts }));
        stand.reading = { ...readingWith({ succeeded: all }), jobs };
      };
      count();
      for (const tasks of given) {
        for (const { job, shard, waitedMs, ranMs, outcome } of tasks) {
          const startedMs = ranMs === null ? null : START_MS + waitedMs;
          const endedMs = START_MS + waitedMs + (ranMs ?? 0);
          const times = { acceptedMs: START_MS, startedMs, endedMs, outcome };
          stand.recording.ended({ name: 'a', tenant: '', job, shard, ...times });
          ended[job][outcome]++;
        }
        count();
        stand.later(250);
      }
      const run = await stand.read();
      stand.remove();
      expect(run.intervals.length).toBeGreaterThanOrEqual(given.length);
      for (const interval of run.intervals) {
        const parts = JOBS.map((job) => partOf(run, interval, job));
        for (const kind of ['queue', 'service']) {
          const whole = interval.series.filter(([name]) => name === kind);
          const byJob = (interval.jobs ?? []).flatMap(seriesOfJob).filter(([name]) => name === kind);
          expect(added(byJob)).toEqual(added(whole));
          expect(sumOf(byJob)).toBe(sumOf(whole));
          expect(largest(byJob)).toBe(largest(whole));
          const byName = parts.flatMap((part) => part?.series ?? []).filter(([name]) => name === kind);
          expect(added(byName)).toEqual(added(whole));
        }
        const succeeded = parts.reduce((sum, part) => sum + (part?.tasks.succeeded ?? 0), 0);
        expect(succeeded).toBe(interval.tasks.succeeded);
      }
      const figures = figuresByJob(run);
      expect(figures.map(({ tasks }) => tasks)).toEqual(
        ended.map(({ queued: _, running: __, ...counts }) => counts),
      );
    }),
    { numRuns: 60 },
  );
});
