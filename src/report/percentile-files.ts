/**
 * Percentile tables as HdrHistogram prints them and its plotters open them, one a group of series. Values are
 * in nanoseconds, of sizes in bytes. Pure.
 */
import { basename } from 'node:path';
import { percentileTable } from '../telemetry/hdr.ts';
import { byThread, type Merged } from './histograms.ts';
import type { RecordedRun } from './recorded-run.ts';
import { type GroupName, mergeGroups, threadName } from './series-groups.ts';

interface PercentileFile {
  /** Of letters, digits and hyphens, whatever the recording is called. */
  readonly name: string;
  readonly content: string;
}

export function percentileFiles(
  runs: readonly RecordedRun[],
  { byWorker }: { readonly byWorker: boolean },
): PercentileFile[] {
  const stems = stemsOf(runs.map(({ origin }) => origin));
  return runs.flatMap((run, at) =>
    Array.from(groupsIn(run, byWorker), ([group, { histogram }]) => ({
      name: `${stems[at]}-${group.replaceAll('/', '-')}.hgrm`,
      content: percentileTable(histogram),
    })),
  );
}

/** In the order of their names. */
function groupsIn({ intervals }: RecordedRun, byWorker: boolean): [GroupName, Merged][] {
  const threads = byWorker ? byThread(intervals) : [];
  const ofThreads = threads.flatMap(([shard, series]) =>
    Array.from(mergeGroups(series), ([group, merged]): [GroupName, Merged] => [
      `${group}/${threadName(shard)}`,
      merged,
    ]),
  );
  return [...mergeGroups(intervals), ...ofThreads].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What the files of each recording begin with: short, safe in every file system, and no two alike. */
function stemsOf(origins: readonly string[]): string[] {
  const taken = new Set<string>();
  return origins.map((origin) => {
    const plain = basename(origin)
      .replace(/\.[^.]*$/, '')
      .replace(/[^A-Za-z0-9_]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60);
    const stem = plain === '' ? 'run' : plain;
    let name = stem;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
