import { Command } from 'commander';
import type { RunReport } from '../batch/summary.ts';
import { VerifiedFolder } from '../batch/verify/verified-folder.ts';
import { formatSeconds } from '../text/durations.ts';
import { shown } from '../text/escaping.ts';
import { listed } from '../text/listing.ts';
import { option, path } from './arguments.ts';
import { type CommandWork, runBatchCommand } from './batch.ts';
import { type RunOptions, runOptions, withRunOptions } from './transcode.ts';

interface VerifyOptions extends RunOptions {
  journal?: string;
  quick?: boolean;
}

const HELP = `
Each output that the journal calls done is whole, or
  missing   nothing has its name, or what has is a link or a folder
  changed   its size is another one, or its content: by SHA-256 or the samples, where the journal has them (--check content,
            --verify), else by the time at which it was written
  torn      it is the file that was made, and does not decode to its frames
What the journal does not know is foreign, and no fault. Ends with 1 where something is missing, changed or torn. Nothing
is written. Remove what is wrong, and the command that made it makes it again.

Examples:
  millpond verify converted/
  millpond verify converted/ --quick
  millpond verify converted/ --json | jq '.results'`;

export function verifyCommand(): Command {
  return withRunOptions(
    new Command('verify')
      .description('compare a folder of outputs with its journal: missing, changed, torn, foreign')
      .usage('[options] <dir>')
      .argument('<dir>', 'the --out of a batch', path)
      .addOption(option('--journal <file>', 'the journal, where it is not in the folder', path))
      .option('--quick', 'go by sizes and times, and open no file'),
  )
    .addHelpText('after', HELP)
    .action(async (dir: string, options: VerifyOptions) => {
      const { journal = null, quick = false } = options;
      const folder = await VerifiedFolder.open(dir, journal, quick);
      await runBatchCommand({
        command: 'verify',
        inputs: [dir],
        work: verifying(folder, options.quiet ?? false),
        ...runOptions(options),
      });
    });
}

function verifying(folder: VerifiedFolder, isQuiet: boolean): CommandWork {
  return {
    job: 'verify',
    outputs: null,
    mayBeDone: true,
    list: ({ signal }) => folder.decisions(signal),
    request: folder.request,
    finish: folder.finish,
    results: () => folder.found,
    ...(!isQuiet && { print: (report: RunReport) => summary(folder, report) }),
  };
}

const MOST_NAMED = 3;

function summary(folder: VerifiedFolder, { interrupted, audioSeconds, wallSeconds }: RunReport): string {
  const faults = (['missing', 'changed', 'torn'] as const).map((one) => `${folder.count(one)} ${one}`);
  const foreign = folder.found
    .filter(({ standing }) => standing === 'foreign')
    .map(({ file }) => shown(file));
  const lines = [
    `outputs   ${[`${folder.whole} whole`, ...faults].join(', ')}${interrupted ? '; interrupted' : ''}`,
    `audio     ${formatSeconds(audioSeconds)} in ${formatSeconds(wallSeconds)}`,
    ...(foreign.length > 0 ? [`foreign   ${foreign.length}: ${listed(foreign, MOST_NAMED)}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
