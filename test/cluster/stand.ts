/** A batch in a folder without audio: its record, a list of files that are only names. */
import type { ManifestFile } from '../../src/cluster/planner.ts';
import type { BatchRecord, ListTotals, Store } from '../../src/cluster/store.ts';

export const RECORD: BatchRecord = {
  schema: 'millpond.cluster/1',
  id: '0123456789abcdef',
  submittedMs: 0,
  job: 'transcode',
  settings: { to: 'flac' },
  extension: '.flac',
  timeoutMs: null,
  list: {
    ...{ inputs: [], lists: [], separator: 'line', include: [], exclude: [], base: null },
    ...{ existing: 'refuse', others: false },
  },
  engine: 'e',
  weight: 1,
  priority: 0,
  page: { workSeconds: 1, mostFiles: 10 },
};

export function fileNamed(name: string): ManifestFile {
  const [input, output] = [`/in/${name}.wav`, `${name}.flac`];
  return { input, output, bytes: 10, estimatedSeconds: 1, replaces: false, isOther: false };
}

/** Pages with so many files each, named by their page and place. */
export function list(store: Store, sizes: readonly number[], round = 0): Promise<ListTotals> {
  return store.writeList(round, async (out) => {
    for (const [page, size] of sizes.entries()) {
      await out.page(
        Array.from({ length: size }, (_, at) => fileNamed(`${page}/${at}`)),
        size,
      );
    }
    return { skipped: 0 };
  });
}
