/**
 * Files that nobody finds: without a name from their beginning where the system has such, else with one that
 * is removed at once, or with the file where other processes can open it by its name alone. Holds nothing.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createAside } from './aside.ts';
import { systemPath } from './byte-paths.ts';

/** Nobody else may look at what is in there. */
const MODE = 0o600;
const IS_LINUX = process.platform === 'linux';
/** Where other processes open an open file by its number. */
const HAS_PROC = IS_LINUX && existsSync('/proc/self/fd');
/** Of Linux; Node has no name for it. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);

export interface UnnamedFile extends Disposable {
  readonly fd: number;
  /** Under which other processes of this user open it, as long as it is open here. */
  readonly path: string;
}

/**
 * @param place names it where it has to have a name
 * @throws what the system says where the folder is missing, full or not writable
 */
export function createUnnamed(place: string): UnnamedFile {
  if (!HAS_PROC) {
    const { aside, fd } = createAside(place, 'wx+', MODE);
    return {
      fd,
      path: aside,
      [Symbol.dispose]() {
        closeSync(fd);
        rmSync(systemPath(aside), { force: true });
      },
    };
  }
  const fd = openUnnamed(place);
  return { fd, path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * For whoever needs no path. @returns its descriptor. @throws as {@link createUnnamed}
 */
export function openUnnamed(place: string): number {
  const nameless = IS_LINUX ? openNameless(dirname(place)) : null;
  if (nameless !== null) return nameless;
  const { aside, fd } = createAside(place, 'wx+', MODE);
  rmSync(systemPath(aside), { force: true });
  return fd;
}

/** `null` where the file system has no such files. */
function openNameless(folder: string): number | null {
  try {
    return openSync(systemPath(folder), O_TMPFILE | constants.O_RDWR, MODE);
  } catch {
    return null;
  }
}

/** Of an open file, by which it is told from all others, those with its number later on too. */
export function identityOf(fd: number): string {
  const { dev, ino, birthtimeNs } = fstatSync(fd, { bigint: true });
  return [dev, ino, birthtimeNs].join(':');
}
