/** `millpond cluster report`: what came of a batch, of all hosts. */
import { batchPage, resultLines } from '../cluster/batch-report.ts';
import { FolderStore } from '../cluster/folder-store.ts';
import { ProgressReader } from '../cluster/progress.ts';
import { MillpondError } from '../errors.ts';
import { createOutput, writeWhole } from '../files/whole-file.ts';
import { readRun } from '../report/read-run.ts';
import type { RecordedRun } from '../report/recorded-run.ts';
import { batchesOf } from './cluster-options.ts';
import { DASH } from './stdin.ts';

export interface ClusterReportOptions {
  out?: string;
  batch?: string;
  results?: string;
  html?: string;
}

export async function clusterReport(
  recordings: readonly string[],
  options: ClusterReportOptions,
): Promise<void> {
  const { folder, ids } = await batchesOf(options.out, options.batch === undefined ? [] : [options.batch]);
  if (ids.length > 1) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `A report is of one batch; '${folder}' has ${ids.join(', ')}. Name one by --batch.`,
    );
  }
  if (options.html !== undefined && recordings.length === 0) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      '--html shows what hosts have recorded, and no recording is named. Start hosts with --record, and name their files.',
    );
  }
  const [id] = ids;
  const store = new FolderStore(folder, id);
  if (options.html !== undefined) {
    const runs: RecordedRun[] = [];
    for (const recording of recordings) runs.push(await readRun(recording));
    writeWhole(options.html, await batchPage(id, await new ProgressReader(store).read(), runs));
  }
  if (options.results !== undefined || options.html === undefined) {
    await writeResults(store, options.results ?? DASH);
  }
}

async function writeResults(store: FolderStore, path: string): Promise<void> {
  if (path === DASH) {
    for await (const line of resultLines(store)) {
      if (!process.stdout.write(line)) await new Promise((room) => process.stdout.once('drain', room));
    }
    return;
  }
  const output = createOutput(path);
  try {
    let at = 0;
    for await (const line of resultLines(store)) {
      const bytes = Buffer.from(line);
      output.write(bytes, at);
      at += bytes.length;
    }
    output.commit();
  } finally {
    output.discard();
  }
}
