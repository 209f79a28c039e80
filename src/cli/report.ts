/** `millpond report`: shows recordings, to people and to other programs. */
import { dirname, join } from 'node:path';
import { Command, Option } from 'commander';
import { MillpondError } from '../errors.ts';
import { makeFolder } from '../files/folders.ts';
import type { Comparison } from '../report/comparison.ts';
import type { Gate, GateResult } from '../report/gate.ts';
import type { Output } from '../report/outputs.ts';
import type { RecordedRun } from '../report/recorded-run.ts';
import type { ReportDocument } from '../report/run-document.ts';
import { jsonText, shown } from '../text/escaping.ts';
import { duration, option, path } from './arguments.ts';
import { EXIT } from './exit.ts';

interface ReportOptions {
  html?: string;
  hgrm?: string;
  hlog?: string;
  json?: boolean;
  csv?: boolean;
  byWorker?: boolean;
  /** Nanoseconds. */
  expectedInterval?: number;
  failIf: string[];
}

const HELP = `
Examples:
  millpond transcode album/ --to flac --out converted --record run.millpond; millpond report run.millpond
  millpond report run.millpond --html report.html
  millpond report before.millpond after.millpond --html diff.html --fail-if 'p99(fresh) > 1.2x'
  millpond report run.millpond --hgrm tables --hlog run.hlog --by-worker
  millpond report run.millpond --csv > intervals.csv

Of several recordings the first is what the others are compared with. Outputs that exist are replaced, each as a whole.

Exit codes: 0 done, 1 a --fail-if came true or an output cannot be written, 2 wrong usage or not a recording.`;

export function reportCommand(): Command {
  return new Command('report')
    .description('show from recordings where allocation time went, and what changed between runs')
    .argument('<recordings...>', 'what --record wrote')
    .addOption(option('--html <file>', 'write one HTML page: plots, tables, comparison', path))
    .addOption(
      option(
        '--hgrm <dir>',
        'write percentile tables into this folder, for the plotters of HdrHistogram',
        path,
      ),
    )
    .addOption(
      option(
        '--hlog <file>',
        "write HdrHistogram's tagged interval log, version 1.3; of one recording",
        path,
      ),
    )
    .option('--json', 'print one JSON object (millpond.report/1) instead of the summary')
    .addOption(
      new Option('--csv', 'print a table with a row for each interval instead of the summary').conflicts(
        'json',
      ),
    )
    .option('--by-worker', 'show and write latencies of each thread as well')
    .addOption(
      option(
        '--expected-interval <time>',
        'time from one request of a caller to its next, for example 10ms: also show latencies corrected for coordinated omission',
        duration,
      ),
    )
    .option(
      '--fail-if <condition>',
      "exit with 1 when it is true, for example 'p99(fresh) > 1.2x'; may be repeated",
      (text: string, earlier: string[]) => [...earlier, text],
      [],
    )
    .addHelpText('after', HELP)
    .action(report);
}

async function report(origins: string[], options: ReportOptions): Promise<void> {
  const gates = options.failIf.length > 0 ? await gatesOf(options.failIf) : [];
  const { refuseClashes } = await import('../report/outputs.ts');
  if (options.hlog !== undefined && origins.length > 1) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `--hlog writes the intervals of one recording, got ${origins.length} recordings. Call it once for each.`,
    );
  }
  const { readRun } = await import('../report/read-run.ts');
  const runs: RecordedRun[] = [];
  for (const origin of origins) runs.push(await readRun(origin));
  const comparison = runs.length > 1 ? (await import('../report/comparison.ts')).compareRuns(runs) : null;
  const results = gates.length > 0 ? (await import('../report/gate.ts')).checkGates(gates, runs) : [];

  const outputs = await outputsOf(runs, comparison, options);
  await refuseClashes(
    outputs.map(({ path }) => path),
    origins,
  );
  await write(outputs, options);
  process.stdout.write(await answer(runs, comparison, results, options));
  for (const path of [options.html, options.hlog, options.hgrm]) {
    if (path !== undefined) process.stderr.write(`wrote ${shown(path)}\n`);
  }
  if (results.some(({ failed }) => failed)) process.exitCode = EXIT.failed;
}

async function gatesOf(texts: readonly string[]): Promise<Gate[]> {
  const { parseGate } = await import('../report/gate.ts');
  return texts.map(parseGate);
}

async function outputsOf(
  runs: readonly RecordedRun[],
  comparison: Comparison | null,
  { html, hgrm, hlog, byWorker = false, expectedInterval }: ReportOptions,
): Promise<Output[]> {
  const outputs: Output[] = [];
  if (html !== undefined) {
    const { htmlPage } = await import('../report/page/page.ts');
    const content = await htmlPage(runs, { comparison, expectedIntervalNs: expectedInterval ?? null });
    outputs.push({ path: html, content });
  }
  if (hlog !== undefined) {
    const { intervalLog } = await import('../report/interval-log.ts');
    outputs.push({ path: hlog, content: intervalLog(runs[0], { byWorker }) });
  }
  if (hgrm !== undefined) {
    const { percentileFiles } = await import('../report/percentile-files.ts');
    const files = percentileFiles(runs, { byWorker });
    outputs.push(...files.map(({ name, content }) => ({ path: join(hgrm, name), content })));
  }
  return outputs;
}

async function write(outputs: readonly Output[], { hgrm }: ReportOptions): Promise<void> {
  const { sweepDead, writeWhole } = await import('../files/whole-file.ts');
  if (hgrm !== undefined) await makeFolder(hgrm);
  for (const folder of new Set(outputs.map(({ path }) => dirname(path)))) sweepDead(folder);
  for (const { path, content } of outputs) writeWhole(path, content);
}

/** What goes to stdout. */
async function answer(
  runs: readonly RecordedRun[],
  comparison: Comparison | null,
  gates: readonly GateResult[],
  options: ReportOptions,
): Promise<string> {
  if (options.csv) {
    const { intervalTable } = await import('../report/interval-table.ts');
    return intervalTable(runs);
  }
  const { runDocument } = await import('../report/run-document.ts');
  const settings = {
    byWorker: options.byWorker ?? false,
    expectedIntervalNs: options.expectedInterval ?? null,
  };
  const documents = runs.map((run) => runDocument(run, settings));
  if (options.json) {
    const document: ReportDocument = { schema: 'millpond.report/1', runs: documents, comparison, gates };
    return `${jsonText(document)}\n`;
  }
  const { stdout } = process;
  const { formatRun } = await import('../report/summary.ts');
  const { formatComparison, formatGate } = await import('../report/comparison-summary.ts');
  return [
    ...documents.map((document) => formatRun(document, stdout)),
    ...(comparison === null ? [] : [formatComparison(comparison, stdout)]),
    ...(gates.length > 0 ? [gates.map((gate) => formatGate(gate, stdout)).join('')] : []),
  ].join('\n');
}
