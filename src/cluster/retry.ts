/** One more list of a batch: of the files that have failed, as far as the lists before say. */
import { writePages } from './list-batch.ts';
import { pageKey } from './page.ts';
import type { ManifestFile } from './planner.ts';
import type { BatchRecord, Store } from './store.ts';

/** Where these fail, they do so again. */
const FOR_GOOD = new Set(['ERR_OUTPUT_EXISTS', 'ERR_OUTPUT_CLASH']);

/** @returns how many files it has */
export async function retry(store: Store): Promise<number> {
  let round = 0;
  while ((await store.totals(round)) !== null) round++;
  if (round === 0) return 0;
  const failed = await failedFiles(store);
  if (failed.length === 0) return 0;
  const { page } = (await store.record()) as BatchRecord;
  const totals = await store.writeList(round, async (out) => {
    await writePages(
      out,
      page,
      (async function* () {
        yield* failed;
      })(),
    );
    return { skipped: 0 };
  });
  return totals.files;
}

/** Each file as its last result has it. */
async function failedFiles(store: Store): Promise<readonly ManifestFile[]> {
  const last = new Map<string, { file: ManifestFile; round: number; isFailed: boolean }>();
  for await (const some of store.results()) {
    for (const { ref, isSplit } of some) {
      const result = isSplit ? null : await store.result(ref);
      if (result === null || (ref.round === 0 && result.summary.failed === 0)) continue;
      const files = await store.files(ref);
      const from = ref.part?.from ?? 0;
      result.lines.forEach(({ input, state, code }, at) => {
        const file = files[from + at];
        if (file?.input !== input) throw new Error(`the results of page ${pageKey(ref)} are of other files`);
        const isFailed = state === 'failed' && !FOR_GOOD.has(code as string);
        if ((last.get(file.input)?.round ?? -1) <= ref.round) {
          last.set(file.input, { file, round: ref.round, isFailed });
        }
      });
    }
  }
  return [...last.values()].filter(({ isFailed }) => isFailed).map(({ file }) => file);
}
