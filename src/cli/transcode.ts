import { Command } from 'commander';
import type { OutputChecks, TranscodeSettings } from '../audio/plan/request.ts';
import type { Existing } from '../batch/existing.ts';
import { OPTION_NAMES } from '../batch/option-names.ts';
import { LOG_LEVELS, type LogLevel } from '../telemetry/log.ts';
import {
  byteSize,
  choice,
  given,
  option,
  path,
  type WrittenSize,
  wholeNumber,
  wrongValue,
} from './arguments.ts';
import { type CommandWork, runBatchCommand } from './batch.ts';
import { budgetFor, MOST_THREADS, threadsFor } from './budget.ts';
import {
  CHOICE_HELP,
  type ChoiceOptions,
  choiceOf,
  withChoiceOptions,
  withExistingOptions,
} from './choice.ts';
import { type CoverOptions, coverOf, withCoverOptions } from './cover.ts';
import { type JournalCommandOptions, journalChoiceOf, withJournalOptions } from './journal.ts';
import { jobTimeout, withLimitOptions, withOutputLimit } from './limits.ts';
import { isPiped, PipelineWork, refuseInPipeline } from './pipeline.ts';
import { DASH } from './stdin.ts';
import { checkStream, StreamWork } from './stream.ts';
import {
  type TargetOptions,
  transcodeSettings,
  withFormatOption,
  withTargetOptions,
  withTimesOption,
} from './target-options.ts';

interface TranscodeOptions
  extends RunOptions,
    ChoiceOptions,
    CoverOptions,
    TargetOptions,
    JournalCommandOptions {
  out?: string;
  stream?: boolean;
  preserveTimes?: boolean;
}

const ISOLATE = { what: 'the number of processes', from: 0, to: 64, example: 1 };
const THREADS = { what: 'the number of threads', from: 1, to: MOST_THREADS, example: 4 };

const EXAMPLES = `
Examples:
  millpond transcode album/ --to flac --out converted
  millpond transcode prompts/*.wav --to mp3 --bitrate 64k --out mp3 --json > run.json
  millpond transcode a.flac b.ogg --to opus --rate 48000 --channels 1 --out voice --threads 2 --budget 64MiB
  curl https://example.org/talk.wav | millpond transcode - --to mp3 --out - > talk.mp3
  curl https://example.org/radio | millpond transcode - --to opus --out - --stream | player
  find album -name '*.wav' -print0 | millpond transcode --files-from - -0 --base album --to flac --out converted
  millpond transcode album/ --to flac --out converted --skip-existing
  millpond transcode album/ --to flac --out /mnt/converted --durability power
  millpond transcode album/ --to mp3 --out small --exclude drafts/ --newer --dry-run
  millpond transcode masters/ --to flac --out archive --verify

Folders are walked and their structure is kept under --out; files that are named land in --out itself, or with
--base as they lie below that folder. The same command again goes on where it was; with
other settings it is refused, unless --redo does all anew. Outputs of which nothing is known are replaced, each as a whole,
unless --skip-existing, --newer or --no-overwrite says otherwise. Files start while the rest is listed; of inputs that would write one output
the first that is listed is done, and the others fail. With --copy-others what else is in the folders is copied by the same rules.
With --delete-source a source is deleted once its output was compared as by --verify, and is in place and on disk; not one that was
changed meanwhile, that a link leads to, that is an input twice, whose file was skipped, or that is copied. A note says why.
With --verify each output is decoded again before it is put into its place: it has to have the frames that were encoded, and
of wav and flac the very samples. One that does not is a failure, and does not appear.
In a pipeline - is one audio file: from stdin as the input, to stdout as --out, with the bytes that a file would
have. What comes is first stored whole, in the folder for temporary files (TMPDIR).

With --stream the output begins while the input still comes, and nothing is stored, whatever the length. From stdin WAV,
FLAC, MP3, Ogg and AAC are read so; wav, flac, mp3, opus and ogg are written. Since nobody goes back then, some is missing:
  to stdout   wav: its sizes, which are left open; flac: its length and the MD5 of its samples; mp3: its Info frame, so its
              length, and silence at both ends is not cut off; opus and ogg: nothing, the bytes are those of a file
  from stdin  tags behind the sound, and WAV's chunks that are no tags; --fade-out
What fails in the middle was written up to there, and the command ends with 1.
${CHOICE_HELP}`;

