/**
 * What a service can be told: by an option, a variable of the environment or a member of a file. Reads the
 * file of tokens; holds nothing.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { InvalidArgumentError, type Option } from 'commander';
import { type Bytes, GiB, KiB, MiB } from '../bytes.ts';
import { systemPath } from '../files/byte-paths.ts';
import { type Client, faultOf, type ServiceOptions, type ServiceSettings } from '../service/options.ts';
import { LOG_LEVELS } from '../telemetry/log.ts';
import { escaped } from '../text/escaping.ts';
import {
  byteSize,
  choice,
  decimalNumber,
  option,
  path,
  type WrittenSize,
  wholeNumber,
  wrongValue,
} from './arguments.ts';
import { MOST_THREADS } from './budget.ts';

interface Setting {
  readonly option: Option;
  /** What a service is given for it. */
  to(value: never): Partial<ServiceOptions>;
  /** What holds, as it would be written here; null for nothing. */
  of(settings: ServiceSettings): string | number | null;
}

type Name = keyof ServiceOptions & keyof ServiceSettings;

function setting<Value>(
  option: Option,
  to: (value: Value) => Partial<ServiceOptions>,
  of: Setting['of'],
): Setting {
  return { option, to: to as (value: never) => Partial<ServiceOptions>, of };
}

function plain(name: Name, option: Option): Setting {
  const of = (settings: ServiceSettings): string | number | null =>
    (settings[name] as string | number | undefined) ?? null;
  return setting(option, (value) => ({ [name]: value }), of);
}

interface Range {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly example: number;
}

function count(name: Name, flags: string, description: string, range: Range): Setting {
  return plain(name, option(flags, description, wholeNumber(range)));
}

/** Of sizes that are at least so large. */
function size(name: Name, flags: string, description: string, from: Bytes): Setting {
  const read = (text: string): WrittenSize => {
    const given = byteSize(text);
    if (given.bytes >= from) return given;
    throw new InvalidArgumentError(`it is ${sizeText(from)} at least. Write for example 512MiB.`);
  };
  return setting<WrittenSize>(
    option(flags, description, read),
    ({ bytes }) => ({ [name]: bytes }),
    (settings) => sizeText(settings[name] as Bytes),
  );
}

/** Of times that a service takes in milliseconds. */
function time(name: Name, flags: string, description: string, example: number): Setting {
  return setting<number>(
    option(flags, description, seconds('a time in seconds', example)),
    (value) => ({ [name]: Math.round(value * 1000) }),
    (settings) => (settings[name] as number) / 1000,
  );
}

function seconds(what: string, example: number): (text: string) => number {
  return decimalNumber({ what, from: 0.001, to: 2_000_000, example });
}

/** As it can be read again. */
function sizeText(bytes: Bytes): string {
  const [unit, name] = (
    [
      [GiB, 'GiB'],
      [MiB, 'MiB'],
      [KiB, 'KiB'],
    ] as const
  ).find(([unit]) => bytes >= unit && bytes % unit === 0) ?? [1, ''];
  return `${bytes / unit}${name}`;
}

