/** What follows the plots: tasks, health, moves, how far the figures can be trusted, options. Pure. */
import type { Stats } from '../../telemetry/stats.ts';
import type { PageData, RunData } from './data.ts';
import { bytes, clock, count, duration, letterOf } from './format.ts';
import { type Html, html } from './html.ts';
import { folded, table } from './table.ts';
import { shardName } from './time.ts';

export function detailsOf({ runs }: PageData): Html {
  return html`${runs.map((run, index) => {
    const letter = runs.length > 1 ? letterOf(index) : null;
    return html`<section class="details">${letter && html`<h2>Run ${letter}: <bdi>${run.origin}</bdi></h2>`}${trust(run)}${waits(run)}${tasks(run)}${health(run)}${moves(run)}${about(run)}</section>`;
  })}`;
}

function trust({ trust, remarks, ended }: RunData): Html {
  const { sampleEvery, digits, clipped } = trust;
  const spans =
    trust.shortest === trust.longest
      ? clock(trust.shortest)
      : `${clock(trust.shortest)} to ${clock(trust.longest)}`;
  return html`<h3>How far the figures can be trusted</h3><ul class="trust"><li>${
    sampleEvery === 1
      ? 'Every hit was timed.'
      : `All slow requests are timed. Of hits, one in ${count(sampleEvery)} is timed and counts as ${count(sampleEvery)}: curves and heat maps of hits are estimates, the numbers of requests are exact.`
  }</li><li>The clock’s resolution is ${duration(trust.resolution)}; reading it takes ${duration(trust.read)}, which is part of every latency; recording a value takes ${duration(trust.record)}.</li><li>Histograms keep ${digits} significant digits, so percentiles lie up to ${100 / 10 ** digits} % above the true value; the largest values are exact.</li><li class="${clipped > 0 ? 'warn' : ''}">${
    clipped > 0
      ? `${count(clipped)} values lay outside the range of their histogram and were clipped to it: the tails are longer than drawn.`
      : 'No value lay outside the range of its histogram.'
  }</li><li>${count(trust.intervals)} intervals of ${spans} were recorded; plots over time show the largest value of each step.</li>${remarks.map((remark) => html`<li class="warn">${remark}</li>`)}${
    ended ? '' : html`<li class="warn">Totals hold what was written before the recording stopped.</li>`
  }</ul>`;
}

function waits({ waits }: RunData): Html {
  const rows: readonly (readonly [string, string, Stats | null])[] = [
    ['Queue wait', 'from acceptance to the start in a worker', waits.queue],
    ['Service time', 'from there to the end', waits.service],
    ['Allocation', 'one request for memory, inside the service time', waits.allocation],
  ];
  const at = (title: string, of: 'p50' | 'p90' | 'p99' | 'max') => ({
    title,
    of: ([, , latency]: (typeof rows)[number]) => latency && duration(latency[of]),
  });
  return html`<h3>Where tasks spent their time</h3>${table(
    'Queue wait, service time and allocation latency are measured apart',
    [
      { title: 'What', of: ([name, meaning]) => html`${name} <span class="aside">${meaning}</span>` },
      { title: 'Count', of: ([, , latency]) => latency && count(latency.count) },
      ...[at('p50', 'p50'), at('p90', 'p90'), at('p99', 'p99'), at('max', 'max')],
    ],
    rows,
  )}`;
}

function tasks({ slowest, jobs, refusals, tasks: { succeeded, failed, cancelled, lost } }: RunData): Html {
  return html`<p>${count(succeeded)} tasks succeeded, ${count(failed)} failed, ${count(cancelled)} were cancelled, ${count(lost)} lost with their worker.${refusals === null ? '' : ` ${refusals}.`}</p>${byJob(jobs)}${
    slowest.length > 0 &&
    table(
      'The tasks that took longest',
      [
        { title: 'Task', of: ({ name }) => html`<bdi>${name}</bdi>` },
        ...(jobs.length > 0
          ? [
              {
                title: 'Job',
                isText: true,
                of: ({ job }: (typeof slowest)[number]) => html`<bdi>${job}</bdi>`,
              },
            ]
          : []),
        { title: 'Thread', isText: true, of: ({ shard }) => shardName(shard) },
        { title: 'Began at', of: ({ start }) => clock(start) },
        { title: 'Queue wait', of: ({ queue }) => duration(queue) },
        { title: 'Service time', of: ({ service }) => duration(service) },
        { title: 'Outcome', isText: true, of: ({ outcome }) => outcome },
      ],
      slowest,
    )
  }`;
}

function byJob(jobs: RunData['jobs']): Html | null {
  if (jobs.length === 0) return null;
  const at = (title: string, of: 'queue' | 'service', figure: 'p50' | 'p99' | 'max') => ({
    title,
    of: (job: (typeof jobs)[number]) => job[of] && duration(job[of][figure]),
  });
  return table(
    'Tasks by job',
    [
      { title: 'Job', of: ({ job }) => html`<bdi>${job}</bdi>` },
      { title: 'Succeeded', of: ({ tasks }) => count(tasks.succeeded) },
      { title: 'Failed', of: ({ tasks }) => count(tasks.failed) },
      { title: 'Cancelled', of: ({ tasks }) => count(tasks.cancelled) },
      { title: 'Lost', of: ({ tasks }) => count(tasks.lost) },
      ...[at('Queue p50', 'queue', 'p50'), at('p99', 'queue', 'p99'), at('max', 'queue', 'max')],
      ...[at('Service p50', 'service', 'p50'), at('p99', 'service', 'p99'), at('max', 'service', 'max')],
    ],
    jobs,
  );
}

function health({ verdict: { checks } }: RunData): Html {
  return folded(
    'Health checks',
    table(
      'Health checks',
      [
        { title: 'Check', of: ({ name }) => name },
        {
          title: 'State',
          isText: true,
          of: ({ state }) => html`<span class="state ${state}">${state}</span>`,
        },
        { title: 'What it means', isText: true, of: ({ sentence }) => sentence },
      ],
      checks,
    ),
  );
}

function moves({ moves }: RunData): Html | null {
  if (moves.length === 0) return null;
  return folded(
    'Rebalance moves',
    table(
      'What went from thread to thread most',
      [
        { title: 'From', of: ({ from }) => shardName(from) },
        { title: 'To', isText: true, of: ({ to }) => shardName(to) },
        { title: 'What', isText: true, of: ({ kind, tier }) => `${kind}, ${tier}` },
        { title: 'Times', of: ({ times }) => count(times) },
        { title: 'Buffers', of: (move) => count(move.count) },
      ],
      moves,
    ),
  );
}

function about({ options, machine, versions, origin, fileBytes, startedAt }: RunData): Html {
  const rows = [
    ...[['Recording', `${origin}, ${bytes(fileBytes)}`] as const, ['Started', startedAt] as const],
    ...[['Machine', machine] as const, ['Versions', versions] as const],
    ...options,
  ];
  return folded(
    'Machine, versions and options',
    table(
      'Machine, versions and options',
      [
        { title: 'What', of: ([name]) => name },
        { title: 'Value', isText: true, of: ([, value]) => html`<bdi>${value}</bdi>` },
      ],
      rows,
    ),
  );
}
