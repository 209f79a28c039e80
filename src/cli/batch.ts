/**
 * Runs a batch for a command: plans, starts the runtime, shows progress, prints the report, sets the exit
 * code.
 */
import { dirname, resolve } from 'node:path';
import { type Outputs, type Plan, planBatch, refuseRecordingClash } from '../batch/plan.ts';
import { type BatchOutcome, type BatchWatcher, type BatchWork, runBatch } from '../batch/run.ts';
import { type BatchNote, formatNotes, formatReport, makeReport, type RunReport } from '../batch/summary.ts';
import type { Bytes } from '../bytes.ts';
import { type ErrorCode, isMillpondError } from '../errors.ts';
import { makeFolder } from '../files/folders.ts';
import type { RuntimeOptions } from '../runtime/options.ts';
import { createRuntime, type Runtime } from '../runtime/runtime.ts';
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts';
import type { Snapshot } from '../telemetry/snapshot.ts';
import { snapshotOfRun } from '../telemetry/snapshot-of-run.ts';
import { escaped, jsonText, shown } from '../text/escaping.ts';
import { wrongValue } from './arguments.ts';
import { EXIT } from './exit.ts';
import { listenToFfmpeg } from './ffmpeg-log.ts';
import { type Interrupt, listenForInterrupt } from './interrupt.ts';
import type { Progress, ProgressView } from './progress.ts';
import { startProgressView } from './progress-view.ts';

/** What is wrong with a recording's file, where a runtime starts. */
const OF_RECORDING: ReadonlySet<ErrorCode> = new Set(['ERR_OUTPUT_CLASH', 'ERR_OUTPUT_WRITE']);

interface BatchOptions {
  readonly command: string;
  readonly inputs: readonly string[];
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
    // Workers take longest to start; everything else happens meanwhile.
    const { inputs, work } = options;
    const planning = work.plan?.(interrupt) ?? planBatch(inputs, work.outputs);
    const plain = plainly(log, screen);
    const starting = listenToFfmpeg(plain, options.logLevel).then((stop) => {
      stopListening = stop;
      return startRuntime(options, planning, plain);
    });
    const [runtime, plan] = await Promise.allSettled([starting, planning]);
    if (plan.status === 'rejected') {
      if (runtime.status === 'fulfilled') await runtime.value.close();
      throw plan.reason;
    }
    if (runtime.status === 'rejected') throw runtime.reason;
    await run(options, runtime.value, plan.value, interrupt, screen, started);
  } finally {
    interrupt.stop();
    await stopListening();
    log.close();
  }
}

async function run(
  options: BatchOptions,
  runtime: Runtime,
  plan: Plan,
  interrupt: Interrupt,
  screen: Screen,
  started: number,
): Promise<void> {
  const { stderr, stdout } = process;
  for (const { output } of plan.files) if (output !== null) interrupt.watch(dirname(output));
  const count: Count = { doneSeconds: 0, files: 0, failed: 0 };
  const unseen = options.quiet || (options.work.piped === true && !stderr.isTTY);
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
    outcome = await runBatch(runtime, plan, work, watcher(count, view, notes), interrupt.signal);
  } finally {
    // Only the JSON shows it, and a short run would notice the milliseconds.
    if (options.json) before = runtime.snapshot();
    const { left } = await runtime.close();
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
      before === null ? runtime.snapshot() : snapshotOfRun(before, runtime.snapshot()),
      outcome,
      { total: plan.files.length + plan.unreadable.length, skipped: plan.skipped, notes },
      (performance.now() - started) / 1000,
    );
    if (options.json) stdout.write(`${jsonText({ ...report, results: work.results?.() })}\n`);
    else if (work.print !== undefined) stdout.write(work.print(report));
    else stdout.write(formatReport(report, stdout));
  }
  process.exitCode = interrupt.exitCode() || (outcome.failures.length > 0 ? EXIT.failed : EXIT.done);
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
  // The extension of this very file: .ts in the checkout, .js in the package.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const given: RuntimeOptions = {
    job: new URL(`../../workers/${options.work.job}${extension}`, import.meta.url),
    log,
    threads: options.threads,
    // A file takes one lease, so timing each costs nothing.
    sampleEvery: 1,
    ...(options.budget !== undefined && { budgetBytes: options.budget }),
  };
  if (record === undefined) return createRuntime(given);
  const { files } = await planning;
  try {
    await refuseRecordingClash(record, files);
    await makeFolder(dirname(resolve(record)));
    return await createRuntime({ ...given, record: { path: record, label: options.command } });
  } catch (cause) {
    if (!isMillpondError(cause) || !OF_RECORDING.has(cause.code)) throw cause;
    throw wrongValue('--record', record, cause.message, { code: cause.code, cause });
  }
}
