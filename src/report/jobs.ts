/**
 * What a recording holds of one job, by its name: a part of each interval where the runtime had several, all
 * of it where it had that one. Pure, but for a cache of what is read again and again.
 */
import type {
  IntervalLine,
  RecordedJob,
  RecordedSeries,
  RecordedTimes,
} from '../telemetry/recording/lines.ts';
import { NO_TASKS } from '../telemetry/recording/since.ts';
import type { TaskCounts } from '../telemetry/task-end.ts';
import { escaped, jsonText, shortened } from '../text/escaping.ts';
import { listed } from '../text/listing.ts';
import type { SeriesHolder } from './histograms.ts';
import type { RecordedRun } from './recorded-run.ts';

/** What of an interval is of one job. */
interface JobInterval extends SeriesHolder {
  readonly tasks: TaskCounts;
}

/** Names in a message. */
const MOST_LISTED = 10;
/** Of a job's name, for people. */
const MOST_NAME = 80;

/** Names of the jobs; of an earlier version's recording none are known. */
export function jobNames({ header }: RecordedRun): readonly string[] {
  return header.jobs ?? [];
}

/** Those that are told apart; none where there is one, since that is all there is. */
export function severalJobs(run: RecordedRun): readonly string[] {
  const names = jobNames(run);
  return names.length > 1 ? names : [];
}

/** Series and tasks of a job in an interval; null where the run had no such job. */
export function partOf(run: RecordedRun, interval: IntervalLine, job: string): JobInterval | null {
  const numbers = numbersOf(run, job);
  if (numbers.size === 0) return null;
  if (jobNames(run).length === 1) return interval;
  const own = (interval.jobs ?? []).filter((one) => numbers.has(one.job));
  return { series: own.flatMap(seriesOfJob), tasks: own.map(({ tasks }) => tasks).reduce(both, NO_TASKS) };
}

/** `queue` and `service` of a job, as series of no thread. */
export function seriesOfJob({ queue, service }: RecordedJob): RecordedSeries[] {
  return [
    ...(queue === undefined ? [] : [seriesOf('queue', queue)]),
    ...(service === undefined ? [] : [seriesOf('service', service)]),
  ];
}

export function seriesHolder(line: RecordedJob): SeriesHolder {
  return { series: seriesOfJob(line) };
}

/** Where the run had several, all there is of each, by its number. */
export function linesByJob({ intervals }: RecordedRun): ReadonlyMap<number, readonly RecordedJob[]> {
  return Map.groupBy(
    intervals.flatMap(({ jobs = [] }) => jobs),
    ({ job }) => job,
  );
}

/** As people read it, on one line. */
export function shownJob(name: string): string {
  return shortened(escaped(name), MOST_NAME);
}

/** As {@link shownJob}, the first of many. */
export function listedJobs(names: readonly string[]): string {
  return listed(names.map(shownJob), MOST_LISTED);
}

/** As a gate writes it: in quotes where it would end before its end. */
export function writtenJob(name: string): string {
  return name === escaped(name) && BARE_JOB.test(name) ? name : jsonText(name);
}

/** What needs no quotes. */
const BARE_JOB = /^[^()<>=\s"]+$/;

/** Long names are cut when they are recorded, so several jobs may have the same. */
function numbersOf(run: RecordedRun, job: string): ReadonlySet<number> {
  let known = numbers.get(run);
  if (known === undefined) {
    known = new Map();
    numbers.set(run, known);
  }
  let found = known.get(job);
  if (found === undefined) {
    found = new Set(jobNames(run).flatMap((name, at) => (name === job ? [at] : [])));
    known.set(job, found);
  }
  return found;
}

const numbers = new WeakMap<RecordedRun, Map<string, ReadonlySet<number>>>();

/** The same one each time, since of each series the counts are kept once they were unpacked. */
function seriesOf(name: 'queue' | 'service', times: RecordedTimes): RecordedSeries {
  let series = asSeries.get(times);
  if (series === undefined) {
    series = [name, 0, ...times];
    asSeries.set(times, series);
  }
  return series;
}

const asSeries = new WeakMap<RecordedTimes, RecordedSeries>();

function both(a: TaskCounts, b: TaskCounts): TaskCounts {
  return {
    queued: a.queued + b.queued,
    running: a.running + b.running,
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    lost: a.lost + b.lost,
  };
}
