/**
 * Runs a batch for a command: plans, starts the runtime, shows progress, prints the report, sets the exit
 * code.
 */
import { dirname } from 'node:path';
import { DoneSources } from '../batch/done-sources.ts';
import { type Ending, type EndingListener, Endings } from '../batch/endings.ts';
import type { BatchJournal } from '../batch/journal/batch-journal.ts';
import { OutputFolders } from '../batch/output-folders.ts';
import { PendingFiles } from '../batch/pending.ts';
import type { Decision, Outputs } from '../batch/plan.ts';
import { ResultsFile } from '../batch/results.ts';
import { type BatchWork, runBatch } from '../batch/run.ts';
import { formatFiles, formatNotes, formatReport, makeReport, type RunReport } from '../batch/summary.ts';
import type { Bytes } from '../bytes.ts';
import { areOneName } from '../files/alike-names.ts';
import { absolutePath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import type { Runner } from '../runtime/runner.ts';
import { createLog, type LogLevel } from '../telemetry/log.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { escaped, jsonText, shown } from '../text/escaping.ts';
import { nowMs } from '../timers.ts';
import { refuseSameFile } from './arguments.ts';
import { type BatchRunner, runtimeOptions } from './batch-runner.ts';
import { mayBeDone, startBatchRunner, startEarly, startsAtOnce } from './batch-start.ts';
import type { Choice } from './choice.ts';
import { EXIT } from './exit.ts';
import { type Interrupt, listenForInterrupt } from './interrupt.ts';
import { type JournalChoice, lookIntoJournalOf, openJournalOf } from './journal.ts';
import { decisionsFor, showPlan } from './planning.ts';
import type { ProgressView } from './progress.ts';
import { startProgressView } from './progress-view.ts';
import { resultsToStdout } from './results.ts';
import { plainLog, type Screen } from './screen.ts';
import { DASH } from './stdin.ts';

interface BatchOptions {
  readonly command: string;
  readonly inputs: readonly string[];
  /** Default: all inputs, over outputs that exist. */
  readonly choice?: Choice;
  /** How it is written down what is done; null for a command that always does all. */
  readonly journal?: JournalChoice | null;
  readonly work: CommandWork;
  readonly threads: number;
  readonly budget: Bytes | undefined;
  /** How many processes work; 0 for none, undefined for one where there are many files. */
  readonly isolate: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly watch: boolean;
  /** A file for the recording. */
  readonly record: string | undefined;
  /** A file for what came of each file, or `-` for stdout. */
  readonly results: string | undefined;
  readonly logLevel: LogLevel | undefined;
}

/** What a command does with each file, and with what it says of them. */
export interface CommandWork extends BatchWork<never> {
  /** The name of its file in workers/. */
  readonly job: string;
  /** Which files there are. Default: those that were named, and the audio files in folders. */
  list?(interrupt: Interrupt): AsyncIterable<readonly Decision[]>;
  /** stdout is for what the files become; progress is for terminals only. */
  readonly piped?: true;
  /** There may be nothing to do. */
  readonly mayBeDone?: true;
  /** Null for a command that makes no files. */
  readonly outputs: Outputs | null;
  /** What is made of each file, where a journal compares it. */
  readonly settings?: object;
  /** What the JSON has of each file. */
  results?(): readonly unknown[];
  /** What stdout gets instead of the summary. */
  print?(report: RunReport): string;
}

/** Who does nothing. */
const NOBODY = { threads: 0 } as Runner;

/** A batch from the first name to the last ending. */
interface Batch {
  readonly pending: PendingFiles;
  readonly endings: Endings;
  readonly folders: OutputFolders;
  readonly sources: DoneSources | null;
  readonly journal: BatchJournal | null;
  readonly interrupt: Interrupt;
  readonly screen: Screen;
  /** Of estimated seconds. */
  done: number;
  view: ProgressView | null;
  readonly startedMs: number;
}

export async function runBatchCommand(options: BatchOptions): Promise<void> {
  const startedMs = nowMs();
  const interrupt = listenForInterrupt();
  const screen: Screen = { line: (text) => void process.stderr.write(`${text}\n`) };
  const log = createLog({
    ...(options.logLevel !== undefined && { level: options.logLevel }),
    // What else is written to a terminal would tear the live view.
    ...(options.watch && { destination: { write: (line) => screen.line(line.trimEnd()) } }),
  });
  // Whatever ends the command ends the listing: a list may come from a program that never does.
  const ended = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, ended.signal]);
  try {
    const { work, choice, record, results } = options;
    const listed = { ...options, outputs: work.outputs };
    if (choice?.dryRun) {
      const known = await lookIntoJournalOf(options, signal);
      const foreseen = await showPlan({ ...listed, known }, options, signal);
      process.exitCode = interrupt.exitCode() || foreseen;
      return;
    }
    const resultsPath = results === DASH ? undefined : results;
    refuseSameFile({ '--record': record, '--results': resultsPath, '--journal': options.journal?.file });
    if (resultsPath !== undefined) await makeFolder(dirname(absolutePath(resultsPath)));
    using resultsFile = resultsPath === undefined ? null : new ResultsFile(resultsPath);
    const shared = new Set<string>();
    const sources = choice?.deletesSources ? new DoneSources(shared) : null;
    const listeners = [
      ...(sources === null ? [] : [sources.listener]),
      ...(resultsFile === null ? [] : [(ending: Ending) => resultsFile.write(ending)]),
      ...(results === DASH ? [resultsToStdout(signal)] : []),
    ];
    const folders = new OutputFolders((folder) => interrupt.watch(folder));
    // A process takes longest to start; where one is needed for certain, everything else happens meanwhile.
    await using early = startsAtOnce(options)
      ? startEarly(startBatchRunner(options, plainLog(log, screen), folders))
      : null;
    await using journal = await openJournalOf(options, screen, interrupt);
    const known = journal?.known ?? null;
    const batch = newBatch({ interrupt, screen, startedMs, folders, journal, sources }, listeners);
    const { pending } = batch;
    const decisions =
      work.list?.(interrupt) ?? decisionsFor({ ...listed, known }, signal, { shared, areOneName });
    void pending.list(decisions, batch.endings, signal);
    if (record !== undefined || sources !== null) {
      // The recording's file is made when the runtime starts, and must not be one of the batch; and no source
      // is deleted that something found later is made of.
      await pending.atLeast(Infinity);
      await pending.failed();
    }
    const someDone = known?.someDone || mayBeDone(options);
    if (record === undefined && someDone && !(await pending.atLeast(1))) {
      // There is nothing left to do, and then no thread is needed.
      await run(options, null, batch);
      return;
    }
    // Workers take longest to start; everything else happens meanwhile.
    const atLeast = (files: number): Promise<boolean> => pending.atLeast(files);
    const starting = early?.starting ?? startBatchRunner(options, plainLog(log, screen), folders, atLeast);
    const started = await starting.catch(async (error) => {
      await pending.failed();
      throw error;
    });
    interrupt.endFirst(started.pids);
    try {
      await run(options, started, batch);
    } finally {
      await started.stop();
    }
  } finally {
    ended.abort();
    interrupt.stop();
    log.close();
  }
}

