/**
 * Options that commands of `cluster` share, and the broker that they name. What these commands need is loaded
 * when one of them is used.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { Broker } from '../cluster/broker.ts';
import { MillpondError } from '../errors.ts';
import { absolutePath } from '../files/byte-paths.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { escaped, shown } from '../text/escaping.ts';
import { withoutPassword } from '../text/urls.ts';
import { duration, given, option, path, type WrittenSize, wrongValue } from './arguments.ts';
import { readEnvironment, showEnvironment } from './environment.ts';

export interface BrokerOptions {
  broker: string;
  prefix: string;
  /** Nanoseconds. */
  lock: number;
  stalled: number;
}

export interface HostOptions extends BrokerOptions {
  threads?: number;
  budget?: WrittenSize;
  isolate?: number;
  record?: string;
  name?: string;
  metricsPort?: number;
  metricsHost?: string;
  logLevel?: LogLevel;
  verbose?: boolean;
  quiet?: boolean;
}

const NS_PER_MS = 1e6;

export function withBrokerOptions(command: Command): Command {
  const all = [
    option('--broker <url>', 'Redis or Valkey, as redis://user:password@host:6379', brokerUrl).default(
      'redis://127.0.0.1:6379',
    ),
    option(
      '--prefix <name>',
      'what names in the broker begin with, for several clusters in one',
      name,
    ).default('millpond'),
  ];
  for (const one of all) command.addOption(one);
  showEnvironment(all);
  return command.hook('preAction', () => readEnvironment(command, all));
}

/** How long a host may be silent. */
export function withLockOptions(command: Command): Command {
  return command
    .addOption(
      option(
        '--lock <time>',
        'a host that says nothing for so long loses its pages',
        lockTime('a lock', 1000),
      ).default(15_000 * NS_PER_MS, '15s'),
    )
    .addOption(
      option('--stalled <time>', 'how often is looked for such pages', lockTime('that', 100)).default(
        5000 * NS_PER_MS,
        '5s',
      ),
    );
}

/** @throws MillpondError `ERR_PEER_MISSING`, `ERR_BROKER_UNREACHABLE` */
export async function connect(options: BrokerOptions, complain?: (message: string) => void): Promise<Broker> {
  const { connectBullMq } = await import('../cluster/bullmq-broker.ts');
  return connectBullMq({
    url: options.broker,
    prefix: options.prefix,
    lockMs: (options.lock ?? 15_000 * NS_PER_MS) / NS_PER_MS,
    stalledMs: (options.stalled ?? 5000 * NS_PER_MS) / NS_PER_MS,
    ...(complain !== undefined && { complain }),
  });
}

export function withOut(command: Command): Command {
  return command.addOption(option('--out <dir>', 'the folder of the outputs', path));
}

/** Those that were named, or all of the folder. @throws MillpondError `ERR_BATCH_UNKNOWN` */
export async function batchesOf(
  out: string | undefined,
  ids: readonly string[],
): Promise<{ folder: string; ids: readonly string[] }> {
  const folder = absolutePath(given(out, '--out', 'name the folder of the outputs, as --out converted.'));
  const { batchesIn } = await import('../cluster/cluster-folder.ts');
  const there = await batchesIn(folder);
  if (there.length === 0) {
    throw new MillpondError(
      'ERR_BATCH_UNKNOWN',
      `A batch over hosts lies in the folder of its outputs; '${shown(folder)}' has none. Check --out, or submit one.`,
    );
  }
  const missing = ids.find((id) => !there.includes(id));
  if (missing !== undefined) {
    throw new MillpondError(
      'ERR_BATCH_UNKNOWN',
      `A batch is named by its id; '${shown(folder)}' has ${there.join(', ')}, got '${escaped(missing)}'. Write one of these, or none for all.`,
    );
  }
  return { folder, ids: ids.length > 0 ? ids : there };
}

function brokerUrl(text: string): string {
  if (/^rediss?:\/\/./.test(text) && URL.canParse(text)) return text;
  // By itself, since the value may have a password.
  const value = withoutPassword(text);
  throw wrongValue(
    '--broker',
    value,
    'a broker is a URL of Redis. Write for example redis://127.0.0.1:6379, and / in a password as %2F.',
  );
}

function name(text: string): string {
  if (/^[\w-]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError('it has 1 to 100 letters, digits, _ and -. Write for example millpond.');
}

function lockTime(what: string, leastMs: number): (text: string) => number {
  return (text) => {
    const ns = duration(text);
    if (ns >= leastMs * NS_PER_MS) return ns;
    throw new InvalidArgumentError(`${what} is ${leastMs}ms or more. Write for example 15s.`);
  };
}