export function transcodeCommand(): Command {
  const command = new Command('transcode');
  withFormatOption(
    command
      .description('convert audio files to another format')
      .usage('[options] --to <format> --out <dir> <files or folders...>')
      .argument('[files or folders...]', 'audio files, or folders to walk; - for one from stdin'),
  ).addOption(option('--out <dir>', 'folder for the outputs, created if needed; - for one to stdout', path));
  withRunOptions(
    withTimesOption(withTargetOptions(command)).option(
      '--stream',
      'with --out -: write while it is read, and store nothing',
    ),
  );
  withJournalOptions(
    withResultsOption(
      withOutputLimit(withLimitOptions(withExistingOptions(withChoiceOptions(withCoverOptions(command))))),
    ),
  );
  return command
    .addHelpText('after', EXAMPLES)
    .action(async (inputs: string[], options: TranscodeOptions) => {
      const choice = choiceOf(command, inputs, options);
      const out = given(options.out, '--out', 'name the folder for the outputs, as --out converted.');
      const cover = coverOf(options);
      const settings = { ...transcodeSettings(options), ...cover.settings };
      const name = 'transcode';
      const piped = isPiped({ inputs, out, json: options.json ?? false });
      if (piped) {
        refuseInPipeline(options);
        refuseStdoutTwice(options, '--out -');
      }
      if (options.stream) checkStream({ piped, input: inputs[0], out, ...settings });
      if (!piped) {
        const hash = options.results !== undefined || options.check === 'content' || choice.deletesSources;
        const verify = options.verify === true || choice.deletesSources;
        const extras = { coverText: cover.text, preserveTimes: options.preserveTimes ?? false };
        const work = {
          ...transcoding(out, { ...settings, hash, verify }, choice.existing, extras),
          timeoutMs: jobTimeout(options),
        };
        const journal = journalChoiceOf(options);
        await runBatchCommand({ command: name, inputs, choice, journal, work, ...runOptions(options) });
        return;
      }
      using work = options.stream
        ? new StreamWork(inputs[0], settings, options.jobTimeout)
        : new PipelineWork(inputs[0], settings, jobTimeout(options));
      await runBatchCommand({
        command: name,
        inputs,
        work,
        ...runOptions({ ...options, threads: options.threads ?? 1 }),
      });
    });
}

interface TranscodingExtras {
  /** What the journal has for the cover. */
  readonly coverText?: string | null;
  readonly preserveTimes?: boolean;
}

/** Each file into one of another format. */
export function transcoding(
  folder: string,
  settings: TranscodeSettings & OutputChecks,
  existing: Existing = 'replace',
  { coverText = null, preserveTimes = false }: TranscodingExtras = {},
): CommandWork {
  // What appears after the files were planned is not replaced either.
  const overwrite = existing === 'replace' || existing === 'newer';
  return {
    job: 'transcode',
    outputs: { folder, extension: `.${settings.to}` },
    settings: Object.fromEntries(
      Object.entries({ ...settings, cover: coverText ?? undefined }).filter(([name]) =>
        OPTION_NAMES.has(name),
      ),
    ),
    request: ({ input, output, mayReplace = false }) => ({
      ...settings,
      ...(preserveTimes && { preserveTimes }),
      input,
      output: overwrite || mayReplace ? output : { path: output, overwrite },
    }),
    overwrite,
    skipsExisting: existing === 'skip',
  };
}

/** Options of every command that runs a batch. */
export interface RunOptions {
  threads?: number;
  budget?: WrittenSize;
  isolate?: number;
  json?: boolean;
  quiet?: boolean;
  watch?: boolean;
  record?: string;
  /** A file, or `-` for stdout. */
  results?: string;
  logLevel?: LogLevel;
}

export function withRunOptions(command: Command): Command {
  return command
    .addOption(
      option('--threads <n>', 'worker threads; default: what this machine has', wholeNumber(THREADS)),
    )
    .addOption(
      option('--budget <size>', 'memory that all threads together may pool; default 100MiB', byteSize),
    )
    .addOption(
      option(
        '--isolate <n>',
        'processes that the threads belong to, so that a crash costs one; 0 for none; default: 1 from 16 files on',
        wholeNumber(ISOLATE),
      ),
    )
    .option('--json', 'print one JSON object (millpond.run/1) instead of the summary')
    .option('--quiet', 'print failures only')
    .option('--watch', 'show memory, threads and decisions live instead of the progress bar, on a terminal')
    .addOption(option('--record <file>', 'write the run down, for millpond report', path))
    .addOption(
      choice('--log-level <level>', 'least severe log line on stderr; default warn', 'a level', LOG_LEVELS),
    );
}

export function withResultsOption(command: Command): Command {
  return command.addOption(
    option(
      '--results <file>',
      'add a line of JSON for each file as it ends (millpond.result/1); - for stdout',
      path,
    ),
  );
}

/** @throws MillpondError `ERR_INVALID_ARGUMENT` where stdout would have two things */
export function refuseStdoutTwice({ results }: RunOptions, other: string): void {
  if (results !== DASH) return;
  throw wrongValue(
    '--results',
    DASH,
    `stdout has what ${other} asks for. Name a file, or leave one of them out.`,
  );
}

/** @throws MillpondError `ERR_BUDGET_TOO_SMALL`; `ERR_INVALID_ARGUMENT` */
export function runOptions(options: RunOptions) {
  if (options.json) refuseStdoutTwice(options, '--json');
  const threads = threadsFor(options.threads, options.isolate);
  return {
    threads,
    budget: options.budget && budgetFor(options.budget, threads),
    isolate: options.isolate,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    watch: options.watch ?? false,
    record: options.record,
    results: options.results,
    logLevel: options.logLevel,
  };
}
