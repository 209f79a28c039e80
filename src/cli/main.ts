/** The command line: which commands there are, and how wrong usage ends. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ERROR_CODES, isMillpondError } from '../errors.ts';
import { pathFromBytes } from '../files/byte-paths.ts';
import { didYouMean } from '../report/nearest-name.ts';
import { escaped, escapedLines } from '../text/escaping.ts';
import { packageVersion } from '../version.ts';
import { analyzeCommand } from './analyze.ts';
import { clusterCommand } from './cluster.ts';
import { demoCommand } from './demo.ts';
import { EXIT } from './exit.ts';
import { healthCommand } from './health.ts';
import { reportCommand } from './report.ts';
import { serveCommand } from './serve.ts';
import { transcodeCommand } from './transcode.ts';
import { verifyCommand } from './verify.ts';

export async function main(argv: readonly string[]): Promise<void> {
  // The reader of our output may have seen enough, as `head` has, or the user, who pressed Ctrl-C; but a full
  // disk is a failure.
  let unwritten: Error | null = null;
  let givenUp = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') givenUp = true;
      if (error.code === 'EPIPE' || givenUp) return;
      unwritten = error;
      if (stream === process.stdout) {
        process.stderr.write(`millpond: the result could not be written: ${escaped(error.message)}\n`);
      }
    });
  }
  process.on('exit', () => {
    // A signal has set its own: that of a terminal that is closed comes with nowhere to write to.
    if (unwritten !== null) process.exitCode ||= EXIT.failed;
  });
  try {
    await program().parseAsync(exactly(argv));
  } catch (error) {
    process.exitCode = explain(error);
  }
  // Node never closes stdout: what waits in it for a reader that takes nothing would keep the process.
  if (givenUp) process.exit();
}

/**
 * The arguments byte for byte. Node reads them as UTF-8 and puts U+FFFD in place of what is none; Linux says
 * what they were.
 */
function exactly(argv: readonly string[]): readonly string[] {
  if (!argv.some((argument) => argument.includes('\uFFFD'))) return argv;
  let given: string[];
  try {
    given = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
  } catch {
    return argv;
  }
  // Node and its own options come first, and the script's name is the first of ours.
  const own = given.slice(-argv.length + 2).map((text) => pathFromBytes(Buffer.from(text, 'latin1')));
  return [...argv.slice(0, 2), ...own];
}

const HELP = `
Examples:
  millpond transcode album/ --to flac --out converted
  millpond analyze album/
  millpond verify converted/
  millpond report run.millpond --html report.html
  millpond health run.json
  millpond serve --port 8080
  millpond demo
  millpond help transcode

Exit codes: 0 all done, 1 some files, checks, --fail-if or the command itself failed, 2 wrong usage, 130 interrupted (143 by SIGTERM).`;

function program(): Command {
  const program = new Command('millpond')
    .description('Transcodes audio files on all cores, in memory that is pooled and held under one budget.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText('after', HELP)
    .allowExcessArguments()
    .action(() => {
      const [unknown] = program.args;
      if (unknown === undefined) program.help({ error: true });
      refuseCommand(program, unknown);
    });
  const commands = [
    transcodeCommand(),
    analyzeCommand(),
    verifyCommand(),
    serveCommand(),
    clusterCommand(),
    reportCommand(),
    healthCommand(),
    demoCommand(),
    helpCommand(program),
  ];
  const all = [program, ...commands, ...commands.flatMap((command) => command.commands)];
  for (const command of all) {
    command
      .helpOption('-h, --help', 'print help')
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(escapedUsage(text)) })
      .showHelpAfterError('(see --help)');
  }
  for (const command of commands) program.addCommand(command);
  return program;
}

function helpCommand(program: Command): Command {
  return new Command('help')
    .description('print help, or that of one command')
    .argument('[command...]', 'a command of millpond')
    .addHelpText(
      'after',
      '\nExamples:\n  millpond help\n  millpond help transcode\n  millpond help cluster submit',
    )
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) {
        if (command.commands.length === 0) {
          command.error(`error: too many arguments for 'help': '${command.name()}' has no commands.`);
        }
        command = command.commands.find((one) => one.name() === name) ?? refuseCommand(command, name);
      }
      command.help();
    });
}

function refuseCommand(program: Command, name: string): never {
  const names = program.commands.map((command) => command.name());
  const near = didYouMean(name, names).trim();
  program.error(
    `error: unknown command '${name}'. ${near === '' ? `Commands are ${names.join(', ')}.` : near}`,
  );
}

/** Commander has printed its own errors; ours are printed here, without a stack. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (isMillpondError(error)) {
    process.stderr.write(`millpond: ${escapedLines(error.message)} (${error.code})\n`);
    return ERROR_CODES[error.code].exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`millpond: ${escapedLines(text)}\n`);
  return EXIT.failed;
}

/** Commander quotes arguments as they are, and a shell pattern may match a file with such a name. */
function escapedUsage(text: string): string {
  const [, message, suggestion = ''] = /^(.*?)(\n\(Did you mean [^\n]*\))?\n$/s.exec(text) ?? [null, text];
  return `${escaped(message)}${suggestion}\n`;
}
