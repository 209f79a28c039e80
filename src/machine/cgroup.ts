/**
 * What the container allows, from the control groups of Linux, version 1, version 2 and both side by side.
 *
 * Owns nothing but the paths it found; any thread. A limit of an outer group binds as well as that of the own
 * one, so all levels up to where the hierarchy is mounted are read. What is missing, unreadable or not a
 * number counts as no limit.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { Bytes } from '../bytes.ts';

/** The content of a file, or null when it can't be read. */
export type ReadText = (path: string) => string | null;

export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8'); // 'utf8' reads in one native call: 5 us, where 'latin1' takes 30
  } catch {
    return null;
  }
};

/** One level of the hierarchy that has a memory limit. */
export interface MemoryGroup {
  readonly limitBytes: Bytes;
  /**
   * What its processes hold but for file cache, which the kernel takes back by itself; null when it can't be
   * read.
   */
  readonly heldBytes: Bytes | null;
}

interface Hierarchy {
  readonly version: 1 | 2;
  /** The group's own directory first. */
  readonly directories: readonly string[];
}

export class Cgroup {
  readonly #read: ReadText;
  readonly #cpu: Hierarchy | null;
  readonly #memory: Hierarchy | null;

  /** The groups that this process is in now. 80 to 400 us. */
  constructor(read: ReadText = readText) {
    this.#read = read;
    const groups = read('/proc/self/cgroup') ?? '';
    const mounts = parseMounts(read('/proc/self/mountinfo') ?? '');
    // Levels without limits are left out for good: a missing file costs 60 us at every look.
    this.#cpu = findHierarchy('cpu', groups, mounts, (directory, version) => {
      return read(`${directory}/${version === 2 ? 'cpu.max' : 'cpu.cfs_quota_us'}`) !== null;
    });
    this.#memory = findHierarchy('memory', groups, mounts, (directory, version) => {
      return read(`${directory}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`) !== null;
    });
  }

  /** Cores that the CPU quota comes to, such as 1.5; null when there is none. */
  cpuCores(): number | null {
    let least = Number.POSITIVE_INFINITY;
    for (const directory of this.#cpu?.directories ?? []) {
      const [quota, period] =
        this.#cpu!.version === 2
          ? (this.#read(`${directory}/cpu.max`) ?? '').trim().split(/\s+/)
          : [this.#read(`${directory}/cpu.cfs_quota_us`), this.#read(`${directory}/cpu.cfs_period_us`)];
      const cores = (wholeNumber(quota) ?? 0) / (wholeNumber(period) ?? 0);
      if (cores > 0) least = Math.min(least, cores);
    }
    return least < Number.POSITIVE_INFINITY ? least : null;
  }

  /** The levels whose limit is below `machineBytes`: version 1 writes 2^63 and the like for "no limit". Null
   * where no group can be read at all. */
  memory(machineBytes: Bytes): MemoryGroup[] | null {
    const hierarchy = this.#memory;
    if (hierarchy === null) return null;
    const found: MemoryGroup[] = [];
    for (const directory of hierarchy.directories) {
      const limitBytes = this.#memoryLimit(directory, hierarchy.version);
      if (limitBytes === null || limitBytes >= machineBytes) continue;
      found.push({ limitBytes, heldBytes: this.#memoryHeld(directory, hierarchy.version) });
    }
    return found;
  }

  /** How often the kernel killed a process of the group for lack of memory; null where it does not say. */
  oomKills(): number | null {
    const hierarchy = this.#memory;
    if (hierarchy === null) return null;
    const file = hierarchy.version === 2 ? 'memory.events' : 'memory.oom_control';
    const text = this.#read(`${hierarchy.directories[0]}/${file}`);
    return text === null ? null : statField(text, 'oom_kill');
  }

  /**
   * `memory.high` kills nobody, but over it the kernel slows every allocation down: for us it is the limit.
   */
  #memoryLimit(directory: string, version: 1 | 2): Bytes | null {
    if (version === 1) return positive(wholeNumber(this.#read(`${directory}/memory.limit_in_bytes`)));
    const max = positive(wholeNumber(this.#read(`${directory}/memory.max`)));
    const high = positive(wholeNumber(this.#read(`${directory}/memory.high`)));
    return max === null || high === null ? (max ?? high) : Math.min(max, high);
  }

  /**
   * A group's usage counts the cache of every file that it read or wrote. A batch fills its group up to the
   * limit that way, and nothing is scarce: the kernel drops those pages first. `active_file` is such cache
   * too (a file read twice).
   */
  #memoryHeld(directory: string, version: 1 | 2): Bytes | null {
    const [usage, prefix] = version === 2 ? ['memory.current', ''] : ['memory.usage_in_bytes', 'total_'];
    const usageBytes = wholeNumber(this.#read(`${directory}/${usage}`));
    if (usageBytes === null) return null;
    const stat = this.#read(`${directory}/memory.stat`) ?? '';
    const cacheBytes = statField(stat, `${prefix}inactive_file`) + statField(stat, `${prefix}active_file`);
    return Math.max(0, usageBytes - cacheBytes);
  }
}

let own: Cgroup | undefined;

/** The groups of this process, looked for once. */
export function ownCgroup(): Cgroup {
  own ??= new Cgroup();
  return own;
}

interface Mount {
  /** The part of the hierarchy that is seen at `point`. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Lines of /proc/self/mountinfo: `36 35 98:0 /root /point options [more] - type source super,options`. */
function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const [root, point] = before.split(' ').slice(3, 5);
    const [type, , options] = after?.split(' ') ?? [];
    if (point === undefined || options === undefined || !type.startsWith('cgroup')) continue;
    mounts.push({
      root: unescapeOctal(root),
      point: unescapeOctal(point),
      type,
      options: options.split(','),
    });
  }
  return mounts;
}

/** A controller lives in one hierarchy: in version 2 unless a line of version 1 names it. */
function findHierarchy(
  controller: string,
  groups: string,
  mounts: readonly Mount[],
  has: (directory: string, version: 1 | 2) => boolean,
): Hierarchy | null {
  let version: 1 | 2 = 2;
  let group: string | undefined;
  for (const line of groups.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers?.split(',').includes(controller)) {
      [version, group] = [1, path];
      break;
    }
    if (controllers === '') group = path;
  }
  if (group === undefined) return null;

  const candidates = mounts.filter((mount) =>
    version === 2 ? mount.type === 'cgroup2' : mount.type === 'cgroup' && mount.options.includes(controller),
  );
  const usual = version === 2 ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controller}`;
  const mount = candidates.find(({ root }) => below(root, group) !== null) ??
    candidates[0] ?? { root: '/', point: usual };
  const directories = levels(mount.point, below(mount.root, group) ?? '').filter((directory) =>
    has(directory, version),
  );
  return directories.length > 0 ? { version, directories } : null;
}

/**
 * The path of a group below the root of a mount; null when it is seen from outside (`/../other`, another
 * container).
 */
function below(root: string, group: string): string | null {
  if (group.split('/').includes('..')) return null;
  const path = posix.relative(root, group);
  return path.startsWith('..') ? null : path;
}

function levels(point: string, path: string): string[] {
  const directories = [point];
  for (const name of path.split('/')) if (name !== '') directories.unshift(`${directories[0]}/${name}`);
  return directories;
}

/** Spaces and backslashes are written `\040` and `\134` there. */
function unescapeOctal(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Null for `max`, `-1`, nothing, and anything else. */
function wholeNumber(text: string | null | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : null;
}

function positive(number: number | null): number | null {
  return number === 0 ? null : number;
}

function statField(stat: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
}
