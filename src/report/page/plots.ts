/**
 * The plots: a place for each, what it shows in words, and its table. The page's script draws into the
 * places. Pure.
 */

import { PRESSURE_LEVELS } from '../../regulation/pressure.ts';
import type { IntervalLine } from '../../telemetry/recording/lines.ts';
import type { Stats } from '../../telemetry/stats.ts';
import { distributionOf } from '../figures.ts';
import { mergeBy } from '../histograms.ts';
import type { RecordedRun } from '../recorded-run.ts';
import type { CurveData, PageData, RunData, TimeData } from './data.ts';
import { bytes, bytesPerSecond, clock, count, duration, letterOf, share } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { CAUSE_MEANINGS } from './summary.ts';
import { type Column, folded, table } from './table.ts';
import { bucketsOf, shardName, timeOf } from './time.ts';

/** What a table has of a run over time; each row stands for a span and holds what was largest in it. */
const TABLE_ROWS = 24;

interface Row {
  readonly at: number;
  readonly time: TimeData;
  readonly latency: Stats | null;
}

export function plotsOf(data: PageData, runs: readonly RecordedRun[]): Html {
  const rows = runs.map((run) => rowsOf(bucketsOf(run.intervals, TABLE_ROWS)));
  const named = (caption: string, index: number) =>
    runs.length > 1 ? `${caption}, run ${letterOf(index)}` : caption;
  const each = (caption: string, of: (run: RunData, caption: string, index: number) => Content) =>
    data.runs.map((run, index) => of(run, named(caption, index), index));
  const overTime = (caption: string, columns: (run: RunData) => readonly Column<Row>[]) =>
    each(caption, (run, title, index) => table(title, [SPAN, ...columns(run)], rows[index]));

  return html`<div class="plots">${plot(
    'percentiles',
    'Allocation latency by percentile',
    html`How long requests took, up to which share of all. The scale is HdrHistogram’s: each step to the right is a ten times rarer request. ${omission(data)}`,
    each('Latency by cause and tier', (run, caption) => curveTable(caption, run.curves, true)),
  )}${plot(
    'heat',
    'Allocation latency over time',
    'How many requests took how long, and when: the darker or brighter, the more; each step of colour is a multiple. Up and down keys choose a row.',
    overTime('Latency over time', () => [
      { title: 'Requests, by weight', of: ({ latency }) => latency && count(latency.count) },
      { title: 'p50', of: ({ latency }) => latency && duration(latency.p50) },
      { title: 'p99', of: ({ latency }) => latency && duration(latency.p99) },
      { title: 'max', of: ({ latency }) => latency && duration(latency.max) },
    ]),
  )}${plot(
    'budget',
    'Budget, tiers and decisions',
    'Memory that counts against the budget, by what holds it, with the decisions of the runtime on top and pressure and emergencies behind.',
    [
      ...overTime('Memory over time', ({ time }) => [
        { title: 'Used', of: ({ at, time }) => bytes(time.usedBytes[at]) },
        ...time.tiers.map(
          ({ tier }): Column<Row> => ({
            title: `${tier}: leased + idle`,
            of: ({ at, time }) => {
              const one = time.tiers.find((other) => other.tier === tier);
              return one ? `${bytes(one.used[at])} + ${bytes(one.available[at])}` : null;
            },
          }),
        ),
        { title: 'Process', of: ({ at, time }) => bytes(time.rssBytes[at]) },
        { title: 'Pressure', isText: true, of: ({ at, time }) => PRESSURE_LEVELS[time.pressure[at]] },
      ]),
      each('Decisions', decisionTable),
    ],
    'wide',
  )}${plot(
    'block',
    'Block size and CPU load',
    'What jobs were advised to work in, and how busy the CPU was.',
    overTime('Block size and CPU load over time', () => [
      { title: 'Block', of: ({ at, time }) => bytes(time.blockBytes[at]) },
      { title: 'CPU of the process', of: ({ at, time }) => shareOf(time.cpuProcess[at]) },
      { title: 'CPU of the machine', of: ({ at, time }) => shareOf(time.cpuSystem[at]) },
    ]),
  )}${plot(
    'load',
    'Block size against CPU load',
    'The same two beside each other: one point for each step of time.',
    each('Block sizes and the CPU load that they had', loadTable),
  )}${plot(
    'throughput',
    'Throughput of each worker',
    'Audio that jobs reported as processed, in bytes of 32-bit samples.',
    [
      ...overTime('Throughput over time', ({ time }) => [
        { title: 'All', of: ({ at, time }) => bytesPerSecond(time.throughputSum[at]) },
        ...time.throughput.map(
          ({ name }): Column<Row> => ({
            title: name,
            of: ({ at, time }) => {
              const value = time.throughput.find((one) => one.name === name)?.values[at];
              return value === undefined || value === null ? null : bytesPerSecond(value);
            },
          }),
        ),
      ]),
      each('Workers', (run, caption) =>
        table(
          run.hiddenWorkers > 0
            ? `${caption}: those with most work, ${run.hiddenWorkers} are left out`
            : caption,
          [
            { title: 'Thread', of: ({ shard }) => shardName(shard) },
            { title: 'Processed', of: ({ processedBytes }) => bytes(processedBytes) },
            { title: 'Throughput', of: (worker) => bytesPerSecond(worker.bytesPerSecond) },
            { title: 'CPU', of: ({ cpu }) => shareOf(cpu) },
            { title: 'Most memory', of: ({ mostChargedBytes }) => bytes(mostChargedBytes) },
          ],
          run.workers,
        ),
      ),
    ],
  )}${plot(
    'lifetimes',
    'Lifetimes of leases',
    'From acquire to release, by tier; of sampled leases, with their weight.',
    each('Lifetimes by tier', (run, caption) => curveTable(caption, run.lifetimes, false)),
  )}${plot(
    'pauses',
    'Pauses of the garbage collector',
    'The longest pause of any thread, over time, by kind.',
    [
      ...overTime('Longest pauses over time', ({ time }) =>
        time.pauses.map(
          ({ kind }): Column<Row> => ({
            title: kind,
            of: ({ at, time }) => durationOf(time.pauses.find((one) => one.kind === kind)?.values[at]),
          }),
        ),
      ),
    ],
  )}${plot('pause-percentiles', 'Pauses by percentile', 'How long pauses of all threads took, by kind.', [
    each('Pauses by kind', (run, caption) => curveTable(caption, run.gc.kinds, false)),
    each('Pauses by thread', ({ gc }, caption) =>
      table(
        gc.hiddenThreads > 0 ? `${caption}; ${gc.hiddenThreads} threads are left out` : caption,
        [
          { title: 'Thread', of: ({ shard }) => shardName(shard) },
          { title: 'Pauses', of: ({ pauses }) => count(pauses) },
          { title: 'p50', of: ({ p50 }) => duration(p50) },
          { title: 'p99', of: ({ p99 }) => duration(p99) },
          { title: 'max', of: ({ max }) => duration(max) },
          { title: 'Share of its time', of: (thread) => share(thread.share) },
        ],
        gc.threads,
      ),
    ),
  ])}</div>`;
}

