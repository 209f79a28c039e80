/** The report of one run on a terminal. Pure. */
import { styleText } from 'node:util';
import { formatBytes } from '../bytes.ts';
import { CAUSES } from '../pool/causes.ts';
import { HEALTH_CHECKS, type HealthState } from '../telemetry/health-report.ts';
import type { Stats } from '../telemetry/stats.ts';
import { formatNanoseconds, formatSeconds } from '../text/durations.ts';
import { escaped, shortened, shown } from '../text/escaping.ts';
import { refusalText } from './figures.ts';
import type { Latency, RunDocument } from './run-document.ts';
import { VERDICTS_IN_WORDS } from './verdict.ts';

const LABEL_COLUMNS = 11;
const NAME_COLUMNS = 14;
/** Characters of a task's name. */
const MOST_NAME = 80;
const COLOURS: Readonly<Record<HealthState, 'green' | 'yellow' | 'red'>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
};

/** Each line ends with a line feed. */
export function formatRun(run: RunDocument, stream: NodeJS.WriteStream): string {
  const sections: [label: string, lines: readonly string[]][] = [
    ['run', runLines(run)],
    ['verdict', verdictLines(run, stream)],
    ['requests', requestLines(run)],
    ['memory', memoryLines(run)],
    ['latency', latencyLines(run)],
    ['corrected', correctedLines(run)],
    ...Object.entries(run.latencyByThread ?? {}).map(([thread, latency]): [string, string[]] => [
      thread.replace('-thread', ''),
      tableLines(latency, null),
    ]),
    ['tasks', taskLines(run)],
    ['lifetimes', lifetimeLines(run)],
    ['collector', collectorLines(run)],
    ['decisions', decisionLines(run)],
    ['lost', run.workersLost.map(lostLine)],
    ['figures', figureLines(run)],
    ['remarks', run.remarks],
  ];
  return sections
    .flatMap(([label, lines]) =>
      lines.map((line, at) => {
        const head = at === 0 ? label : '';
        return `${styleText('bold', head.padEnd(LABEL_COLUMNS), { stream })}${line}\n`;
      }),
    )
    .join('');
}

function runLines(run: RunDocument): string[] {
  const { machine, versions, options } = run;
  const started = run.startedAt.replace('T', ' ').replace(/\.\d+Z$|Z$/, ' UTC');
  return [
    `${escaped(run.label)}, ${started}, ${formatSeconds(run.seconds)} on ${count(options.threads, 'thread')}: ${shown(run.recording)}`,
    escaped(
      `millpond ${versions.millpond}, Node ${versions.node}, ${machine.system}, ${machine.cores} x ${machine.cpu}`,
    ),
  ];
}

function verdictLines({ health, ended }: RunDocument, stream: NodeJS.WriteStream): string[] {
  const coloured = (state: HealthState, text: string): string => styleText(COLOURS[state], text, { stream });
  const troubles = HEALTH_CHECKS.filter((name) => health.checks[name].state !== 'ok');
  const judged = ended ? '' : ' It has no end, so this is judged from what was written.';
  return [
    `${coloured(health.verdict, VERDICTS_IN_WORDS[health.verdict])}${judged}`,
    ...troubles.map((name) => {
      const { state, sentence } = health.checks[name];
      return `${coloured(state, state.padEnd(5))}${name}: ${sentence}`;
    }),
  ];
}

function requestLines({ requests }: RunDocument): string[] {
  const { hitRate, refused } = requests;
  if (hitRate === null) return [refused > 0 ? `${refused}, all refused` : 'none'];
  const refusals = refused > 0 ? `, ${refused} refused` : '';
  return [`${requests.requests}, ${percent(hitRate)} from pooled memory${refusals}`];
}

function memoryLines({ memory }: RunDocument): string[] {
  const strained = (['elevated', 'high', 'critical'] as const)
    .filter((level) => memory.secondsAtLevel[level] > 0)
    .map((level) => `${level} for ${formatSeconds(memory.secondsAtLevel[level])}`);
  const process = memory.mostRssBytes > 0 ? `${formatBytes(memory.mostRssBytes)} at most` : 'unknown';
  return [
    `peak ${formatBytes(memory.peakBytes)} of ${formatBytes(memory.limitBytes)} (${percent(memory.peakShare)}), the whole process ${process}`,
    ...(strained.length > 0 ? [`pressure was ${strained.join(', ')}`] : []),
  ];
}

