/** What exports say of the jobs of a run. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/report/comparison.ts';
import { intervalLog } from '../../src/report/interval-log.ts';
import { intervalTable } from '../../src/report/interval-table.ts';
import { percentileFiles } from '../../src/report/percentile-files.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { runDocument } from '../../src/report/run-document.ts';
import { formatRun } from '../../src/report/summary.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

const made = (options: MadeRun = {}, origin = 'run.millpond'): RecordedRun =>
  parseRun(origin, textOf(madeLines({ seconds: 40, ...options })));

/** A formula, a quote, an end of a line, what clears a terminal, an element, another folder. */
const HOSTILE = '=1+"2",\n\u001b[2J<b>/../../x\u202e';
const PLAIN = { byWorker: false, expectedIntervalNs: null };
const two = made({ jobs: ['transcode', 'analyze'] });
/** As one that says nothing of jobs, and as one that has only this. */
const none = made();
const one = made({ jobs: ['transcode'] });
const hostile = made({ jobs: [HOSTILE, 'analyze'] });

/** Rows of a table whose cells have no commas. */
const rowsOf = (table: string): string[][] =>
  table
    .trimEnd()
    .split('\n')
    .map((row) => row.split(','));

describe('a run of one job', () => {
  it('is shown, exported, compared and checked as if nobody had said which', () => {
    const shown = (run: RecordedRun) => [
      intervalTable([run]),
      intervalLog(run, { byWorker: true }),
      percentileFiles([run], { byWorker: true }),
      formatRun(runDocument(run, PLAIN), process.stdout),
      compareRuns([run, run]),
    ];
    const bare = { ...one, fileBytes: none.fileBytes };
    const withoutJob = (run: RecordedRun) =>
      runDocument(run, PLAIN).slowestTasks.map(({ job: _, ...task }) => task);
    expect(shown(bare)).toEqual(shown(none));
    expect(withoutJob(bare)).toEqual(withoutJob(none));
    expect(JSON.stringify(shown(bare))).not.toContain('transcode');
  });
});

describe('the table of intervals', () => {
  it('has columns of each job behind all others, and they add up', () => {
    const [before] = rowsOf(intervalTable([none]));
    const [head, ...rows] = rowsOf(intervalTable([two]));
    expect(head.slice(0, before.length)).toEqual(before);
    expect(head.length).toBe(before.length + 2 * 18);
    for (const row of rows) {
      expect(row.length).toBe(head.length);
      const cell = (name: string): number => Number(row[head.indexOf(name)]);
      for (const name of [
        'tasks_queued',
        'tasks_running',
        'tasks_succeeded',
        'queue_count',
        'service_count',
      ]) {
        expect(cell(`${name}(transcode)`) + cell(`${name}(analyze)`)).toBe(cell(name));
      }
      const largest = Math.max(cell('queue_max_ns(transcode)'), cell('queue_max_ns(analyze)'));
      expect(largest).toBe(cell('queue_max_ns'));
    }
  });

  it('has the whole of a run of that one job in its columns, and nothing of a run without it', () => {
    const [head, ...rows] = rowsOf(intervalTable([two, one]));
    const row = rows.at(-1) as string[];
    const cell = (name: string): string => row[head.indexOf(name)];
    expect(cell('tasks_succeeded(transcode)')).toBe('10');
    expect(cell('service_p99_ns(transcode)')).toBe(cell('service_p99_ns'));
    expect(cell('tasks_succeeded(analyze)')).toBe('');
    expect(cell('queue_count(analyze)')).toBe('');
  });

  it('has names in one cell of one line, and no cell begins a formula', () => {
    const [head, ...rows] = intervalTable([hostile]).trimEnd().split('\n');
    expect(rows.length).toBe(40);
    expect(head).toContain(`"tasks_lost(=1+""2"",\\u000a\\u001b[2J<b>/../../x\\u202e)"`);
    expect(head).not.toMatch(/[,"]=/);
  });

  it('has columns of 100 jobs at most, those that had tasks first', () => {
    const names = Array.from({ length: 300 }, (_, at) => `j${at}`);
    const run = { ...two, header: { ...two.header, jobs: names } };
    const intervals = two.intervals.map((interval) => ({
      ...interval,
      jobs: interval.jobs?.map((job) => ({ ...job, job: job.job + 250 })),
    }));
    const [head] = rowsOf(intervalTable([{ ...run, intervals }]));
    const jobs = head.filter((name) => name.startsWith('tasks_lost('));
    expect(jobs.slice(0, 3)).toEqual(['tasks_lost(j250)', 'tasks_lost(j251)', 'tasks_lost(j0)']);
    expect(jobs.length).toBe(100);
  });
});

describe('HdrHistogram files', () => {
  it('have a table for queue and service of each job, whatever it is called', () => {
    const names = (run: RecordedRun) => percentileFiles([run], { byWorker: false }).map(({ name }) => name);
    const added = names(two).filter((name) => !names(none).includes(name));
    expect(added).toEqual([
      ...['run-queue-job-analyze.hgrm', 'run-queue-job-transcode.hgrm'],
      ...['run-service-job-analyze.hgrm', 'run-service-job-transcode.hgrm'],
    ]);
    const odd = made({ threads: 5, jobs: [HOSTILE, '変換', 'worker-1', 'A', 'a'] });
    const all = percentileFiles([odd], { byWorker: true }).map(({ name }) => name);
    expect(all.filter((name) => name.includes('queue-job'))).toEqual([
      ...['run-queue-job-1-2-2J-b-x.hgrm', 'run-queue-job-2.hgrm', 'run-queue-job-A.hgrm'],
      ...['run-queue-job-a-2.hgrm', 'run-queue-job-worker-1.hgrm'],
    ]);
    expect(new Set(all.map((name) => name.toLowerCase())).size).toBe(all.length);
  });

  it('have names of their own where a recording is called as a table of another', () => {
    const other = made({}, 'run-queue-job-a.millpond');
    const run = made({ jobs: ['a-queue', 'b'] });
    const files = percentileFiles([run, other], { byWorker: false }).map(({ name }) => name);
    expect(files).toContain('run-queue-job-a-queue.hgrm');
    expect(files).toContain('run-queue-job-a-queue-2.hgrm');
    expect(new Set(files).size).toBe(files.length);
  });

  it('have a tag for each job in the log, of which the counts add up', () => {
    const { HistogramLogReader } = createRequire(import.meta.url)('hdr-histogram-js');
    const log = intervalLog(hostile, { byWorker: false });
    for (const line of log.trimEnd().split('\n').slice(5))
      expect(line).toMatch(/^(Tag=[\w/-]+,)?\d+\.\d{3},/);
    const reader = new HistogramLogReader(log, 64);
    const counts = new Map<string, number>();
    for (let next = reader.nextIntervalHistogram(); next !== null; next = reader.nextIntervalHistogram()) {
      counts.set(next.tag, (counts.get(next.tag) ?? 0) + next.totalCount);
    }
    for (const of of ['queue', 'service']) {
      const [first, second] = [counts.get(`${of}/job-1-2-2J-b-x`), counts.get(`${of}/job-analyze`)];
      expect((first as number) + (second as number)).toBe(counts.get(of));
    }
  });
});
