/** Fixed block sizes beside adaptive ones: short clips, long music and a user's DSP job. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB, MiB } from '../../src/index.ts';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { inOwnProcess } from '../own-process.ts';
import { interleave, significant, spread } from '../rounds.ts';
import { atLeast } from '../targets.ts';
import { prepare } from './dsp.bench.ts';
import type { SizingOptions, SizingResult } from './sizing-process.ts';

const THREADS = 2;
const FIXED = [16 * KiB, 64 * KiB, 256 * KiB, MiB];
/** Of the throughput of the best fixed size. */
const WANTED = 0.95;
/** Long enough for the policy to try several sizes. */
const LONG_MS = 10_000;

const benchmark: Benchmark = {
  name: 'sizing',
  question: 'Do adaptive block sizes reach the best fixed one?',
  run,
};
export default benchmark;

interface Work {
  readonly title: string;
  readonly work: SizingOptions['work'];
  readonly files: readonly string[];
}

async function run(context: Context): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const tables: Table[] = [];
    for (const work of works(context, folder)) tables.push(await compare(work, context, folder));
    return tables;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function works(context: Context, folder: string): Work[] {
  const batches = chooseBatches(context.audio, context.fileLimit);
  const [clips, tracks] = [batches[0], batches[batches.length - 1]];
  const { tracks: samples } = prepare(context, folder);
  const files = (batch: (typeof batches)[number]): string[] => batch.files.map(({ file }) => file);
  return [
    { title: `Short clips to ${clips.to.toUpperCase()}`, work: clips.to, files: files(clips) },
    { title: `Long music to ${tracks.to.toUpperCase()}`, work: tracks.to, files: files(tracks) },
    {
      title: "A user's DSP in JavaScript",
      work: 'dsp',
      files: samples.samples.map(({ file }) => file),
    },
  ];
}

async function compare({ title, work, files }: Work, context: Context, folder: string): Promise<Table> {
  const options = (fixed: number | null, repeats: number): SizingOptions => ({
    ...{ work, files, repeats, fixed, threads: THREADS },
    out: mkdtempSync(join(folder, 'out-')),
  });
  const first = await inOwnProcess<SizingResult>('./questions/sizing-process.ts', options(64 * KiB, 1));
  const repeats = Math.max(1, Math.ceil(LONG_MS / first.milliseconds));
  const sizes = [...FIXED, null];
  const results = sizes.map((): SizingResult[] => []);
  const times = await interleave(sizes, context.rounds, async (fixed, round) => {
    const result = await inOwnProcess<SizingResult>('./questions/sizing-process.ts', options(fixed, repeats));
    results[sizes.indexOf(fixed)].push(result);
    context.say(`  ${title}, round ${round + 1}: ${label(fixed)} ${result.milliseconds.toFixed(0)} ms`);
    return result.milliseconds;
  });
  for (const { digest } of results.flat())
    assert.equal(digest, results[0][0].digest, 'other block sizes made other outputs');
  const best = Math.min(...times.slice(0, -1).map(({ median }) => median));
  const adaptive = times[times.length - 1];
  const median = (at: number, of: (result: SizingResult) => number): number =>
    significant(spread(results[at].map(of)).median);
  return {
    title: `${title}: throughput by block size`,
    columns: ['', 'of the best', 'ms', 'least', 'most', 'p99 us', 'last KiB', 'changes'],
    rows: sizes.map((fixed, at) => [
      label(fixed),
      significant(best / times[at].median),
      ...[times[at].median, times[at].least, times[at].most].map(significant),
      significant(median(at, ({ p99Nanoseconds }) => p99Nanoseconds / 1000)),
      median(at, ({ blockBytes }) => blockBytes / KiB),
      median(at, ({ changes }) => changes),
    ]),
    notes: [
      `Medians of ${context.rounds} interleaved rounds, each in a process of its own with ${THREADS} threads, start excluded.`,
      `${files.length} files, gone through ${repeats} times. All make the same outputs, bit for bit.`,
    ],
    targets: [
      atLeast('adaptive, of the best fixed size', best / adaptive.median, WANTED, 'of its throughput'),
    ],
  };
}

function label(fixed: number | null): string {
  return fixed === null ? 'adaptive' : `${fixed / KiB} KiB`;
}
