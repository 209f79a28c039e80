/**
 * Percentile tables as HdrHistogram prints them and its plotters open them, one a group of series. Values are
 * in nanoseconds, of sizes in bytes. Pure.
 */
import { basename } from 'node:path';
import { percentileTable } from '../telemetry/hdr.ts';
import { byThread, type Merged } from './histograms.ts';
import { plainNames, unlike } from './plain-names.ts';
import type { RecordedRun } from './recorded-run.ts';
import { type GroupName, mergeGroups, mergeJobs, threadName } from './series-groups.ts';

interface PercentileFile {
  /** Of letters, digits and hyphens, whatever the recording is called. */
  readonly name: string;
  readonly content: string;
}

export function percentileFiles(
  runs: readonly RecordedRun[],
  { byWorker }: { readonly byWorker: boolean },
): PercentileFile[] {
  // Short, and safe in every file system.
  const stems = plainNames(
    runs.map(({ origin }) => basename(origin).replace(/\.[^.]*$/, '')),
    () => 'run',
  );
  // Of what a recording is called and of what a job is called together there may be two alike.
  const taken = new Set<string>();
  return runs.flatMap((run, at) =>
    Array.from(groupsIn(run, byWorker), ([group, { histogram }]) => ({
      name: `${unlike(taken, `${stems[at]}-${group.replaceAll('/', '-')}`)}.hgrm`,
      content: percentileTable(histogram),
    })),
  );
}

/** In the order of their names. */
function groupsIn(run: RecordedRun, byWorker: boolean): [GroupName, Merged][] {
  const { intervals } = run;
  const threads = byWorker ? byThread(intervals) : [];
  const ofThreads = threads.flatMap(([shard, series]) =>
    Array.from(mergeGroups(series), ([group, merged]): [GroupName, Merged] => [
      `${group}/${threadName(shard)}`,
      merged,
    ]),
  );
  return [...mergeGroups(intervals), ...ofThreads, ...mergeJobs(run)].sort(([a], [b]) => (a < b ? -1 : 1));
}
