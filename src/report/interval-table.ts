/**
 * A recording as a table in CSV, a row each interval, with a head; docs/reports.md says what the columns are.
 * Pure.
 */

import { CAUSES } from '../pool/causes.ts';
import { TIER_NAMES } from '../pool/tiers.ts';
import { PRESSURE_LEVELS } from '../regulation/pressure.ts';
import type { IntervalLine, SeriesName } from '../telemetry/recording/lines.ts';
import { escaped } from '../text/escaping.ts';
import { distributionOf, hitRateOf, processedIn, servedBy } from './figures.ts';
import { merge } from './histograms.ts';
import type { RecordedRun } from './recorded-run.ts';

type Cell = number | string | null;

const TIMES = ['count', 'p50', 'p99', 'p999', 'max', 'mean'] as const;

/** Rows of several runs follow each other; `recording` says whose they are. */
export function intervalTable(runs: readonly RecordedRun[]): string {
  const rows = runs.flatMap((run) => {
    const decisions = decisionsIn(run);
    return run.intervals.map((interval, at) => rowOf(run, interval, decisions[at]));
  });
  const head = HEAD.join(',');
  return [head, ...rows.map((row) => row.map(cellText).join(','))].map((line) => `${line}\n`).join('');
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
  ...['tasks_queued', 'tasks_running', 'tasks_succeeded', 'tasks_failed', 'tasks_cancelled', 'tasks_lost'],
  ...['decisions', 'quota_moves', 'buffer_moves', 'clipped'],
];

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
    ...[tasks.queued, tasks.running, tasks.succeeded, tasks.failed, tasks.cancelled, tasks.lost],
    decisions,
    moves.filter(([kind]) => kind === 'quota').length,
    moves.filter(([kind]) => kind === 'buffers').length,
    interval.clipped,
  ];
}

function timesHead(what: string): string[] {
  return TIMES.map((name) => `${what}_${name}${name === 'count' ? '' : '_ns'}`);
}

/** Empty cells where nothing was timed. */
function timesOf(interval: IntervalLine, pick: (name: SeriesName) => boolean): Cell[] {
  const merged = merge([interval], pick);
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
