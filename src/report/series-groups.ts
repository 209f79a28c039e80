/**
 * How series are put together for people: by their whole name, by what comes before its slashes, by thread
 * and by job. Pure.
 */

import { SERIES_NAMES, type SeriesName } from '../telemetry/recording/lines.ts';
import { type Merged, mergeBy, type SeriesHolder } from './histograms.ts';
import { linesByJob, seriesHolder, severalJobs } from './jobs.ts';
import { plainNames } from './plain-names.ts';
import type { RecordedRun } from './recorded-run.ts';

/**
 * `latency`, `latency/fresh`, `latency/fresh/large` or `queue`; of one thread or job with its name behind
 * another slash.
 */
export type GroupName = string;

/** From the widest to the series itself. */
const GROUPS: ReadonlyMap<SeriesName, readonly GroupName[]> = new Map(
  SERIES_NAMES.map((name) => {
    const parts = name.split('/');
    return [name, parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
  }),
);

export function groupsOf(name: SeriesName): readonly GroupName[] {
  return GROUPS.get(name) as readonly GroupName[];
}

const LEVELS = 3;

/** Every group that has values. */
export function mergeGroups(intervals: readonly SeriesHolder[]): Map<GroupName, Merged> {
  const levels = Array.from({ length: LEVELS }, (_, level) =>
    mergeBy(intervals, (name) => groupsOf(name)[level] ?? null),
  );
  return new Map(levels.flatMap((level) => [...level]));
}

/** What follows the slash of a group for each job, where there are several: letters, digits, hyphens. */
export function jobTags(run: RecordedRun): string[] {
  return plainNames(severalJobs(run), (at) => String(at + 1)).map((name) => `job-${name}`);
}

/** Every group of one job that has values. */
export function mergeJobs(run: RecordedRun): Map<GroupName, Merged> {
  const lines = linesByJob(run);
  return new Map(
    jobTags(run).flatMap((tag, job) => {
      const merged = mergeBy((lines.get(job) ?? []).map(seriesHolder), (name) => name);
      return Array.from(merged, ([name, one]): [GroupName, Merged] => [`${name}/${tag}`, one]);
    }),
  );
}

/** `main-thread` or `worker-3`. */
export function threadName(shard: number): string {
  return shard === 0 ? 'main-thread' : `worker-${shard}`;
}