function plot(id: string, title: string, caption: Content, tables: readonly Content[], size = ''): Html {
  return html`<figure class="${size}" data-plot="${id}" id="plot-${id}"><figcaption><h2>${title}</h2><p>${caption}</p></figcaption><div class="place"></div>${folded('Table', tables)}</figure>`;
}

const SPAN: Column<Row> = { title: 'From', of: ({ at, time }) => clock(time.from[at]) };

function rowsOf(buckets: readonly IntervalLine[][]): Row[] {
  const time = timeOf(buckets);
  return buckets.map((bucket, at) => {
    const merged = mergeBy(bucket, (name) => (name.startsWith('latency/') ? true : null)).get(true);
    return { at, time, latency: merged ? distributionOf(merged) : null };
  });
}

function omission({ expectedIntervalNs }: PageData): Html {
  if (expectedIntervalNs === null) {
    return html`A caller that waits makes no requests meanwhile, so long waits are seen less often than they occur (“coordinated omission”); with an expected interval between requests the report corrects for it.`;
  }
  return html`A caller that waits makes no requests meanwhile (“coordinated omission”). The dashed curve adds those it would have made, one request every ${duration(expectedIntervalNs)}.`;
}

function curveTable(caption: string, curves: readonly CurveData[], byTier: boolean): Html {
  const tier: Column<CurveData>[] = byTier
    ? [{ title: 'Tier', isText: true, of: (curve) => curve.tier }]
    : [];
  return table(
    caption,
    [
      {
        title: byTier ? 'Cause' : 'Kind',
        of: ({ name }) => html`${name} <span class="aside">${CAUSE_MEANINGS[name] ?? ''}</span>`,
      },
      ...tier,
      { title: 'Count, by weight', of: ({ stats }) => count(stats.count) },
      { title: 'Mean', of: ({ stats }) => duration(stats.mean) },
      { title: 'p50', of: ({ stats }) => duration(stats.p50) },
      { title: 'p90', of: ({ stats }) => duration(stats.p90) },
      { title: 'p99', of: ({ stats }) => duration(stats.p99) },
      { title: 'p99.9', of: ({ stats }) => duration(stats.p999) },
      { title: 'max', of: ({ stats }) => duration(stats.max) },
    ],
    curves,
  );
}

