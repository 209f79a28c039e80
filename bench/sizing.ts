/** Fixed block sizes beside adaptive ones, on one kind of work. */
import { strict as assert } from 'node:assert';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { KiB, MiB } from '../src/index.ts';
import type { Context, Table } from './benchmark.ts';
import { inOwnProcess } from './own-process.ts';
import type { SizingOptions, SizingResult } from './questions/sizing-process.ts';
import { interleave, significant, spread } from './rounds.ts';
import { atLeast } from './targets.ts';

const THREADS = 2;
const FIXED = [16 * KiB, 64 * KiB, 256 * KiB, MiB];
/** Of the throughput of the best fixed size. */
const WANTED = 0.95;
/** Long enough for the policy to try several sizes. */
const LONG_MS = 10_000;

export interface SizedWork {
  readonly title: string;
  readonly work: SizingOptions['work'];
  readonly files: readonly string[];
  /** How long the adaptive run is, which starts anew with 64 KiB. Default 10,000, as fixed ones are. */
  readonly adaptiveMs?: number;
}

export async function compareSizes(
  { title, work, files, adaptiveMs = LONG_MS }: SizedWork,
  context: Context,
  folder: string,
): Promise<Table> {
  const options = (fixed: number | null, repeats: number): SizingOptions => ({
    ...{ work, files, repeats, fixed, threads: THREADS },
    out: mkdtempSync(join(folder, 'out-')),
  });
  const measure = (fixed: number | null, repeats: number): Promise<SizingResult> =>
    inOwnProcess<SizingResult>('./questions/sizing-process.ts', options(fixed, repeats));
  const first = await measure(64 * KiB, 1);
  // What is over sooner is mostly code that is not compiled yet.
  const onceMs =
    first.milliseconds > 1000 ? first.milliseconds : (await measure(64 * KiB, 10)).milliseconds / 10;
  const repeatsIn = (ms: number): number => Math.max(1, Math.ceil(ms / onceMs));
  const sizes = [...FIXED, null];
  const results = sizes.map((): SizingResult[] => []);
  const cpuMs = sizes.map((): number[] => []);
  const times = await interleave(sizes, context.rounds, async (fixed, round) => {
    const repeats = repeatsIn(fixed === null ? adaptiveMs : LONG_MS);
    const result = await measure(fixed, repeats);
    results[sizes.indexOf(fixed)].push(result);
    cpuMs[sizes.indexOf(fixed)].push(result.cpuMilliseconds / repeats);
    const once = result.milliseconds / repeats;
    context.say(`  ${title}, round ${round + 1}: ${label(fixed)} ${once.toFixed(0)} ms, ${repeats} times`);
    return once;
  });
  for (const { digest } of results.flat())
    assert.equal(digest, results[0][0].digest, 'other block sizes made other outputs');
  const wall = times.map(({ median }) => median);
  const cpu = cpuMs.map((values) => spread(values).median);
  const best = (medians: readonly number[]): number => Math.min(...medians.slice(0, -1));
  const ofBest = (medians: readonly number[], at: number): number => best(medians) / medians[at];
  const adaptive = sizes.length - 1;
  const median = (at: number, of: (result: SizingResult) => number): number =>
    significant(spread(results[at].map(of)).median);
  return {
    title: `${title}: throughput by block size`,
    columns: ['', 'of the best', 'ms', 'least', 'most', 'of CPU', 'CPU ms', 'p99 us', 'last KiB', 'changes'],
    rows: sizes.map((fixed, at) => [
      label(fixed),
      significant(ofBest(wall, at)),
      ...[times[at].median, times[at].least, times[at].most].map(significant),
      ...[ofBest(cpu, at), cpu[at]].map(significant),
      significant(median(at, ({ p99Nanoseconds }) => p99Nanoseconds / 1000)),
      median(at, ({ blockBytes }) => blockBytes / KiB),
      median(at, ({ changes }) => changes),
    ]),
    notes: [
      `Medians of ${context.rounds} interleaved rounds, each in a process of its own with ${THREADS} threads, start excluded.`,
      `ms, and CPU ms of the process, are for all ${files.length} files once; runs with fixed sizes last about ${LONG_MS / 1000} s, the adaptive one ${adaptiveMs / 1000} s.`,
      'All make the same outputs, bit for bit.',
    ],
    targets: [
      atLeast('adaptive, of the best fixed size', ofBest(wall, adaptive), WANTED, 'of its throughput'),
      atLeast('the same', ofBest(cpu, adaptive), WANTED, 'of its work for each second of CPU'),
    ],
  };
}

function label(fixed: number | null): string {
  return fixed === null ? 'adaptive' : `${fixed / KiB} KiB`;
}
