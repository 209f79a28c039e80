/**
 * What a service can be told: by an option, a variable of the environment or a member of a file. Reads the
 * file of tokens; holds nothing.
 */
import { readFileSync } from 'node:fs';
import type { Option } from 'commander';
import { systemPath } from '../files/byte-paths.ts';
import type { Client, ServiceOptions } from '../service/options.ts';
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

const seconds = (what: string, example: number) =>
  decimalNumber({ what, from: 0.001, to: 2_000_000, example });

interface Setting {
  readonly option: Option;
  /** What a service is given for it. */
  to(value: never): Partial<ServiceOptions>;
}

function setting<Value>(option: Option, to: (value: Value) => Partial<ServiceOptions>): Setting {
  return { option, to: to as (value: never) => Partial<ServiceOptions> };
}

const bytes =
  (name: keyof ServiceOptions) =>
  ({ bytes }: WrittenSize): Partial<ServiceOptions> => ({ [name]: bytes });
const ms =
  (name: keyof ServiceOptions) =>
  (value: number): Partial<ServiceOptions> => ({ [name]: Math.round(value * 1000) });

export const SETTINGS: readonly Setting[] = [
  setting<string>(option('--host <address>', 'address to listen at; default 127.0.0.1', path), (host) => ({
    host,
  })),
  setting<number>(
    option(
      '--port <n>',
      'port, 0 for any; default 8080',
      wholeNumber({ what: 'a port', from: 0, to: 65_535, example: 8080 }),
    ),
    (port) => ({ port }),
  ),
  setting<number>(
    option(
      '--threads <n>',
      'jobs at once; short ones have one more; default: the cores',
      wholeNumber({ what: 'the number of threads', from: 1, to: MOST_THREADS - 1, example: 4 }),
    ),
    (threads) => ({ threads }),
  ),
  setting<WrittenSize>(
    option('--budget <size>', 'pooled memory of all processes; default 100MiB and 16MiB a thread', byteSize),
    bytes('budgetBytes'),
  ),
  setting<string>(
    option('--work-dir <dir>', 'for what is too large for memory; default: TMPDIR', path),
    (workDir) => ({ workDir }),
  ),
  setting<WrittenSize>(
    option('--work-dir-size <size>', 'the most that lies there; default 4GiB', byteSize),
    bytes('workDirBytes'),
  ),
  setting<WrittenSize>(
    option('--max-body <size>', 'the largest body; default 512MiB', byteSize),
    bytes('maxBodyBytes'),
  ),
  setting<WrittenSize>(
    option('--max-output <size>', 'the largest output; default 1GiB', byteSize),
    bytes('maxOutputBytes'),
  ),
  setting<number>(
    option(
      '--max-duration <seconds>',
      'the longest audio; default 4 hours',
      seconds('a duration in seconds', 3600),
    ),
    (maxSeconds) => ({ maxSeconds }),
  ),
  setting<number>(
    option(
      '--job-timeout <seconds>',
      'how long one job may run; default 600',
      seconds('a time in seconds', 600),
    ),
    ms('jobTimeoutMs'),
  ),
  setting<number>(
    option(
      '--wait <seconds>',
      'by when work is done that does not say by Prefer: wait=; default 60',
      seconds('a time in seconds', 60),
    ),
    ms('waitMs'),
  ),
  setting<number>(
    option(
      '--max-requests <n>',
      'requests that wait or run; default 1000',
      wholeNumber({ what: 'the number of requests', from: 1, to: 1_000_000, example: 1000 }),
    ),
    (maxRequests) => ({ maxRequests }),
  ),
  setting<WrittenSize>(
    option(
      '--min-rate <size>',
      'bytes a second that a client sends and takes at least; default 16KiB',
      byteSize,
    ),
    bytes('minRate'),
  ),
  setting<number>(
    option(
      '--keep <seconds>',
      'how long results can be fetched again; default 900',
      seconds('a time in seconds', 900),
    ),
    ms('resultMs'),
  ),
  setting<number>(
    option('--short <seconds>', 'work that takes less is short; default 1', seconds('a time in seconds', 1)),
    ms('shortMs'),
  ),
  setting<string>(
    option('--token-file <file>', 'names, tokens and weights of the clients', path),
    (file) => ({ clients: readTokens(file) }),
  ),
  setting<string>(
    choice('--watching <who>', 'who may ask for /livez, /readyz and /metrics; default open', 'one', [
      'open',
      'token',
    ]),
    (watching) => ({ watching: watching as 'open' | 'token' }),
  ),
  setting<string>(
    option(
      '--trust-proxy <addresses>',
      'proxies whose X-Forwarded-For is believed, with commas between',
      path,
    ),
    (addresses) => ({ trustProxy: addresses.split(',').map((one) => one.trim()) }),
  ),
  setting<number>(
    option(
      '--drain <seconds>',
      'how long leaving waits for what was accepted; default 30',
      seconds('a time in seconds', 30),
    ),
    ms('drainMs'),
  ),
  setting<NonNullable<ServiceOptions['logLevel']>>(
    choice('--log-level <level>', 'least severe log line on stderr; default info', 'a level', LOG_LEVELS),
    (logLevel) => ({ logLevel }),
  ),
];

function readTokens(file: string): Client[] {
  let text: string;
  try {
    text = readFileSync(systemPath(file), 'utf8');
  } catch (cause) {
    throw wrongValue('--token-file', file, `${escaped((cause as Error).message)}.`, { cause });
  }
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return [];
    const [name, token, weight, ...more] = line.split(/\s+/);
    if (token === undefined || more.length > 0) {
      // No token is printed.
      throw wrongValue('--token-file', file, `line ${at + 1} is a name, a token and perhaps a weight.`);
    }
    return [{ name, token, ...(weight !== undefined && { weight: Number(weight) }) }];
  });
}