export const SETTINGS: readonly Setting[] = [
  plain('host', option('--host <address>', 'address to listen at; default 127.0.0.1', address)),
  count('port', '--port <n>', 'port, 0 for any; default 8080', {
    what: 'a port',
    from: 0,
    to: 65_535,
    example: 8080,
  }),
  count('threads', '--threads <n>', 'jobs at once; short ones have one more; default: the cores', {
    what: 'the number of threads',
    from: 1,
    to: MOST_THREADS - 1,
    example: 4,
  }),
  size(
    'budgetBytes',
    '--budget <size>',
    'pooled memory of all processes; default 100MiB and 16MiB a thread',
    1,
  ),
  plain('workDir', option('--work-dir <dir>', 'for what is too large for memory; default: TMPDIR', path)),
  size('workDirBytes', '--work-dir-size <size>', 'the most that lies there; default 4GiB', MiB),
  size('maxBodyBytes', '--max-body <size>', 'the largest body; default 512MiB', 1),
  size('maxOutputBytes', '--max-output <size>', 'the largest output; default 1GiB', 1),
  plain(
    'maxSeconds',
    option(
      '--max-duration <seconds>',
      'the longest audio; default 4 hours',
      seconds('a duration in seconds', 3600),
    ),
  ),
  time('jobTimeoutMs', '--job-timeout <seconds>', 'how long one job may run; default 600', 600),
  time(
    'waitMs',
    '--wait <seconds>',
    'by when work is done that does not say by Prefer: wait=; default 60',
    60,
  ),
  count('maxRequests', '--max-requests <n>', 'requests that wait or run; default 1000', {
    what: 'the number of requests',
    from: 1,
    to: 1_000_000,
    example: 1000,
  }),
  setting<WrittenSize>(
    option('--min-rate <size>', 'bytes a second that a client sends and takes at least; default 16KiB', rate),
    ({ bytes }) => ({ minRate: bytes }),
    ({ minRate }) => sizeText(minRate),
  ),
  time('resultMs', '--keep <seconds>', 'how long results can be fetched again; default 900', 900),
  time('shortMs', '--short <seconds>', 'work that takes less is short; default 1', 1),
  setting<string>(
    option('--token-file <file>', 'names, tokens and weights of the clients', path),
    (file) => ({ clients: readTokens(file) }),
    () => null,
  ),
  plain(
    'watching',
    choice('--watching <who>', 'who may ask for /livez, /readyz and /metrics; default open', 'who may ask', [
      'open',
      'token',
    ]),
  ),
  setting<string>(
    option(
      '--trust-proxy <addresses>',
      'proxies whose X-Forwarded-For is believed, with commas between',
      proxies,
    ),
    (addresses) => ({ trustProxy: proxiesOf(addresses) }),
    ({ trustProxy }) => (trustProxy.length === 0 ? null : trustProxy.join(',')),
  ),
  time('drainMs', '--drain <seconds>', 'how long leaving waits for what was accepted; default 30', 30),
  setting<NonNullable<ServiceOptions['logLevel']>>(
    choice('--log-level <level>', 'least severe log line on stderr; default info', 'a level', LOG_LEVELS),
    (logLevel) => ({ logLevel }),
    ({ logLevel }) => logLevel ?? 'info',
  ),
];

function address(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('an address has a name or a number. Write 127.0.0.1, or 0.0.0.0 for all.');
}

function rate(text: string): WrittenSize {
  const size = byteSize(text);
  if (size.bytes <= GiB) return size;
  throw new InvalidArgumentError('it is 1GiB a second at most. Write for example 16KiB.');
}

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];

function proxies(text: string): string {
  const wrong = proxiesOf(text).find((one) => !isNetwork(one));
  if (wrong === undefined) return text;
  throw new InvalidArgumentError(
    `a proxy is an address, a network or one of ${NAMED_NETWORKS.join(', ')}. Write for example 10.0.0.0/8,::1.`,
  );
}

function proxiesOf(text: string): string[] {
  return text.split(',').map((one) => one.trim());
}

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.includes(text)) return true;
  const [ip, bits = '0', ...more] = text.split('/');
  const family = isIP(ip);
  return family !== 0 && more.length === 0 && /^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

function readTokens(file: string): Client[] {
  let text: string;
  try {
    text = readFileSync(systemPath(file), 'utf8');
  } catch (cause) {
    throw wrongValue('--token-file', file, `${escaped((cause as Error).message)}. Name another one.`, {
      cause,
    });
  }
  const lines = text.split('\n').map((line) => line.trim());
  const clients = lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return [];
    const [name, token, weight, ...more] = line.split(/\s+/);
    if (token === undefined || more.length > 0) {
      // No token is printed.
      const rule = `line ${at + 1} is a name, a token and perhaps a weight. Write for example: radio TOKEN 2.`;
      throw wrongValue('--token-file', file, rule);
    }
    return [{ name, token, ...(weight !== undefined && { weight: Number(weight) }) }];
  });
  if (clients.length === 0) {
    // Or everybody might come in.
    throw wrongValue(
      '--token-file',
      file,
      'it has a line for each client. Write one, or leave the option out.',
    );
  }
  const fault = faultOf(clients);
  if (fault === null) return clients;
  throw wrongValue('--token-file', file, `${fault.rule}, got ${fault.value}. Change its line.`);
}
