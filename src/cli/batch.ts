/**
 * Runs a batch for a command: plans, starts the runtime, shows progress, prints the report, sets the exit
 * code.
 */
import { dirname, resolve } from 'node:path';
import { type Outputs, type Plan, refuseRecordingClash } from '../batch/plan.ts';
import { type BatchOutcome, type BatchWatcher, type BatchWork, runBatch } from '../batch/run.ts';
import { countSkips } from '../batch/skips.ts';
import {
  type BatchNote,
  formatFiles,
  formatNotes,
  formatReport,
  makeReport,
  type RunReport,
} from '../batch/summary.ts';
import type { Bytes } from '../bytes.ts';
import { makeFolder } from '../files/folders.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import type { Runner } from '../runtime/runner.ts';
import { createRuntime, type Runtime } from '../runtime/runtime.ts';
import { snapshotBeforeStart } from '../runtime/snapshot-of.ts';
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { escaped, jsonText, shown } from '../text/escaping.ts';
import type { Choice } from './choice.ts';
import { EXIT } from './exit.ts';
import { listenToFfmpeg } from './ffmpeg-log.ts';
import { type Interrupt, listenForInterrupt } from './interrupt.ts';
import { inputsOf, ofRecording, planOf, showPlan } from './planning.ts';
import type { Progress, ProgressView } from './progress.ts';
import { startProgressView } from './progress-view.ts';

interface BatchOptions {
  readonly command: string;
  readonly inputs: readonly string[];
  /** Default: all inputs, over outputs that exist. */
  readonly choice?: Choice;
  readonly work: CommandWork;
  readonly threads: number;
  readonly budget: Bytes | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly watch: boolean;
  /** A file for the recording. */
  readonly record: string | undefined;
  readonly logLevel: LogLevel | undefined;
}

/** What a command does with each file, and with what it says of them. */
export interface CommandWork extends BatchWork<never> {
  /** The name of its file in workers/. */
  readonly job: string;
  /** Which files there are. Default: those that were named, and the audio files in folders. */
  plan?(interrupt: Interrupt): Promise<Plan>;
  /** stdout is for what the files become; progress is for terminals only. */
  readonly piped?: true;
  /** Null for a command that makes no files. */
  readonly outputs: Outputs | null;
  /** What the JSON has of each file. */
  results?(): readonly unknown[];
  /** What stdout gets instead of the summary. */
  print?(report: RunReport): string;
}

/** Who does nothing. */
const NOBODY = { threads: 0 } as Runner;

/** What of a batch is done. */
type Count = { -readonly [name in 'doneSeconds' | 'files' | 'failed']: Progress[name] };

/** Who prints lines on stderr now. */
interface Screen {
  line(text: string): void;
}

export async function runBatchCommand(options: BatchOptions): Promise<void> {
  const started = performance.now();
  const interrupt = listenForInterrupt();
  const screen: Screen = { line: (text) => void process.stderr.write(`${text}\n`) };
  const log = createLog({
    ...(options.logLevel !== undefined && { level: options.logLevel }),
    // What else is written to a terminal would tear the live view.
    ...(options.watch && { destination: { write: (line) => screen.line(line.trimEnd()) } }),
  });
  let stopListening = async (): Promise<void> => {};
  try {
    const { work, choice } = options;
    const inputs = await inputsOf(options.inputs, choice, interrupt.signal);
    if (inputs === null) {
      process.exitCode = interrupt.exitCode();
      return;
    }
    if (choice?.dryRun) {
      const foreseen = await showPlan(inputs, choice, { ...options, outputs: work.outputs });
      process.exitCode = interrupt.exitCode() || foreseen;
      return;
    }
    const planning = work.plan?.(interrupt) ?? planOf(inputs, work.outputs, choice);
    if (choice !== undefined && choice.existing !== 'replace' && options.record === undefined) {
      // There may be nothing left to do, and then no thread is needed.
      const planned = await planning;
      if (planned.files.length === 0) {
        await run(options, null, planned, interrupt, screen, started);
        return;
      }
    }
    // Workers take longest to start; everything else happens meanwhile.
    const plain = plainly(log, screen);
    const starting = listenToFfmpeg(plain, options.logLevel).then((stop) => {
      stopListening = stop;
      return startRuntime(options, planning, plain);
    });
    const [runtime, planned] = await Promise.allSettled([starting, planning]);
    if (planned.status === 'rejected') {
      if (runtime.status === 'fulfilled') await runtime.value.close();
      throw planned.reason;
    }
    if (runtime.status === 'rejected') throw runtime.reason;
    await run(options, runtime.value, planned.value, interrupt, screen, started);
  } finally {
    interrupt.stop();
    await stopListening();
    log.close();
  }
}

