/**
 * What a process opened, named and connected to while it tried a hostile file, by a trace of strace: nothing
 * but what is the file's, and the code that is loaded for it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/** Why processes cannot be traced here; null where they can. */
export function whyUntraced(): string | null {
  const { error, status, stderr } = spawnSync('strace', ['-qq', '-e', 'trace=none', process.execPath, '-v']);
  if (error !== undefined) return `strace cannot be started: ${error.message}`;
  return status === 0 ? null : `strace may not trace: ${stderr.toString('utf8').trim()}`;
}

const CALL = /^\d+\s+(?:<\.\.\. )?(\w+)/;
const QUOTED = /"((?:[^"\\]|\\.)*)"/g;
/** Of the process and its machine: what it and its allocator measure themselves by, identity, descriptors. */
const OF_PROCESS =
  /^\/(proc\/(self|\d+|stat|meminfo|sys)|etc\/machine-id|sys\/(fs\/cgroup|devices\/system)|dev\/fd)(\/|$)/;

interface Allowed {
  /** The hostile file, and the folder of what is made of it. */
  readonly own: readonly string[];
  /** Where code lies. */
  readonly code: readonly string[];
}

/** Calls between two marks that name something else, or that are of the network. */
export function strayCalls(trace: string, mark: string, { own, code }: Allowed): string[] {
  const lines = readFileSync(trace, 'utf8').split('\n');
  const begin = lines.findIndex((line) => line.includes(`"${mark}"`));
  const end = lines.findIndex((line) => line.includes(`"${mark}-end"`));
  if (begin < 0 || end < begin) throw new Error(`${trace} has no ${mark}`);
  return lines.slice(begin + 1, end).filter((line) => {
    const call = CALL.exec(line)?.[1];
    if (call === undefined || line.includes('+++') || line.includes('---')) return false;
    const names = [...line.matchAll(QUOTED)].map(([, name]) => name);
    // A call that goes on after another thread's has named its file before.
    if (names.length === 0) return NETWORK.has(call);
    return !names.every((name) => name === '' || isAllowed(name, own, code));
  });
}

const NETWORK: ReadonlySet<string> = new Set([
  'socket',
  'connect',
  'bind',
  'listen',
  'accept',
  'accept4',
  'sendto',
]);

function isAllowed(name: string, own: readonly string[], code: readonly string[]): boolean {
  // Names within a folder that was opened before.
  if (OF_PROCESS.test(name) || !name.startsWith(sep)) return true;
  if (own.some((path) => name === path || name.startsWith(path + sep) || name === dirname(path))) return true;
  // Loaded when it is first needed, and read only.
  return code.some((folder) => name.startsWith(folder));
}
