/**
 * The report as one HTML page that needs nothing else: text and tables are in it, and a script that draws the
 * plots.
 */
import { createHash } from 'node:crypto';
import type { Comparison } from '../comparison.ts';
import { pageAssets } from '../page-assets.ts';
import type { RecordedRun } from '../recorded-run.ts';
import { NINES } from './curves.ts';
import type { DrawnData, PageData } from './data.ts';
import { detailsOf } from './details.ts';
import { clock } from './format.ts';
import { Html, html, jsonInHtml } from './html.ts';
import { plotsOf } from './plots.ts';
import { runDataOf } from './run-data.ts';
import { summaryOf } from './summary.ts';
import { MOST_BUCKETS } from './time.ts';

interface PageOptions {
  /** Of these runs; null when there is one, or nothing is to be said. */
  readonly comparison: Comparison | null;
  /** Between two requests of one caller; null when it is not known. */
  readonly expectedIntervalNs: number | null;
  /** What the runs are together, and what is said of that before all else. Default: runs of one kind. */
  readonly whole?: { readonly title: string; readonly about: string; readonly section: Html };
}

// Not in the template: bundlers take it out of tagged templates by a helper that the package would have to
// bring along.
const SCRIPT_END = new Html('</script>');

/** The whole page as one string. Runs over each other where there are several; the first is the base. */
export async function htmlPage(
  runs: readonly RecordedRun[],
  { whole, ...options }: PageOptions,
): Promise<string> {
  const { script, style } = await pageAssets();
  // Two are shown as finely as one; of more, each has less of the page's size.
  const steps = Math.floor((MOST_BUCKETS * 2) / Math.max(2, runs.length));
  const data: PageData = {
    runs: runs.map((run) => runDataOf(run, options.expectedIntervalNs, steps)),
    ...options,
  };
  const [{ label, startedAt, seconds, threads, machine, versions }] = data.runs;
  const title = whole?.title ?? (runs.length > 1 ? `${runs.length} runs compared` : label);
  const about =
    whole?.about ??
    (runs.length > 1
      ? `${machine} · ${versions}`
      : `${startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')} · ${clock(seconds)} · ${threads} ${threads === 1 ? 'worker' : 'workers'} · ${machine} · ${versions}`);
  // Nothing may be loaded, and nothing run but this script: whatever a name in a recording holds, it is text.
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – millpond report</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><div><h1><bdi>${title}</bdi></h1><p>${about}</p></div><button type="button" id="theme" hidden>Dark</button></header>
<main>
${whole?.section ?? null}
${summaryOf(data)}
<p class="help" id="help"><span class="hover">Hover reads values; drag to zoom, double-click to go back.</span> By keyboard: <kbd>Tab</kbd> to a plot, <kbd>←</kbd> <kbd>→</kbd> read, <kbd>+</kbd> <kbd>−</kbd> zoom, <kbd>0</kbd> back. Plots over time zoom together.</p>
<noscript><p class="help">The plots need JavaScript; all their tables are below.</p></noscript>
${plotsOf(data, runs)}
${detailsOf(data)}
</main>
<footer><p>Written by millpond ${data.runs[0].versions.split(',')[0].replace('millpond ', '')}. Plots by uPlot, © Leon Sorokin, MIT licence.</p></footer>
<script type="application/json" id="data">${jsonInHtml(drawn(data))}${SCRIPT_END}
<script>${new Html(script)}${SCRIPT_END}
</body>
</html>
`;
  return page.text;
}

function drawn({ runs }: PageData): DrawnData {
  return {
    runs: runs.map(({ budget, curves, lifetimes, gc: { kinds }, time, heat, decisions, recoveries }) => ({
      ...{ budget, curves, lifetimes, gc: { kinds }, time, heat, decisions, recoveries },
    })),
    nines: NINES,
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
