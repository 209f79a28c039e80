import { Command, Option } from 'commander';
import { TARGETS, type TargetName } from '../audio/plan/targets.ts';
import type { Bytes } from '../bytes.ts';
import { LOG_LEVELS, type LogLevel } from '../telemetry/log.ts';
import { bitrate, byteSize, decimalNumber, depth, wholeNumber } from './arguments.ts';
import { runBatchCommand } from './batch.ts';

interface TranscodeOptions extends RunOptions {
  to: TargetName;
  out: string;
  rate?: number;
  channels?: number;
  bits?: 16 | 24 | 32;
  bitrate?: number;
  gain?: number;
  fadeIn?: number;
  fadeOut?: number;
}

/** The library allows more, but with a codec in each of a thousand threads they only wait for each other. */
const MOST_THREADS = 256;

const EXAMPLES = `
Examples:
  millpond transcode album/ --to flac --out converted
  millpond transcode prompts/*.wav --to mp3 --bitrate 64k --out mp3 --json > run.json
  millpond transcode a.flac b.ogg --to opus --rate 48000 --channels 1 --out voice --threads 2 --budget 64MiB

Folders are walked and their structure is kept under --out. Outputs that exist are replaced, each as a whole.`;

export function transcodeCommand(): Command {
  return withRunOptions(
    new Command('transcode')
      .description('convert audio files to another format')
      .argument('<files or folders...>', 'audio files, or folders to walk')
      .addOption(
        new Option('--to <format>', 'format of the outputs')
          .choices(Object.keys(TARGETS))
          .makeOptionMandatory(),
      )
      .requiredOption('--out <dir>', 'folder for the outputs; created if needed')
      .option('--rate <hz>', "sample rate; default: the source's", wholeNumber(1000, 655_350))
      .option('--channels <n>', "channels; default: the source's", wholeNumber(1, 8))
      .option('--bits <n>', "depth of flac and wav, 16, 24 or 32; default: the source's", depth)
      .option('--bitrate <bits/s>', 'of lossy formats, or the nearest they have, for example 192k', bitrate)
      .option('--gain <db>', 'make the audio louder or quieter', decimalNumber(-200, 200))
      .option('--fade-in <seconds>', 'fade in at the start', decimalNumber(0, 86_400))
      .option('--fade-out <seconds>', 'fade out at the end', decimalNumber(0, 86_400)),
  )
    .addHelpText('after', EXAMPLES)
    .action((inputs: string[], options: TranscodeOptions) =>
      runBatchCommand({
        command: 'transcode',
        inputs,
        out: options.out,
        to: options.to,
        settings: {
          ...(options.rate !== undefined && { rate: options.rate }),
          ...(options.channels !== undefined && { channels: options.channels }),
          ...(options.bits !== undefined && { bits: options.bits }),
          ...(options.bitrate !== undefined && { bitrate: options.bitrate }),
          ...(options.gain !== undefined && { gainDb: options.gain }),
          ...(options.fadeIn !== undefined && { fadeInSeconds: options.fadeIn }),
          ...(options.fadeOut !== undefined && { fadeOutSeconds: options.fadeOut }),
        },
        ...runOptions(options),
      }),
    );
}

/** Options of every command that runs a batch. */
export interface RunOptions {
  threads?: number;
  budget?: Bytes;
  json?: boolean;
  quiet?: boolean;
  watch?: boolean;
  record?: string;
  logLevel?: LogLevel;
}

export function withRunOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'worker threads; default: what this machine has', wholeNumber(1, MOST_THREADS))
    .option('--budget <size>', 'memory that all threads together may pool; default 100MiB', byteSize)
    .option('--json', 'print one JSON object (millpond.run/1) instead of the summary')
    .option('--quiet', 'print failures only')
    .option('--watch', 'show memory, threads and decisions live instead of the progress bar, on a terminal')
    .option('--record <file>', 'write the run down, for millpond report')
    .addOption(
      new Option('--log-level <level>', 'least severe log line on stderr; default warn').choices(LOG_LEVELS),
    );
}

export function runOptions(options: RunOptions) {
  return {
    threads: options.threads,
    budget: options.budget,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    watch: options.watch ?? false,
    record: options.record,
    logLevel: options.logLevel,
  };
}
