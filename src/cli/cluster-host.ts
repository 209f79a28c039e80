/** `millpond cluster host`: works for all batches that its broker has, until it is told to leave. */
import { Command } from 'commander';
import { LOG_LEVELS } from '../telemetry/log.ts';
import { byteSize, choice, option, path, wholeNumber } from './arguments.ts';
import { MOST_THREADS } from './budget.ts';
import { type HostOptions, withBrokerOptions, withLockOptions } from './cluster-options.ts';

const THREADS = { what: 'the number of threads', from: 1, to: MOST_THREADS, example: 4 };
const ISOLATE = { what: 'the number of processes', from: 1, to: 64, example: 1 };
const PORT = { what: 'a port', from: 0, to: 65_535, example: 9464 };

const HELP = `
SIGTERM and SIGINT: no more pages are taken, files that run are finished, the rest goes back, and the host leaves; the second
leaves at once. Nothing is lost by any end: what a host held is done by others when its lock has ended.

Give all hosts the same --lock and --stalled: a page of a host that dies waits for both, at most.

Examples:
  millpond cluster host --broker redis://queue:6379
  millpond cluster host --broker redis://queue:6379 --threads 8 --budget 400MiB --metrics-port 9464`;

export function clusterHostCommand(): Command {
  const command = new Command('host').description('work for the batches of a broker').usage('[options]');
  return withLockOptions(withBrokerOptions(command))
    .addOption(
      option('--threads <n>', 'worker threads; default: what this machine has', wholeNumber(THREADS)),
    )
    .addOption(
      option('--budget <size>', 'memory that all threads together may pool; default 100MiB', byteSize),
    )
    .addOption(
      option('--isolate <n>', 'processes that the threads belong to; default 1', wholeNumber(ISOLATE)),
    )
    .addOption(option('--name <text>', 'how results call this host; default: its own name', (text) => text))
    .addOption(option('--record <file>', 'write the run down, for millpond cluster report', path))
    .addOption(option('--metrics-port <n>', 'a port for Prometheus; default none', wholeNumber(PORT)))
    .addOption(option('--metrics-host <address>', 'and its address; default 127.0.0.1', (text) => text))
    .option('--verbose', 'a line for each page, too')
    .option('--quiet', 'print what is wrong only')
    .addOption(
      choice('--log-level <level>', 'least severe log line on stderr; default warn', 'a level', LOG_LEVELS),
    )
    .addHelpText('after', HELP)
    .action(async (options: HostOptions) => {
      await (await import('./cluster-work.ts')).workFor(options);
    });
}
