/**
 * Which process wrote a hidden file, and whether that process is gone. A number alone says neither:
 * containers that share a volume count their processes each for itself, and numbers come again. Asks the
 * system; owns what it found of its own process.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { wallMs } from '../timers.ts';

export interface Owner {
  /** Digest of the host's names. */
  readonly host: string;
  /** Digest of what the host is called from one start to the next; zeros where it says nothing. */
  readonly boot: string;
  /** Within which process numbers mean something: the number of a namespace, 0 where there is none. */
  readonly space: string;
  readonly pid: string;
  /** When the process started, in ticks of the system; 0 where it says nothing. */
  readonly start: string;
}

/** What a file of that owner has to say: when it was last written to. */
interface Written {
  readonly mtimeMs: number;
}

/** File systems over a network have clocks of their own. */
const SKEW_MS = 60_000;
/** Who works on a file writes to it all the time: this long without a byte, its container has ended. */
const ABANDONED_MS = 3_600_000;
/** Places of the fields of a process that are asked for. */
const START = 19;
/** States of a process that runs nothing any more. */
const ENDED = new Set(['Z', 'X']);

let self: Owner | undefined;

export function ownProcess(): Owner {
  self ??= {
    host: digest(hostname(), read('/etc/machine-id')),
    boot: digest(read('/proc/sys/kernel/random/boot_id')),
    space: /\d+/.exec(attempt(() => readlinkSync('/proc/self/ns/pid')) ?? '')?.[0] ?? '0',
    pid: `${process.pid}`,
    start: statOf('self')[START] ?? '0',
  };
  return self;
}

export function ownerText({ host, boot, space, pid, start }: Owner): string {
  return `${host}-${boot}-${space}-${pid}-${start}`;
}

/** How {@link ownerText} looks, for a pattern that its groups go into. */
export const OWNER_PATTERN =
  '(?<host>[0-9a-f]{8})-(?<boot>[0-9a-f]{8})-(?<space>\\d+)-(?<pid>\\d+)-(?<start>\\d+)';

/**
 * Whether a process is gone: false for one of another host, of which nothing can be known here. Of another
 * container on this host only its file tells.
 */
export function isGone(owner: Owner, file: Written): boolean {
  const own = ownProcess();
  if (owner.host !== own.host) return false;
  // Of an earlier start of this host, unless another one has its names and writes at this moment.
  if (owner.boot !== own.boot) return file.mtimeMs < wallMs() - uptime() * 1000 - SKEW_MS;
  if (owner.space !== own.space) return file.mtimeMs < wallMs() - ABANDONED_MS;
  if (!isThere(Number(owner.pid))) return true;
  const [state, ...fields] = statOf(owner.pid);
  const start = fields[START - 1] ?? null;
  // One that has ended has its number until its parent takes note.
  return ENDED.has(state) || (start !== null && owner.start !== '0' && start !== owner.start);
}

/** Whether a process that was killed is not gone yet. False where that cannot be known. */
export function isEnding(pid: number): boolean {
  const [state] = statOf(`${pid}`);
  return state !== '' && !ENDED.has(state);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, and is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Fields of proc(5), counted from behind the name, which may hold anything: that is, from the state on. */
function statOf(pid: string): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** FNV-1a: names are told apart, nothing is kept secret, and `node:crypto` takes each thread 5 ms to load. */
function digest(...parts: readonly string[]): string {
  if (parts.every((part) => part === '')) return '00000000';
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(parts.join('\0'))) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function read(path: string): string {
  return attempt(() => readFileSync(path, 'utf8').trim()) ?? '';
}

function attempt<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
