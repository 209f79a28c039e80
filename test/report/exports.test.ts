import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { merge, valueAt } from '../../src/report/histograms.ts';
import { intervalLog } from '../../src/report/interval-log.ts';
import { intervalTable } from '../../src/report/interval-table.ts';
import { percentileFiles } from '../../src/report/percentile-files.ts';
import type { RecordedRun } from '../../src/report/recorded-run.ts';
import { type MadeRun, madeLines, textOf } from './made-run.ts';
import { parseRun } from './parse-run.ts';

function made(options: MadeRun = {}, origin = 'run.millpond'): RecordedRun {
  return parseRun(origin, textOf(madeLines({ seconds: 50, ...options })));
}

const run = made();
const named = (name: string): string =>
  percentileFiles([run], { byWorker: true }).find((file) => file.name === name)?.content ?? '';

describe('percentile tables', () => {
  it('are one a group: by cause, by tier, of all, and of each thread where asked for', () => {
    const names = percentileFiles([run], { byWorker: false }).map(({ name }) => name);
    expect(names).toEqual([
      ...['run-gc.hgrm', 'run-gc-major.hgrm', 'run-gc-minor.hgrm'],
      ...['run-latency.hgrm', 'run-latency-fresh.hgrm', 'run-latency-fresh-large.hgrm'],
      ...['run-latency-fresh-medium.hgrm', 'run-latency-hit.hgrm', 'run-latency-hit-large.hgrm'],
      ...['run-latency-hit-medium.hgrm', 'run-latency-waited.hgrm', 'run-latency-waited-large.hgrm'],
      ...['run-lifetime.hgrm', 'run-lifetime-medium.hgrm', 'run-queue.hgrm', 'run-service.hgrm'],
      ...['run-size.hgrm', 'run-size-large.hgrm', 'run-size-medium.hgrm'],
    ]);
    const all = percentileFiles([run], { byWorker: true }).map(({ name }) => name);
    expect(all.length).toBe(3 * names.length);
    expect(all).toContain('run-latency-fresh-large-worker-2.hgrm');
  });

  it('have the head, rows and foot that plotters look for', () => {
    const lines = named('run-latency-fresh.hgrm').split('\n');
    expect(lines[0]).toBe('       Value     Percentile TotalCount 1/(1-Percentile)');
    expect(lines[1]).toBe('');
    const rows = lines.slice(2).filter((line) => /^ *\d/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows.slice(0, -1)) {
      expect(row).toMatch(/^ *\d+\.\d\d [01]\.\d{12} +\d+ +\d+\.\d\d$/);
    }
    expect(rows.at(-1)).toMatch(/^ *\d+\.\d\d 1\.0{12} +600$/);
    expect(lines.slice(-4).join('\n')).toMatch(
      /^#\[Mean {4}= +\d+\.\d\d, StdDeviation {3}= +\d+\.\d\d\]\n#\[Max {5}= +\d+\.\d\d, Total count {4}= +600\]\n#\[Buckets = +\d+, SubBuckets {5}= +256\]\n$/,
    );
  });

  it('hold the percentiles of the report', () => {
    const merged = merge(run.intervals, (name) => name.startsWith('latency/fresh/'));
    const row = /^ *(\d+)\.00 0\.500000000000/m.exec(named('run-latency-fresh.hgrm'));
    expect(Number(row?.[1])).toBe(valueAt(merged!, 50));
  });

  it('of several recordings lie beside each other, whatever these are called', () => {
    const origins = ['a/run.millpond', 'b/run.millpond', 'RUN', '../..', '.hidden', 'ü/é $(rm)\n.x'];
    const files = percentileFiles(
      origins.map((origin, seed) => made({ seed }, origin)),
      { byWorker: false },
    );
    const stems = files.flatMap(({ name }) => /^(.+)-queue\.hgrm$/.exec(name)?.[1] ?? []);
    expect(stems).toEqual(['run', 'run-2', 'RUN-3', 'run-4', 'run-5', 'rm']);
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    expect(files.every(({ name }) => /^[\w-]+\.hgrm$/.test(name))).toBe(true);
  });
});

