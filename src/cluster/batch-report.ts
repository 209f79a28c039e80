/**
 * What came of a batch, of all hosts: one line for each file, and one page. Owns which files were tried again
 * while lines are read; one process.
 */
import { html } from '../report/page/html.ts';
import { htmlPage } from '../report/page/page.ts';
import type { RecordedRun } from '../report/recorded-run.ts';
import { formatSeconds } from '../text/durations.ts';
import { jsonText } from '../text/escaping.ts';
import type { BatchProgress } from './progress.ts';
import type { Store } from './store.ts';

/** `millpond.result/1` with `page`, `host`, `engine` and `twice`: of each file its last result, once. */
export async function* resultLines(store: Store): AsyncGenerator<string> {
  const lastRound = await roundsOf(store);
  for await (const some of store.results()) {
    for (const { ref, isSplit } of some) {
      const result = isSplit ? null : await store.result(ref);
      for (const line of result?.lines ?? []) {
        if ((lastRound.get(line.input as string) ?? 0) === ref.round) yield `${jsonText(line)}\n`;
      }
    }
  }
  if ((await store.totals(0)) === null) return;
  for await (const line of store.refused(0)) yield `${line}\n`;
}

/** Files that were tried again, each with the last list that has it. */
async function roundsOf(store: Store): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  for (let round = 1; (await store.totals(round)) !== null; round++) {
    let page = 0;
    for await (const entries of store.pages(round)) {
      for (let at = 0; at < entries.length; at++) {
        for (const { input } of await store.files({ round, page: page++ })) last.set(input, round);
      }
    }
  }
  return last;
}

/** @param runs what hosts have recorded, one at least */
export function batchPage(
  id: string,
  { files, pages, hosts, deaths, audioSeconds, startedMs, endedMs }: BatchProgress,
  runs: readonly RecordedRun[],
): Promise<string> {
  const seconds = startedMs === null || endedMs === null ? 0 : (endedMs - startedMs) / 1000;
  const rows = Object.entries(hosts).sort(([, a], [, b]) => b - a);
  const section = html`<section>
<h2>The batch</h2>
<p>${files.ok} of ${files.total} files done, ${files.failed} failed, ${files.skipped} skipped, ${files.twice} made twice; ${formatSeconds(audioSeconds)} of audio in ${formatSeconds(seconds)}. ${pages.ended} pages, ${pages.split} split, ${deaths} left by hosts that died.</p>
<table><thead><tr><th>host</th><th>files</th></tr></thead><tbody>${rows.map(
    ([host, count]) => html`<tr><td><bdi>${host}</bdi></td><td>${count}</td></tr>`,
  )}</tbody></table>
</section>`;
  const title = `Batch ${id}`;
  const about = `${rows.length} ${rows.length === 1 ? 'host' : 'hosts'}, ${runs.length} recorded`;
  return htmlPage(runs, { comparison: null, expectedIntervalNs: null, whole: { title, about, section } });
}