function latencyLines(run: RunDocument): string[] {
  const lines = tableLines(run.latency, run);
  if (lines.length === 0) return ['nothing was timed'];
  const weight =
    run.hitWeight > 1
      ? `One hit in ${run.hitWeight} was timed and counts ${run.hitWeight} times; everything else was timed. 'requests' is exact.`
      : "Every request was timed. 'requests' is exact.";
  return [...lines, weight];
}

/** With exact counts where the run is given, else with sums of weights. */
function tableLines(latency: Latency, run: RunDocument | null): string[] {
  const rows = CAUSES.flatMap((cause): string[] => {
    const stats = latency.byCause[cause] ?? null;
    const served = run?.requests.byCause[cause] ?? stats?.count ?? 0;
    return served > 0 || stats !== null ? [row(cause, served, stats)] : [];
  });
  if (rows.length === 0) return [];
  const all = row('all', run?.requests.requests ?? latency.all?.count ?? 0, latency.all);
  return [head('requests'), ...rows, all];
}

/** Each figure beside what it is when corrected; a maximum stays what it is. */
function correctedLines({ correctedLatency, latency }: RunDocument): string[] {
  if (correctedLatency === null) return [];
  const { expectedIntervalNanoseconds, all, byCause } = correctedLatency;
  const pairs: [string, Stats | null | undefined, Stats | null | undefined][] = [
    ...CAUSES.map((cause): (typeof pairs)[number] => [cause, latency.byCause[cause], byCause[cause]]),
    ['all', latency.all, all],
  ];
  const rows = pairs.flatMap(([name, raw, better]) => {
    if (!raw || !better) return [];
    const figures = [raw.p50, better.p50, raw.p99, better.p99, raw.p999, better.p999];
    return [cells(name, figures.map(time))];
  });
  const added = Math.round((all?.count ?? 0) - (latency.all?.count ?? 0));
  return [
    ...(rows.length > 0
      ? [cells('', ['p50', 'corrected', 'p99', 'corrected', 'p99.9', 'corrected']), ...rows]
      : []),
    `As if each caller had asked every ${time(expectedIntervalNanoseconds)}, and also while it was held up: that adds ${count(added, 'request')} that ${added === 1 ? 'was' : 'were'} never made (coordinated omission).`,
  ];
}

function taskLines(run: RunDocument): string[] {
  const { succeeded, failed, cancelled, lost } = run.tasks;
  const refusals = refusalText(run.refusedRuns);
  const refused = refusals === null ? [] : [refusals];
  if (succeeded + failed + cancelled + lost === 0) return ['none ended', ...refused];
  const others = Object.entries({ failed, cancelled, lost }).filter(([, of]) => of > 0);
  const waits: [string, Stats | null][] = [
    ['queue', run.queue],
    ['service', run.service],
  ];
  const rows = waits.filter(([, stats]) => stats !== null);
  return [
    `${succeeded} succeeded${others.map(([name, of]) => `, ${of} ${name}`).join('')}`,
    ...refused,
    ...(rows.length > 0 ? [head('tasks'), ...rows.map(([name, of]) => row(name, of?.count ?? 0, of))] : []),
    ...(rows.length > 0
      ? ['queue: from its acceptance to its start in a worker; service: from there to its end.']
      : []),
    ...jobLines(run),
    ...run.slowestTasks
      .slice(0, 3)
      .map(
        (task) =>
          `${time(task.serviceNanoseconds)} on ${task.thread}${run.jobs.length > 0 ? `, ${jobName(task.job ?? '')}` : ''}${task.outcome === 'succeeded' ? '' : `, ${task.outcome}`}: ${shortened(shown(task.name), MOST_NAME)}`,
      ),
  ];
}

/** How long tasks of each job ran, where there are several; how long they waited is in the JSON. */
function jobLines({ jobs }: RunDocument): string[] {
  if (jobs.length === 0) return [];
  const rows = jobs.flatMap(({ job, tasks, queue, service }) => {
    const ended = tasks.succeeded + tasks.failed + tasks.cancelled + tasks.lost;
    return [
      `${jobName(job)}:`,
      row('  queue', queue?.count ?? ended, queue),
      row('  service', service?.count ?? 0, service),
    ];
  });
  return ['By job:', ...rows];
}

function jobName(job: string): string {
  return shortened(escaped(job), MOST_NAME);
}