/** @param runtime null where there is nothing to do */
async function run(
  options: BatchOptions,
  runtime: Runtime | null,
  plan: Plan,
  interrupt: Interrupt,
  screen: Screen,
  started: number,
): Promise<void> {
  const { stderr, stdout } = process;
  for (const { output } of plan.files) if (output !== null) interrupt.watch(dirname(output));
  const count: Count = { doneSeconds: 0, files: 0, failed: 0 };
  const unseen = runtime === null || options.quiet || (options.work.piped === true && !stderr.isTTY);
  const view = unseen ? null : await startView(options, runtime, plan, count, started);
  if (view !== null && options.watch) {
    screen.line = view.line;
    interrupt.printWith(view.line);
  }
  const notes: BatchNote[] = [];
  const { work } = options;
  let outcome: BatchOutcome;
  let before: Snapshot | null = null;
  try {
    const runner = runtime ?? NOBODY;
    outcome = await runBatch(runner, plan, work, watcher(count, view, notes), interrupt.signal);
  } finally {
    // Only the JSON shows it, and a short run would notice the milliseconds.
    if (options.json && runtime !== null) before = runtime.snapshot();
    const left = (await runtime?.close())?.left ?? [];
    view?.stop();
    // One that is stuck inside FFmpeg would keep the process at its end.
    if (left.length > 0) interrupt.giveUp();
  }
  if (!options.quiet) {
    for (const line of formatNotes(notes)) stderr.write(`${line}\n`);
  }

  // Whoever wants to hear nothing does not wait for a summary.
  if (options.json || work.print !== undefined || !(options.quiet || work.piped !== undefined)) {
    const report = makeReport(
      options.command,
      snapshotFor(options, runtime, before),
      outcome,
      {
        total: plan.files.length - outcome.skipped + plan.refused.length + plan.unreadable.length,
        skipped: countSkips([
          ...plan.skipped.map(({ reason }) => reason),
          ...new Array<'exists'>(outcome.skipped).fill('exists'),
        ]),
        notes,
      },
      (performance.now() - started) / 1000,
    );
    if (options.json) stdout.write(`${jsonText({ ...report, results: work.results?.() })}\n`);
    else if (work.print !== undefined) stdout.write(work.print(report));
    else stdout.write(runtime === null ? formatFiles(report, stdout) : formatReport(report, stdout));
  }
  process.exitCode = interrupt.exitCode() || (outcome.failures.length > 0 ? EXIT.failed : EXIT.done);
}

function snapshotFor(options: BatchOptions, runtime: Runtime | null, before: Snapshot | null): Snapshot {
  if (runtime === null) return snapshotBeforeStart(runtimeOptions(options));
  return before === null ? runtime.snapshot() : snapshotOfRun(before, runtime.snapshot());
}

function startView(
  { watch }: BatchOptions,
  runtime: Runtime,
  { files, unreadable }: Plan,
  count: Count,
  started: number,
): Promise<ProgressView> {
  const totalSeconds = files.reduce((sum, file) => sum + file.estimatedSeconds, 0);
  const totalFiles = files.length + unreadable.length;
  return startProgressView(process.stderr, watch, {
    snapshot: () => runtime.snapshot(),
    progress: () => ({
      ...count,
      totalSeconds,
      totalFiles,
      elapsedSeconds: (performance.now() - started) / 1000,
    }),
  });
}

function watcher(count: Count, view: ProgressView | null, notes: BatchNote[]): BatchWatcher {
  return {
    advanced(seconds) {
      count.doneSeconds += seconds;
      view?.changed();
    },
    done(file, warnings) {
      count.files++;
      for (const message of warnings) notes.push({ file: file.input, message });
      view?.changed();
    },
    failed(file, { code, message }) {
      count.files++;
      count.failed++;
      const text = `failed: ${shown(file)}: ${escaped(message)} (${escaped(code)})`;
      if (view === null) process.stderr.write(`${text}\n`);
      else view.line(text);
      view?.changed();
    },
  };
}

/** Whoever asked for a recording is told in plain words when it ends early, whatever else is logged. */
function plainly(log: Log, screen: Screen): Log {
  return {
    write(event) {
      if (event.event !== 'recording-ended') log.write(event);
      else {
        screen.line(
          `warning: the recording ${shown(event.path)} ends here, and the run goes on: ${escaped(event.reason)}`,
        );
      }
    },
    close: () => log.close(),
  };
}

async function startRuntime(options: BatchOptions, planning: Promise<Plan>, log: Log): Promise<Runtime> {
  const { record } = options;
  const given = { ...runtimeOptions(options), log };
  if (record === undefined) return createRuntime(given);
  return ofRecording(record, async () => {
    await refuseRecordingClash(record, await planning);
    await makeFolder(dirname(resolve(record)));
    return createRuntime({ ...given, record: { path: record, label: options.command } });
  });
}

function runtimeOptions({ work, threads, budget }: BatchOptions): RuntimeOptions {
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return {
    job: new URL(`../../workers/${work.job}${extension}`, import.meta.url),
    threads,
    // A file takes one lease, so timing each costs nothing.
    sampleEvery: 1,
    ...(budget !== undefined && { budgetBytes: budget }),
  };
}
