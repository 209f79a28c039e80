/**
 * A recording as a table in CSV, a row each interval, with a head; docs/reports.md says what the columns are.
 * Those of single jobs have its name in brackets behind theirs, so that no name begins a cell.
 * Pure.
 */

import { CAUSES } from '../pool/causes.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import { REFUSALS } from '../telemetry/queue-snapshot.ts';
import type { IntervalLine, SeriesName } from '../telemetry/recording/lines.ts';
import { escaped } from '../text/escaping.ts';
import { distributionOf, hitRateOf, processedIn, servedBy, sumOf } from './figures.ts';
import { merge, type SeriesHolder } from './histograms.ts';
import { jobNames, linesByJob, partOf, severalJobs } from './jobs.ts';
import type { RecordedRun } from './recorded-run.ts';

type Cell = number | string | null;

const TASK_COUNTS = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost'] as const;
const TIMES = ['count', 'p50', 'p99', 'p999', 'max', 'mean'] as const;

/** Rows of several runs follow each other; `recording` says whose they are. */
export function intervalTable(runs: readonly RecordedRun[]): string {
  const jobs = jobsOf(runs);
  const rows = runs.flatMap((run) => {
    const decisions = decisionsIn(run);
    return run.intervals.map((interval, at) => [
      ...rowOf(run, interval, decisions[at]),
      ...jobs.flatMap((job) => cellsOf(partOf(run, interval, job))),
    ]);
  });
  const head = [...HEAD, ...jobs.flatMap((job) => JOB_HEAD.map((name) => `${name}(${job})`))];
  return [head, ...rows].map((row) => `${row.map(cellText).join(',')}\n`).join('');
}

const HEAD: readonly string[] = [
  ...['recording', 'from_s', 'to_s'],
  ...CAUSES.map((cause) => `served_${cause}`),
  'hit_rate',
  ...timesHead('latency'),
  ...timesHead('slow_latency'),
  ...timesHead('queue'),
  ...timesHead('service'),
  ...['gc_pauses', 'gc_ns', 'gc_max_ns'],
  ...['used_bytes', 'peak_bytes'],
  ...TIER_NAMES.flatMap((tier) => [`${tier}_used_bytes`, `${tier}_available_bytes`]),
  ...['rss_bytes', 'block_bytes', 'processed_bytes'],
  ...['cpu_process', 'cpu_system', 'pressure', 'pressure_level'],
  ...TASK_COUNTS.map((name) => `tasks_${name}`),
  ...['decisions', 'quota_moves', 'buffer_moves', 'clipped', 'runs_refused'],
];

/** What there is of each job. */
const JOB_HEAD: readonly string[] = [
  ...timesHead('queue'),
  ...timesHead('service'),
  ...TASK_COUNTS.map((name) => `tasks_${name}`),
];
/** A table with more columns is of no use to anybody. */
const MOST_JOBS = 100;

/** In their order, those that any run tells apart from others; of very many those that had tasks first. */
function jobsOf(runs: readonly RecordedRun[]): string[] {
  const names = new Set(runs.flatMap(severalJobs));
  if (names.size <= MOST_JOBS) return [...names];
  const active = runs.flatMap((run) => [...linesByJob(run).keys()].map((job) => jobNames(run)[job]));
  return [...new Set([...active, ...names])].slice(0, MOST_JOBS);
}

function cellsOf(part: ReturnType<typeof partOf>): Cell[] {
  if (part === null) return JOB_HEAD.map(() => null);
  return [
    ...timesOf(part, (name) => name === 'queue'),
    ...timesOf(part, (name) => name === 'service'),
    ...TASK_COUNTS.map((name) => part.tasks[name]),
  ];
}

/** How many were taken until each interval's end; both are in the order of time. */
function decisionsIn({ intervals, decisions }: RecordedRun): number[] {
  let next = 0;
  return intervals.map(({ to }) => {
    const first = next;
    while (next < decisions.length && decisions[next].atSeconds <= to) next++;
    return next - first;
  });
}

function rowOf(run: RecordedRun, interval: IntervalLine, decisions: number): Cell[] {
  const { tiers, tasks, moves } = interval;
  const requests = servedBy([interval]);
  const pauses = merge([interval], (name) => name.startsWith('gc/'));
  return [
    ...[run.origin, interval.from, interval.to],
    ...CAUSES.map((cause) => requests.byCause[cause]),
    hitRateOf(requests),
    ...timesOf(interval, (name) => name.startsWith('latency/')),
    ...timesOf(interval, (name) => name.startsWith('latency/') && !name.startsWith('latency/hit/')),
    ...timesOf(interval, (name) => name === 'queue'),
    ...timesOf(interval, (name) => name === 'service'),
    ...[pauses?.histogram.totalCount ?? 0, pauses?.sum ?? 0, pauses?.max ?? 0],
    ...[interval.budget.usedBytes, interval.budget.peakBytes],
    ...TIER_NAMES.flatMap((tier) => tiers[tier]),
    ...[interval.rssBytes, interval.blockBytes],
    processedIn(interval),
    ...[interval.cpu.process, interval.cpu.system],
    ...[interval.pressure, PRESSURE_LEVELS.indexOf(interval.pressure)],
    ...TASK_COUNTS.map((name) => tasks[name]),
    decisions,
    moves.filter(([kind]) => kind === 'quota').length,
    moves.filter(([kind]) => kind === 'buffers').length,
    interval.clipped,
    sumOf(REFUSALS, (why) => interval.refusedRuns?.[why] ?? 0),
  ];
}

function timesHead(what: string): string[] {
  return TIMES.map((name) => `${what}_${name}${name === 'count' ? '' : '_ns'}`);
}

/** Empty cells where nothing was timed. */
function timesOf(holder: SeriesHolder, pick: (name: SeriesName) => boolean): Cell[] {
  const merged = merge([holder], pick);
  if (merged === null) return TIMES.map((name) => (name === 'count' ? 0 : null));
  const stats = distributionOf(merged);
  return TIMES.map((name) => stats[name]);
}

function cellText(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const plain = escaped(cell);
  // Spreadsheets take a text that begins so for a formula.
  const text = /^[=+\-@]/.test(plain) ? `'${plain}` : plain;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