function newBatch(
  parts: Pick<Batch, 'interrupt' | 'screen' | 'startedMs' | 'folders' | 'journal' | 'sources'>,
  listeners: readonly EndingListener[],
): Batch {
  const batch: Batch = {
    ...parts,
    pending: new PendingFiles(),
    endings: new Endings([
      ...listeners,
      (ending) => show(ending, batch),
      ({ state, output }) => {
        if (state === 'skipped' && output !== null) batch.folders.sweep(dirname(output));
      },
    ]),
    done: 0,
    view: null,
  };
  return batch;
}

/** @param started null where there is nothing to do */
async function run(options: BatchOptions, started: BatchRunner | null, batch: Batch): Promise<void> {
  const runner = started?.runner ?? null;
  const { stderr, stdout } = process;
  const { work } = options;
  const { endings, pending, interrupt, screen } = batch;
  const unseen = runner === null || options.quiet || (work.piped === true && !stderr.isTTY);
  if (!unseen) {
    const view = await startView(options, runner, batch);
    batch.view = view;
    if (options.watch) {
      screen.line = view.line;
      interrupt.printWith(view.line);
    }
  }
  let before: Snapshot | null = null;
  try {
    const advanced = (seconds: number): void => {
      batch.done += seconds;
      batch.view?.changed();
    };
    await runBatch(runner ?? NOBODY, batch, work, advanced, interrupt.signal);
  } finally {
    // Only the JSON shows it, and a short run would notice the milliseconds.
    if (options.json && started?.isIsolated === false) before = started.runner.snapshot();
    const left = (await runner?.close())?.left ?? [];
    batch.view?.stop();
    // One that is stuck inside FFmpeg would keep the process at its end.
    if (left.length > 0) interrupt.giveUp();
  }
  // Of a batch that was cancelled before anything was known of it there is nothing to say.
  const isKnown = pending.totals.files > 0 || !pending.isCut;
  if (isKnown && !options.quiet) {
    for (const line of formatNotes(endings.notes)) stderr.write(`${line}\n`);
  }

  // Whoever wants to hear nothing does not wait for a summary.
  const isQuiet = options.quiet || work.piped !== undefined || options.results === DASH;
  const isAsked = options.json || (work.print !== undefined && options.results !== DASH) || !isQuiet;
  if (isKnown && isAsked) {
    const report = makeReport(
      options.command,
      await snapshotFor(options, runner, before),
      { endings, isCut: pending.isCut },
      (nowMs() - batch.startedMs) / 1000,
    );
    if (options.json) stdout.write(`${jsonText({ ...report, results: work.results?.() })}\n`);
    else if (work.print !== undefined) stdout.write(work.print(report));
    else stdout.write(runner === null ? formatFiles(report, stdout) : formatReport(report, stdout));
  }
  process.exitCode = interrupt.exitCode() || (endings.failed > 0 ? EXIT.failed : EXIT.done);
}

async function snapshotFor(
  options: BatchOptions,
  runner: Runner | null,
  before: Snapshot | null,
): Promise<Snapshot> {
  if (runner === null) {
    const { snapshotBeforeStart } = await import('../runtime/snapshot-of.ts');
    return snapshotBeforeStart(runtimeOptions({ ...options, job: options.work.job, record: undefined }));
  }
  return before === null ? runner.snapshot() : snapshotOfRun(before, runner.snapshot());
}

function startView({ watch }: BatchOptions, runner: Runner, batch: Batch): Promise<ProgressView> {
  const { pending, endings, startedMs } = batch;
  return startProgressView(process.stderr, watch, {
    snapshot: () => runner.snapshot(),
    progress: () => ({
      doneSeconds: batch.done,
      totalSeconds: pending.totals.seconds,
      files: endings.ended,
      totalFiles: pending.totals.files,
      failed: endings.failed,
      isListing: !pending.totals.isExact,
      elapsedSeconds: (nowMs() - startedMs) / 1000,
    }),
  });
}

/** Tells of a file that failed, and that progress was made. */
function show(ending: Ending, { view, screen }: Batch): void {
  if (ending.state === 'failed') {
    const { input, code, message } = ending;
    const text = `failed: ${shown(input)}: ${escaped(message)} (${escaped(code)})`;
    (view ?? screen).line(text);
  }
  view?.changed();
}