describe('an interval log', () => {
  const log = intervalLog(run, { byWorker: true });
  const lines = log.trimEnd().split('\n');

  it('begins with its version, its start and its legend', () => {
    expect(lines.slice(0, 5)).toEqual([
      '#[Written by millpond 0.1.0: nanoseconds, with the tag size bytes; without a tag, all requests for memory]',
      '#[Histogram log format version 1.3]',
      '#[StartTime: 1795593600.000 (seconds since epoch), Wed, 25 Nov 2026 08:00:00 GMT]',
      '#[BaseTime: 1795593600.000 (seconds since epoch)]',
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]);
  });

  it('has lines of a tag without commas or spaces, times, maximum and histogram', () => {
    for (const line of lines.slice(5)) {
      expect(line).toMatch(/^(Tag=[a-z0-9/-]+,)?\d+\.\d{3},\d+\.\d{3},\d+\.\d{3},HIST[A-Za-z0-9+/]+=*$/);
    }
    expect(lines.filter((line) => /^\d/.test(line)).length).toBe(run.intervals.length);
    const queue = lines.filter((line) => line.startsWith('Tag=queue,'));
    expect(queue.map((line) => line.split(',')[3])).toEqual(
      run.intervals.map((one) => (merge([one], (name) => name === 'queue')!.max / 1e6).toFixed(3)),
    );
  });

  it("is read back by hdr-histogram-js's own reader, with the same counts and times", () => {
    const { HistogramLogReader } = createRequire(import.meta.url)('hdr-histogram-js');
    const reader = new HistogramLogReader(log, 64);
    const totals = new Map<string, number>();
    const starts = new Map<string, number[]>();
    for (;;) {
      const histogram = reader.nextIntervalHistogram();
      if (histogram === null) break;
      totals.set(histogram.tag, (totals.get(histogram.tag) ?? 0) + histogram.totalCount);
      starts.set(histogram.tag, [...(starts.get(histogram.tag) ?? []), histogram.startTimeStampMsec]);
    }
    const countOf = (pick: Parameters<typeof merge>[1]) => merge(run.intervals, pick)!.histogram.totalCount;
    expect(totals.get('NO TAG')).toBe(countOf((name) => name.startsWith('latency/')));
    expect(totals.get('latency/fresh')).toBe(countOf((name) => name.startsWith('latency/fresh/')));
    expect(totals.get('gc/minor')).toBe(countOf((name) => name === 'gc/minor'));
    expect(totals.get('queue/worker-2')).toBe(countOf((name, shard) => name === 'queue' && shard === 2));
    expect(totals.get('size/large')).toBe(countOf((name) => name === 'size/large'));
    expect(starts.get('NO TAG')).toEqual(
      run.intervals.map(({ from }) => Date.parse('2026-11-25T08:00:00Z') + from * 1000),
    );
  });
});

describe('a table of intervals', () => {
  const rowsOf = (table: string) =>
    table
      .trimEnd()
      .split('\n')
      .map((row) => row.split(','));

  it('has a row each interval, as wide as its head', () => {
    const [head, ...rows] = rowsOf(intervalTable([run]));
    expect(rows.length).toBe(run.intervals.length);
    expect(new Set(head).size).toBe(head.length);
    for (const row of rows) expect(row.length).toBe(head.length);
  });

  it('has what the interval has', () => {
    const [head, ...rows] = rowsOf(intervalTable([run]));
    const at = 11;
    const interval = run.intervals[at];
    const cell = (name: string): string => rows[at][head.indexOf(name)];
    const latency = merge([interval], (name) => name.startsWith('latency/'))!;
    const pauses = merge([interval], (name) => name.startsWith('gc/'))!;
    expect([cell('recording'), cell('from_s'), cell('to_s')]).toEqual(['run.millpond', '11', '12']);
    expect(Number(cell('served_hit'))).toBe(2 * (1280 + 384));
    expect(Number(cell('hit_rate'))).toBeCloseTo(3328 / 3342, 10);
    expect(Number(cell('latency_p99_ns'))).toBe(valueAt(latency, 99));
    expect(Number(cell('latency_count'))).toBe(latency.histogram.totalCount);
    expect(Number(cell('slow_latency_count'))).toBe(14);
    expect([cell('gc_pauses'), cell('gc_ns')]).toEqual(['8', String(pauses.sum)]);
    expect(Number(cell('large_available_bytes'))).toBe(interval.tiers.large[1]);
    expect([cell('pressure'), cell('tasks_succeeded'), cell('clipped')]).toEqual([
      interval.pressure,
      '10',
      '0',
    ]);
    expect(rows.map((row) => row[head.indexOf('decisions')]).filter((count) => count !== '0').length).toBe(2);
  });

  it('leaves empty what nobody knows', () => {
    const bare = { ...run.intervals[0], series: [], served: {}, cpu: { process: null, system: null } };
    const [head, row] = rowsOf(intervalTable([{ ...run, intervals: [bare] }]));
    const cells = ['latency_count', 'latency_p50_ns', 'hit_rate', 'cpu_process', 'queue_max_ns'];
    expect(cells.map((name) => row[head.indexOf(name)])).toEqual(['0', '', '', '', '']);
  });

  it('says whose each row is, in a way that no spreadsheet runs', () => {
    const table = intervalTable([made({}, '=cmd|"x"'), made({}, 'a,b')]);
    expect(table.split('\n')[1]).toMatch(/^"'=cmd\|""x""",0,1,/);
    expect(table).toMatch(/^"a,b",49,50,/m);
  });
});
