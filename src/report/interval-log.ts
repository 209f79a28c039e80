/**
 * A recording as HdrHistogram's tagged interval log, version 1.3. Lines without a tag hold the latency of all
 * requests, since that is what the usual processors read where no tag is named; all others have the name of
 * their series or group of series as their tag. Times are seconds since the start, which is named in epoch
 * seconds. Pure.
 */
import type { IntervalLine, SeriesName } from '../telemetry/recording/lines.ts';
import { addSparse, type Cut, encodeSparse, type SparseCounts } from './encoded-histogram.ts';
import { countsOf, cutOfSeries } from './histograms.ts';
import { seriesOfJob } from './jobs.ts';
import type { RecordedRun } from './recorded-run.ts';
import { groupsOf, jobTags, threadName } from './series-groups.ts';

/** By which the usual processors take the maximum to be divided, which makes milliseconds of nanoseconds. */
const MAX_VALUE_UNIT_RATIO = 1e6;
const UNTAGGED = 'latency';

export function intervalLog(run: RecordedRun, { byWorker }: { readonly byWorker: boolean }): string {
  const { startedAt, versions } = run.header;
  const start = new Date(startedAt);
  const epoch = (start.getTime() / 1000).toFixed(3);
  const lines = [
    `#[Written by millpond ${versions.millpond.replace(/[^\w.-]/g, '?')}: nanoseconds, with the tag size bytes; without a tag, all requests for memory]`,
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${epoch} (seconds since epoch), ${start.toUTCString()}]`,
    `#[BaseTime: ${epoch} (seconds since epoch)]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ];
  const tags = jobTags(run);
  for (const interval of run.intervals) {
    const time = `${interval.from.toFixed(3)},${(interval.to - interval.from).toFixed(3)}`;
    for (const [group, { cut, counts, max }] of sumsOf(interval, byWorker, tags)) {
      const tag = group === UNTAGGED ? '' : `Tag=${group},`;
      lines.push(`${tag}${time},${(max / MAX_VALUE_UNIT_RATIO).toFixed(3)},${encodeSparse(counts, cut)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

interface Sum {
  readonly cut: Cut;
  counts: SparseCounts;
  max: number;
}

/** In the order of their names. */
function sumsOf(
  { series, jobs = [] }: IntervalLine,
  byWorker: boolean,
  tags: readonly string[],
): [string, Sum][] {
  const sums = new Map<string, Sum>();
  const ofJobs = jobs.flatMap((line) =>
    seriesOfJob(line).map((one) => [one, [`${one[0]}/${tags[line.job]}`]] as const),
  );
  const all = series.map((one) => [one, keysOf(one[0], one[1], byWorker)] as const);
  for (const [one, groups] of [...all, ...ofJobs]) {
    const [name, , , max] = one;
    for (const group of groups) {
      const sum = sums.get(group);
      if (sum === undefined) sums.set(group, { cut: cutOfSeries(name), counts: countsOf(one), max });
      else {
        sum.counts = addSparse(sum.counts, countsOf(one));
        sum.max = Math.max(sum.max, max);
      }
    }
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}

function keysOf(name: SeriesName, shard: number, byWorker: boolean): readonly string[] {
  const groups = groupsOf(name);
  return byWorker ? [...groups, ...groups.map((group) => `${group}/${threadName(shard)}`)] : groups;
}