/** The list that the plot marks; the reasons are the runtime's own sentences. */
function decisionTable({ decisions }: RunData, caption: string): Html {
  const total = decisions.counts.reduce((sum, [, some]) => sum + some, 0);
  const isAll = total === decisions.shown.length;
  const most = decisions.shown.slice(0, MOST_DECISION_ROWS);
  return table(
    isAll && most.length === total ? caption : `${caption}: ${most.length} of ${count(total)}`,
    [
      { title: 'At', of: ({ at }) => clock(at) },
      { title: 'Kind', isText: true, of: ({ kind }) => kind },
      { title: 'Reason', isText: true, of: ({ reason }) => reason },
      { title: 'Requests, of busy time', of: ({ requestShare }) => shareOf(requestShare) },
      { title: 'Verdict', isText: true, of: ({ verdict }) => verdict ?? 'not judged' },
      { title: 'Regret', of: ({ regret }) => shareOf(regret) },
    ],
    most,
  );
}

const MOST_DECISION_ROWS = 100;

function loadTable({ time }: RunData, caption: string): Html {
  const bySize = Map.groupBy(time.blockBytes.keys(), (at) => time.blockBytes[at]);
  const rows = [...bySize].sort(([a], [b]) => a - b).slice(0, TABLE_ROWS);
  return table(
    caption,
    [
      { title: 'Block', of: ([size]) => bytes(size) },
      { title: 'Share of the steps', of: ([, steps]) => share(steps.length / time.blockBytes.length) },
      {
        title: 'Least CPU',
        of: ([, steps]) =>
          shareOf(
            edge(
              steps.map((at) => time.cpuProcess[at]),
              Math.min,
            ),
          ),
      },
      {
        title: 'Most CPU',
        of: ([, steps]) =>
          shareOf(
            edge(
              steps.map((at) => time.cpuProcess[at]),
              Math.max,
            ),
          ),
      },
    ],
    rows,
  );
}

function edge(values: readonly (number | null)[], of: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? of(...known) : null;
}

function durationOf(value: number | null | undefined): string | null {
  return value === null || value === undefined ? null : duration(value);
}

function shareOf(value: number | null): string | null {
  return value === null ? null : share(value);
}
