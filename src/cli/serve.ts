/**
 * `millpond serve`: what it is told by the command line, the environment or a file, in this order, and how it
 * starts and leaves.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isMillpondError, MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { didYouMean } from '../report/nearest-name.ts';
import { resolveServiceOptions, type ServiceOptions, type ServiceSettings } from '../service/options.ts';
import { escaped, jsonText } from '../text/escaping.ts';
import { option, path, type WrittenSize, wrongValue } from './arguments.ts';
import { cacheFolder } from './cache-folder.ts';
import { givenName, named, readEnvironment, showEnvironment } from './environment.ts';
import { EXIT } from './exit.ts';
import { kill, SIGNALS } from './interrupt.ts';
import { SETTINGS } from './serve-settings.ts';

const HELP = `
What is not given on the command line is taken from the environment (--work-dir from MILLPOND_WORK_DIR, and so
on), then from the file of --config, then it has its default. The file is JSON, with the names of the options as they
stand here, without --: { "port": 8080, "budget": "400MiB" }. --print-config prints what holds, and from where.

A file of tokens has a line for each client: its name, its token and, where it is not 1, its weight. With one each
request names its client as Authorization: Bearer TOKEN; without one clients are told apart by their addresses.

SIGTERM and SIGINT: no new work is taken, what was accepted is finished within --drain, and the service leaves; the second
leaves at once. What is behind /v1 is described at /openapi.json, and can be tried at /docs.

Examples:
  millpond serve
  millpond serve --port 9000 --budget 1GiB --work-dir /var/lib/millpond --token-file /etc/millpond/tokens
  curl --data-binary @song.flac 'localhost:8080/v1/transcode?to=mp3' > song.mp3`;

interface ServeOptions extends Record<string, unknown> {
  /** From the environment, too, once that was read. */
  config?: string;
  printConfig?: boolean;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('a transcoding service over HTTP, in bounded memory')
    .usage('[options]');
  const config = option('--config <file>', 'options as JSON', path);
  const all = [...SETTINGS.map(({ option }) => option), config];
  for (const one of all) command.addOption(one);
  showEnvironment(all);
  return command
    .option('--print-config', 'print what holds, and from where, and end')
    .addHelpText('after', HELP)
    .action(async (given: ServeOptions) => {
      readEnvironment(command, all);
      const file = command.opts<ServeOptions>().config;
      if (file !== undefined) readConfig(command, file, givenName(command, config));
      if (given.printConfig) {
        process.stdout.write(`${JSON.stringify(configOf(command), null, 2)}\n`);
        return;
      }
      const options = optionsOf(command);
      settingsOf(command, options);
      await serve(options);
    });
}

function optionsOf(command: Command): ServiceOptions {
  const values = command.opts();
  return Object.assign(
    {},
    ...SETTINGS.map(({ option, to }) => {
      const value = values[option.attributeName()];
      return value === undefined ? {} : named(givenName(command, option), option, () => to(value as never));
    }),
  );
}

/** Values of the file, where neither the command line nor the environment has one. */
function readConfig(command: Command, file: string, name: string): void {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(systemPath(file), 'utf8'));
  } catch (cause) {
    throw wrongValue(name, file, `it is a file of JSON: ${escaped((cause as Error).message)}.`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw wrongValue(name, file, 'it is an object. Write for example { "port": 8080 }.');
  }
  const names = SETTINGS.map(({ option }) => option.name());
  for (const [key, value] of Object.entries(content)) {
    const found = SETTINGS.find(({ option }) => option.name() === key)?.option;
    if (found === undefined) {
      throw wrongValue(name, file, `it has ${jsonText(key)}, which is no option.${didYouMean(key, names)}`);
    }
    const attribute = found.attributeName();
    if (command.getOptionValueSource(attribute) !== undefined) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    command.setOptionValueWithSource(attribute, found.parseArg?.(text, undefined as never) ?? text, 'config');
  }
}

/** Each option with its value and where it comes from; no secrets, since these are in a file of their own. */
function configOf(command: Command): Record<string, { value: unknown; from: string }> {
  const from = { cli: 'command line', env: 'environment', config: 'file' } as Record<string, string>;
  const settings = settingsOf(command, optionsOf(command));
  return Object.fromEntries(
    SETTINGS.map(({ option, of }) => {
      const value = command.getOptionValue(option.attributeName());
      const source = command.getOptionValueSource(option.attributeName());
      if (source === undefined) return [option.name(), { value: of(settings), from: 'default' }];
      const written = typeof value === 'object' ? (value as WrittenSize).text : value;
      return [option.name(), { value: written, from: from[source] }];
    }),
  );
}

/** What does not go together is said in the words of the options. @throws MillpondError */
function settingsOf(command: Command, options: ServiceOptions): ServiceSettings {
  try {
    return resolveServiceOptions(options);
  } catch (error) {
    if (!isMillpondError(error) || error.code !== 'ERR_BUDGET_TOO_SMALL') throw error;
    const { text } = command.getOptionValue('budget') as WrittenSize;
    const { option } = SETTINGS.find(({ option }) => option.name() === 'budget') as (typeof SETTINGS)[number];
    throw wrongValue(givenName(command, option), text, error.message, { code: error.code, cause: error });
  }
}

async function serve(options: ServiceOptions): Promise<void> {
  const { createService } = await import('../service/service.ts');
  const service = await createService(options, cacheFolder(process.env, 'engine')).catch((error) => {
    throw listening(error, options);
  });
  const left = Promise.withResolvers<number>();
  let leaving = false;
  const leave = (name: NodeJS.Signals): void => {
    if (leaving) {
      for (const pid of service.pids) kill(pid);
      stop();
      process.kill(process.pid, name);
      return;
    }
    leaving = true;
    process.stderr.write('millpond: leaving; what was accepted is finished (again: leave at once)\n');
    service.close().then(({ cut }) => {
      if (cut > 0)
        process.stderr.write(`millpond: ${cut} requests were cut off: they had not ended in time\n`);
      left.resolve(cut > 0 ? EXIT.failed : EXIT.done);
    }, left.reject);
  };
  const stop = (): void => {
    for (const name of SIGNALS) process.off(name, leave);
  };
  for (const name of SIGNALS) process.on(name, leave);
  // Who reads this may send a signal at once.
  process.stderr.write(`millpond: listening at ${service.url}; try ${service.url}/docs\n`);
  process.exitCode = await left.promise;
  stop();
}

function listening(error: NodeJS.ErrnoException, { host = '127.0.0.1', port = 8080 }: ServiceOptions): Error {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return error;
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A service listens at an address of this machine that is free, got ${host} port ${port}: ${error.code}. Write another --port or --host.`,
    { cause: error },
  );
}
