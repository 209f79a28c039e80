/** The report of a batch: for programs as JSON, for people as a summary. */
import { styleText } from 'node:util';
import { type Bytes, formatBytes } from '../bytes.ts';
import type { CauseName } from '../pool/causes.ts';
import type { TierName } from '../pool/tiers.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import type { Stats } from '../telemetry/stats.ts';
import { formatNanoseconds, formatSeconds } from '../text/durations.ts';
import { escaped, shown } from '../text/escaping.ts';
import type { BatchFailure, BatchNote, Endings } from './endings.ts';
import { formatSkips, type Skips, totalOf } from './skips.ts';

/** `millpond.run/1`: fields may be added, none changed. */
export interface RunReport {
  readonly schema: 'millpond.run/1';
  readonly command: string;
  readonly threads: number;
  readonly files: {
    readonly total: number;
    readonly ok: number;
    /** Of those: not audio, and copied. */
    readonly copied: number;
    /** Sources that were deleted. */
    readonly deleted: number;
    readonly failed: number;
    /** For whatever reason. They are not among the `total`. */
    readonly skipped: number;
  };
  /** By reason. */
  readonly skipped: Skips;
  readonly audioSeconds: number;
  readonly wallSeconds: number;
  readonly realtimeFactor: number;
  readonly budget: { readonly limitBytes: Bytes; readonly peakBytes: Bytes; readonly endBytes: Bytes };
  readonly pool: {
    readonly acquires: number;
    readonly hitRate: number;
    readonly byTier: Readonly<
      Record<TierName, { acquires: number; hits: number; releases: number; idlePeak: number }>
    >;
  };
  readonly latency: { readonly unit: 'ns'; readonly byCause: Readonly<Record<CauseName, Stats>> };
  /**
   * All that the runtime shows of itself after its end; memory, load, flow and shards as they were when the
   * last file was done, since then everything was given back.
   */
  readonly runtime: Snapshot;
  /** The first 10,000. */
  readonly failures: readonly BatchFailure[];
  /** What was changed, left out or found damaged in files that were done; the first 10,000. */
  readonly notes: readonly BatchNote[];
  /** How many failures and notes there were beside those; `--results` has all. */
  readonly leftOut: { readonly failures: number; readonly notes: number };
  /** True when the run was cancelled before all files were listed and done. */
  readonly interrupted: boolean;
  /** What a command measured of each file that was done. */
  readonly results?: readonly unknown[];
}

export function makeReport(
  command: string,
  snapshot: Snapshot,
  { endings, isCut }: { readonly endings: Endings; readonly isCut: boolean },
  seconds: number,
): RunReport {
  const { budget, pool, latency } = snapshot;
  const audioSeconds = rounded(endings.audioSeconds);
  const wallSeconds = rounded(seconds);
  const tiers = Object.entries(pool.byTier).map(([name, { acquires, hits, releases, idlePeak }]) => [
    name,
    { acquires, hits, releases, idlePeak },
  ]);
  return {
    schema: 'millpond.run/1',
    command,
    threads: snapshot.threads,
    files: {
      total: endings.ok + endings.failed + endings.cancelled,
      ok: endings.ok,
      copied: endings.copied,
      deleted: endings.deleted,
      failed: endings.failed,
      skipped: totalOf(endings.skips),
    },
    skipped: endings.skips,
    audioSeconds,
    wallSeconds,
    realtimeFactor: wallSeconds > 0 ? audioSeconds / wallSeconds : 0,
    budget: { limitBytes: budget.limitBytes, peakBytes: budget.peakBytes, endBytes: budget.usedBytes },
    pool: { acquires: pool.acquires, hitRate: pool.hitRate, byTier: Object.fromEntries(tiers) },
    latency: { unit: latency.unit, byCause: latency.byCause },
    runtime: snapshot,
    failures: endings.failures,
    notes: endings.notes,
    leftOut: { failures: endings.failuresLeftOut, notes: endings.notesLeftOut },
    interrupted: endings.cancelled > 0 || isCut,
  };
}

/** The first line of a summary, and all of it where nothing was to be done. */
export function formatFiles(
  { files, skipped, interrupted }: Pick<RunReport, 'files' | 'skipped' | 'interrupted'>,
  stream: NodeJS.WriteStream,
): string {
  const notes = [
    files.deleted > 0 && `${files.deleted} sources deleted`,
    files.copied > 0 && `${files.copied} of them copied`,
    files.failed > 0 && `${files.failed} failed`,
    formatSkips(skipped),
    interrupted && `${files.total - files.ok - files.failed} not done (interrupted)`,
  ].filter(Boolean);
  return `${styleText('bold', 'files', { stream })}     ${[`${files.ok} of ${files.total} done`, ...notes].join(', ')}\n`;
}

/** A summary of a dozen lines, without failures: those are on stderr already. */
export function formatReport(report: RunReport, stream: NodeJS.WriteStream): string {
  const strong = (text: string): string => styleText('bold', text, { stream });
  const { budget, pool, latency } = report;
  const lines = [
    formatFiles(report, stream).trimEnd(),
    `${strong('audio')}     ${formatSeconds(report.audioSeconds)} in ${formatSeconds(report.wallSeconds)}: ${Math.round(report.realtimeFactor)} times real time on ${report.threads} threads`,
    `${strong('memory')}    peak ${formatBytes(budget.peakBytes)} of ${formatBytes(budget.limitBytes)}, ${formatBytes(budget.endBytes)} left at the end`,
    `${strong('pool')}      ${pool.acquires} leases, ${(pool.hitRate * 100).toFixed(1)} % from pooled memory`,
    `${strong('latency')}   ${'cause'.padEnd(9)}${['count', 'p50', 'p99', 'max'].map((head) => head.padStart(10)).join('')}`,
  ];
  for (const [cause, stats] of Object.entries(latency.byCause)) {
    if (stats.count === 0) continue;
    // A hit is timed once in a while; a short run may have timed none.
    const times = [stats.p50, stats.p99, stats.max].map((ns) =>
      stats.max > 0 ? formatNanoseconds(ns, 'column') : '-',
    );
    lines.push(
      `          ${cause.padEnd(9)}${[String(stats.count), ...times].map((cell) => cell.padStart(10)).join('')}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** One line for each thing that was noted, with the first file it was noted of. */
export function formatNotes(notes: readonly BatchNote[]): string[] {
  return Array.from(
    Map.groupBy(notes, ({ message }) => message),
    ([message, [{ file }, ...others]]) => {
      const more = others.length > 0 ? ` and ${others.length} more` : '';
      return `note: ${shown(file)}${more}: ${escaped(message)}`;
    },
  );
}

/** To the thousandth. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
