/** Fixed block sizes beside adaptive ones: short clips, long music and a user's DSP job. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseBatches } from '../audio-files.ts';
import type { Benchmark, Context, Table } from '../benchmark.ts';
import { compareSizes, type SizedWork } from '../sizing.ts';
import { prepare } from './dsp.bench.ts';

const benchmark: Benchmark = {
  name: 'sizing',
  question: 'Do adaptive block sizes reach the best fixed one?',
  run: (context) => compare(context, works),
};
export default benchmark;

/** Jobs that show the runtime less, or cost it more. */
export const silent: Benchmark = {
  name: 'sizing-silent',
  question: 'And where a job does not say what it processed?',
  run: (context) =>
    compare(context, (folder) => [
      {
        title: 'A job that reports nothing',
        work: 'silent',
        files: samples(context, folder),
        // Five steps, one each two seconds or, where slow requests matter, six.
        adaptiveMs: 30_000,
      },
    ]),
};

export const requests: Benchmark = {
  name: 'sizing-requests',
  question: 'And where requests for memory take much of the time?',
  run: (context) =>
    compare(context, (folder) => [
      {
        title: 'A job that takes memory over the largest tier for each block',
        work: 'requests',
        files: samples(context, folder),
        // Seven sizes, one after the other on trial.
        adaptiveMs: 120_000,
      },
    ]),
};

async function compare(
  context: Context,
  worksIn: (folder: string, context: Context) => readonly SizedWork[],
): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millpond-bench-'));
  try {
    const tables: Table[] = [];
    for (const work of worksIn(folder, context)) tables.push(await compareSizes(work, context, folder));
    return tables;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function works(folder: string, context: Context): SizedWork[] {
  const batches = chooseBatches(context.audio, context.fileLimit);
  const [clips, tracks] = [batches[0], batches[batches.length - 1]];
  const files = (batch: (typeof batches)[number]): string[] => batch.files.map(({ file }) => file);
  return [
    { title: `Short clips to ${clips.to.toUpperCase()}`, work: clips.to, files: files(clips) },
    { title: `Long music to ${tracks.to.toUpperCase()}`, work: tracks.to, files: files(tracks) },
    { title: "A user's DSP in JavaScript", work: 'dsp', files: samples(context, folder) },
  ];
}

function samples(context: Context, folder: string): string[] {
  return prepare(context, folder).tracks.samples.map(({ file }) => file);
}
