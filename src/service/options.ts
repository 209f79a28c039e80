/** The options of a service, checked and with defaults filled in. Pure. */
import { availableParallelism, tmpdir } from 'node:os';
import { type Bytes, formatBytes, GiB, KiB, MiB } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';

/** Who may ask, by the secret that says so. */
export interface Client {
  /** As logs and metrics call it: letters, digits, `.`, `_` and `-`, 64 at the most. */
  readonly name: string;
  /** What it sends as `Authorization: Bearer ...`: 16 or more of ASCII. */
  readonly token: string;
  /** Its share of the threads beside others that wait. Default 1. */
  readonly weight?: number;
}

export interface ServiceOptions {
  /** The address to listen at. Default `127.0.0.1`: what is in front of it decides who may come. */
  readonly host?: string;
  /** 0 for any that is free. Default 8080. */
  readonly port?: number;
  /** Jobs that run at once. Default: the cores of this machine. Short work has one more thread. */
  readonly threads?: number;
  /** Of the front process and of all others together. Default 100 MiB and 16 MiB for each thread. */
  readonly budgetBytes?: Bytes;
  /** Where bodies and results lie that are too large for memory, without names. Default: TMPDIR. */
  readonly workDir?: string;
  /** The most that lies there. Default 4 GiB. */
  readonly workDirBytes?: Bytes;
  /** The largest body. Default 512 MiB. */
  readonly maxBodyBytes?: Bytes;
  /** The largest output. Default 1 GiB. */
  readonly maxOutputBytes?: Bytes;
  /** The longest audio, in seconds. Default 4 hours. */
  readonly maxSeconds?: number;
  /** How long one job may run, in milliseconds. Default 10 minutes. */
  readonly jobTimeoutMs?: number;
  /** By when a request is done that does not say itself, in milliseconds from its head. Default 60 s. */
  readonly waitMs?: number;
  /** Requests that wait or run at the most. Default 1000. */
  readonly maxRequests?: number;
  /** Bytes a second that a client has to send, and to take. Default 16 KiB. */
  readonly minRate?: Bytes;
  /** How long finished results stay, in milliseconds, where there is room. Default 15 minutes. */
  readonly resultMs?: number;
  /** Work that is predicted to take less, in milliseconds, is short. Default 1000. */
  readonly shortMs?: number;
  /** Where there are any, each request but those of probes names one by its token. Default: none. */
  readonly clients?: readonly Client[];
  /** What `/metrics`, `/livez` and `/readyz` need: a client's `token`, or nothing. Default `open`. */
  readonly watching?: 'open' | 'token';
  /** Addresses of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustProxy?: readonly string[];
  /** How long `close` waits for what was accepted, in milliseconds. Default 30 s. */
  readonly drainMs?: number;
  /** @internal */
  readonly log?: Log;
  readonly logLevel?: LogLevel;
}

export type ServiceSettings = Required<Omit<ServiceOptions, 'log' | 'logLevel'>> &
  Pick<ServiceOptions, 'log' | 'logLevel'> & {
    /** Of the budget, for bodies and results in memory. */
    readonly ownBytes: Bytes;
    /** Processes of one or more threads each. */
    readonly processes: number;
    /** Of all processes: one more than jobs of any length may have. */
    readonly allThreads: number;
  };

/** Each costs some 40 MiB. */
const MOST_PROCESSES = 8;
const OWN_SHARE = 1 / 4;
const MOST_THREADS = 255;
const BUDGET: Bytes = 100 * MiB;
const BUDGET_A_THREAD: Bytes = 16 * MiB;
/** With less, work waits for memory until it is refused. */
const LEAST_A_THREAD: Bytes = MiB;
const CLIENT_NAME = /^[\w.-]{1,64}$/;
/** What a header can hold. */
const TOKEN = /^[!-~]{16,4096}$/;
const LONGEST_MS = 2_147_483_647;

