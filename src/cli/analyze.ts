import { Command } from 'commander';
import { SILENCE_DB } from '../audio/analysis/defaults.ts';
import type { AnalyzeRequest, AnalyzeResult } from '../audio/analysis/request.ts';
import type { Timed } from '../audio/timed.ts';
import { type Measurement, measurementCsv, measurementTable } from '../batch/measurements.ts';
import { writeWhole } from '../files/whole-file.ts';
import { decimalNumber, option, path } from './arguments.ts';
import { type CommandWork, runBatchCommand } from './batch.ts';
import { CHOICE_HELP, type ChoiceOptions, choiceOf, withChoiceOptions } from './choice.ts';
import { audioLimits, jobTimeout, type LimitOptions, withLimitOptions } from './limits.ts';
import {
  type RunOptions,
  refuseStdoutTwice,
  runOptions,
  withResultsOption,
  withRunOptions,
} from './transcode.ts';

interface AnalyzeOptions extends RunOptions, ChoiceOptions, LimitOptions {
  csv?: boolean;
  waveform?: string;
  silence?: number;
}

const SILENCE = { what: 'a level in dBFS', from: -200, to: 0, example: SILENCE_DB };

/** At most; a picture has half of them or more. */
const PICTURE_POINTS = 2000;
/** More a second than a picture of any sound has; they are put together as it gets longer. */
const PICTURE_POINTS_PER_SECOND = 1000;

const HELP = `
Loudness is that of EBU R128 (ITU-R BS.1770-5): LUFS over the whole, range in LU, true peak in dBTP by four
times oversampling. RMS is in dBFS, where a square wave has 0.

Examples:
  millpond analyze album/
  millpond analyze album/ --csv > loudness.csv
  millpond analyze episode.mp3 --json | jq '.results[0].loudness'
  millpond analyze samples/ --waveform pictures
  millpond analyze --files-from list.txt --exclude '*.mp3' --dry-run
${CHOICE_HELP}`;

export function analyzeCommand(): Command {
  const command = new Command('analyze');
  withRunOptions(
    command
      .description('measure loudness, true peak and levels of audio files, and draw their waveforms')
      .usage('[options] <files or folders...>')
      .argument('[files or folders...]', 'audio files, or folders to walk')
      .option('--csv', 'print comma-separated values instead of the table')
      .addOption(option('--waveform <dir>', 'draw each file as an SVG in this folder', path))
      .addOption(
        option(
          '--silence <dbfs>',
          `what is no louder is silence at the ends; default ${SILENCE_DB}`,
          decimalNumber(SILENCE),
        ),
      ),
  );
  return withResultsOption(withLimitOptions(withChoiceOptions(command)))
    .addHelpText('after', HELP)
    .action(async (inputs: string[], options: AnalyzeOptions) => {
      if (options.csv) refuseStdoutTwice(options, '--csv');
      return runBatchCommand({
        command: 'analyze',
        inputs,
        choice: choiceOf(command, inputs, options),
        work: await measuring(options),
        ...runOptions(options),
      });
    });
}

async function measuring(options: AnalyzeOptions): Promise<CommandWork> {
  const { csv, waveform: folder, silence } = options;
  const measured: Measurement[] = [];
  // With what draws it, which all commands would load.
  const drawn = folder === undefined ? null : (await import('../batch/waveform-svg.ts')).waveformSvg;
  const common: Omit<AnalyzeRequest, 'input'> = {
    ...audioLimits(options),
    ...(silence !== undefined && { silenceDb: silence }),
    ...(folder !== undefined && {
      waveform: { pointsPerSecond: PICTURE_POINTS_PER_SECOND, mostPoints: PICTURE_POINTS },
    }),
  };
  // With most files first to last, whichever was done first.
  const inOrder = (): readonly Measurement[] => measured.sort((a, b) => (a.file < b.file ? -1 : 1));
  return {
    job: 'analyze',
    outputs: folder === undefined ? null : { folder, extension: '.svg' },
    request: ({ input }) => ({ ...common, input }),
    timeoutMs: jobTimeout(options),
    finish({ input, output }, { waveform, warnings: _, workMs: __, ...result }: Timed<AnalyzeResult>) {
      if (output !== null && waveform !== null && drawn !== null) writeWhole(output, drawn(waveform));
      measured.push({ file: input, ...result });
    },
    results: inOrder,
    print: () => (csv ? measurementCsv(inOrder()) : measurementTable(inOrder(), process.stdout)),
  };
}
