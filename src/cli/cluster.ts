/** `millpond cluster`: a batch over many hosts. One command for each thing that is done with it. */
import { Command } from 'commander';
import { option, path } from './arguments.ts';
import type { ChangeOptions } from './cluster-change.ts';
import { clusterHostCommand } from './cluster-host.ts';
import type { LookOptions } from './cluster-look.ts';
import { withBrokerOptions, withOut } from './cluster-options.ts';
import type { ClusterReportOptions } from './cluster-report.ts';
import { clusterSubmitCommand } from './cluster-submit.ts';

const HELP = `
All hosts see the folders of the inputs and of the outputs at the same paths. What a batch is and what came of it lies in
.millpond/cluster in the folder of the outputs; the broker, a Redis or Valkey, has only the queue, which repair makes anew.

Examples:
  millpond cluster submit album/ --to flac --out /share/converted --broker redis://queue:6379
  millpond cluster host --broker redis://queue:6379
  millpond cluster watch --out /share/converted
  millpond help cluster submit`;

export function clusterCommand(): Command {
  const command = new Command('cluster')
    .description('a batch over many hosts')
    .usage('<command> [options]')
    .addHelpText('after', HELP);
  const commands = [
    clusterSubmitCommand(),
    clusterHostCommand(),
    statusCommand(),
    watchCommand(),
    changeCommand(
      'cancel',
      'end batches: nothing more of them begins, and what is done stays',
      'Hosts that are at a file of it stop within some seconds. Submitted again, it goes on where it was.',
    ),
    changeCommand(
      'retry',
      'try all files of batches again that have failed',
      'Files that were refused when they were listed, or whose outputs exist, are not among them: those fail again.',
    ),
    changeCommand(
      'repair',
      'make the queue anew from what lies in the folder, whatever the broker has lost',
      'Pages that wait or are held stay as they are. What has no results is put there, and a batch without a list gets one.',
    ),
  ];
  for (const one of [...commands, reportCommand()]) command.addCommand(one);
  return command;
}

function statusCommand(): Command {
  return withOut(withBrokerOptions(batchCommand('status', 'say how batches stand')))
    .option('--json', 'print a line of JSON for each batch (millpond.status/1)')
    .action(async (ids: string[], options: LookOptions) => {
      await (await import('./cluster-look.ts')).status(ids, options);
    });
}

function watchCommand(): Command {
  return withOut(
    batchCommand('watch', 'show the progress of batches over all hosts, until they are done'),
  ).action(async (ids: string[], options: LookOptions) => {
    await (await import('./cluster-look.ts')).watch(ids, options);
  });
}

function changeCommand(name: 'cancel' | 'retry' | 'repair', description: string, help: string): Command {
  return withOut(withBrokerOptions(batchCommand(name, description, help))).action(
    async (ids: string[], options: ChangeOptions) => {
      await (await import('./cluster-change.ts')).change(name, ids, options);
    },
  );
}

function reportCommand(): Command {
  return withOut(
    new Command('report')
      .description('write what came of a batch, of all hosts')
      .usage('[options] --out <dir> [recordings...]')
      .argument('[recordings...]', 'what hosts wrote with --record'),
  )
    .addOption(option('--batch <id>', 'which batch, where the folder has several', (text) => text))
    .addOption(
      option(
        '--results <file>',
        'a line of JSON for each file (millpond.result/1); default: on stdout',
        path,
      ),
    )
    .addOption(option('--html <file>', 'one HTML page of all hosts, with what they recorded', path))
    .addHelpText(
      'after',
      '\nExamples:\n  millpond cluster report --out /share/converted --results all.ndjson --html batch.html host-*.millpond',
    )
    .action(async (recordings: string[], options: ClusterReportOptions) => {
      await (await import('./cluster-report.ts')).clusterReport(recordings, options);
    });
}

function batchCommand(name: string, description: string, help = ''): Command {
  return new Command(name)
    .description(description)
    .usage('[options] --out <dir> [ids...]')
    .argument('[ids...]', 'batches; default: all of the folder')
    .addHelpText(
      'after',
      `${help && `\n${help}\n`}\nExamples:\n  millpond cluster ${name} --out /share/converted`,
    );
}