/** @throws MillpondError `ERR_INVALID_ARGUMENT`, `ERR_BUDGET_TOO_SMALL` */
export function resolveServiceOptions(given: ServiceOptions = {}): ServiceSettings {
  const { threads = Math.min(MOST_THREADS, availableParallelism()) } = given;
  whole('threads', threads, 1, MOST_THREADS);
  const processes = Math.min(MOST_PROCESSES, threads + 1);
  const allThreads = Math.ceil((threads + 1) / processes) * processes;
  const settings: ServiceSettings = {
    host: '127.0.0.1',
    port: 8080,
    threads,
    budgetBytes: BUDGET + BUDGET_A_THREAD * allThreads,
    workDir: tmpdir(),
    workDirBytes: 4 * GiB,
    maxBodyBytes: 512 * MiB,
    maxOutputBytes: GiB,
    maxSeconds: 4 * 3600,
    jobTimeoutMs: 600_000,
    waitMs: 60_000,
    maxRequests: 1000,
    minRate: 16 * KiB,
    resultMs: 900_000,
    shortMs: 1000,
    clients: [],
    watching: 'open',
    trustProxy: [],
    drainMs: 30_000,
    ...defined(given),
    ownBytes: 0,
    processes,
    allThreads,
  };
  const own = Math.floor((settings.budgetBytes * OWN_SHARE) / KiB) * KiB;
  check(settings);
  return { ...settings, ownBytes: own };
}

function check(settings: ServiceSettings): void {
  whole('port', settings.port, 0, 65_535);
  whole('maxRequests', settings.maxRequests, 1, 1_000_000);
  for (const name of ['workDirBytes', 'maxBodyBytes', 'maxOutputBytes', 'budgetBytes'] as const) {
    whole(name, settings[name], 1, Number.MAX_SAFE_INTEGER);
  }
  for (const name of ['jobTimeoutMs', 'waitMs', 'resultMs', 'drainMs'] as const) {
    whole(name, settings[name], 1, LONGEST_MS);
  }
  whole('minRate', settings.minRate, 0, GiB);
  whole('shortMs', settings.shortMs, 1, LONGEST_MS);
  if (!(settings.maxSeconds > 0)) throw invalid('maxSeconds is over 0', settings.maxSeconds);
  const least = LEAST_A_THREAD * settings.allThreads;
  if (settings.budgetBytes < least) {
    throw new MillpondError(
      'ERR_BUDGET_TOO_SMALL',
      `A service has a budget of ${formatBytes(LEAST_A_THREAD)} a thread at least, of ${settings.allThreads} threads ${formatBytes(least)}, got ${formatBytes(settings.budgetBytes)}. Raise it, or take fewer threads.`,
    );
  }
  const fault = faultOf(settings.clients);
  if (fault !== null) throw invalid(fault.rule, fault.value);
}

/** What is wrong with these clients; never with a token in it. */
export function faultOf(clients: readonly Client[]): { rule: string; value: string | number } | null {
  const names = new Set<string>();
  const tokens = new Set<string>();
  for (const { name, token, weight = 1 } of clients) {
    if (!CLIENT_NAME.test(name) || names.has(name)) {
      return { rule: 'a client has a name of its own, of letters, digits, `.`, `_` and `-`', value: name };
    }
    names.add(name);
    if (!TOKEN.test(token)) {
      const rule = `the token of client ${name} has 16 to 4096 characters of ASCII, without spaces`;
      return { rule, value: `${token.length} characters` };
    }
    if (tokens.has(token)) {
      return { rule: `the token of client ${name} is its own`, value: 'that of another' };
    }
    tokens.add(token);
    if (!(weight > 0 && weight <= 1000)) {
      return { rule: `the weight of client ${name} is over 0 and 1000 at most`, value: weight };
    }
  }
  return null;
}

function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw invalid(`${name} is a whole number from ${least} to ${most}`, value);
}

function invalid(rule: string, value: unknown): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `Of a service ${rule}, got ${String(value)}. Leave it out for the default.`,
  );
}

/** Without what was left out by a value of `undefined`. */
function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