function lifetimeLines({ lifetimes: groups }: RunDocument): string[] {
  const entries = Object.entries(groups);
  if (entries.length === 0) return [];
  const rows = entries.map(([name, stats]) =>
    row(name === 'lifetime' ? 'all' : name.slice('lifetime/'.length), stats.count, stats),
  );
  return [
    head('leases'),
    ...rows.slice(1),
    rows[0],
    'From acquire to release, of sampled leases; each counts for those that it stands for.',
  ];
}

function collectorLines({ gc, seconds, options }: RunDocument): string[] {
  const all = gc.gc;
  if (all === undefined) return [];
  const time = seconds * (options.threads + 1) * 1e9;
  const rows = Object.entries(gc).filter(([name]) => name !== 'gc');
  return [
    head('pauses'),
    ...rows.map(([name, stats]) => row(name.slice('gc/'.length), stats.count, stats)),
    `${percent(time > 0 ? all.sum / time : 0)} of the time of all threads`,
  ];
}

function decisionLines({ decisions, moves, recoveries }: RunDocument): string[] {
  const moved = moves.quota + moves.buffers;
  const kinds = Map.groupBy(decisions, ({ kind }) => kind);
  const verdicts = Map.groupBy(decisions, ({ score }) => score?.verdict ?? 'not judged');
  const counts = (groups: ReadonlyMap<string, readonly unknown[]>): string =>
    Array.from(groups, ([name, of]) => `${of.length} ${name}`).join(', ');
  const lines = decisions.length > 0 ? [`${counts(kinds)}; ${counts(verdicts)}`] : ['none'];
  if (moved > 0) {
    lines.push(
      `${count(moves.quota, 'move')} of quota and ${moves.buffers} of buffers from thread to thread`,
    );
  }
  if (recoveries.length > 0) {
    const recovered = recoveries.filter((one) => one.recovered).length;
    const longest = recoveries.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
    lines.push(
      `${recovered} of ${count(recoveries.length, 'emergency', 'emergencies')} ended because pressure fell, the longest took ${time(longest * 1e6)}`,
    );
  }
  return lines;
}

function lostLine({ shard, exitCode, at, task, job }: RunDocument['workersLost'][number]): string {
  const during =
    task === undefined
      ? ''
      : `, in ${shortened(shown(task), MOST_NAME)}${job === undefined ? '' : ` (${jobName(job)})`}`;
  return `worker ${shard} with exit code ${exitCode} after ${formatSeconds(at)}${during}`;
}

/** How far the figures can be trusted. */
function figureLines(run: RunDocument): string[] {
  const { resolutionNanoseconds, readNanoseconds, recordNanoseconds } = run.clock;
  const { overhead } = run;
  const { count: intervals, shortestSeconds, longestSeconds } = run.intervals;
  const lengths = new Set([shortestSeconds, longestSeconds].map((one) => formatSeconds(one)));
  return [
    `The clock's resolution is ${formatNanoseconds(resolutionNanoseconds)}; one read costs ${formatNanoseconds(readNanoseconds)}, recording a value ${formatNanoseconds(recordNanoseconds)}.`,
    `Timing ${count(overhead.timedRequests, 'request')} took ${time(overhead.nanoseconds)} in all, ${percent(overhead.share)} of the workers' time; each latency includes one read.`,
    `Percentiles are accurate to ${run.significantDigits} digits; maxima and sums are exact.`,
    `${count(intervals, 'interval')} of ${[...lengths].join(' to ')} in ${formatBytes(run.fileBytes)}.`,
    ...(run.clipped > 0
      ? [
          `${count(run.clipped, 'value')} outside the range of their histogram count at its end, so the largest were larger.`,
        ]
      : []),
  ];
}

function head(counted: string): string {
  return cells('', [counted, 'p50', 'p99', 'p99.9', 'max']);
}

function row(name: string, of: number, stats: Stats | null): string {
  const times =
    stats === null ? Array<string>(4).fill('-') : [stats.p50, stats.p99, stats.p999, stats.max].map(time);
  return cells(name, [String(Math.round(of)), ...times]);
}

function cells(name: string, texts: readonly string[]): string {
  return `${name.padEnd(NAME_COLUMNS)}${texts.map((text) => text.padStart(11)).join('')}`;
}

/** Times stand in columns, and in sentences as there. */
function time(nanoseconds: number): string {
  return formatNanoseconds(nanoseconds, 'column');
}

function percent(share: number): string {
  if (share > 0 && share < 1e-5) return 'under 0.001 %';
  return `${Number((share * 100).toFixed(share < 0.01 ? 3 : 1))} %`;
}

function count(of: number, one: string, many = `${one}s`): string {
  return `${of} ${of === 1 ? one : many}`;
}
