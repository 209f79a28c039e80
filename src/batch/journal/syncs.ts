/**
 * Brings files and folders onto the disk. Runs on the main thread and waits on libuv's threads, many files at
 * once. Owns which folders were synced with all that they are in; holds nothing open.
 */
import { close, closeSync, fdatasync, fstatSync, fsync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { escaped, shown } from '../../text/escaping.ts';
import type { Mark } from './entries.ts';

export type Durability = 'process' | 'power';

/** As many as libuv has threads; more would only wait there, and the journal behind them. */
const AT_ONCE = 4;

const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const closeFile = promisify(close);

/** What the file system says of an open file or of one by its name, as a journal keeps it. */
export function markOf({ size, mtimeNs }: { readonly size: bigint; readonly mtimeNs: bigint }): Mark {
  return { bytes: Number(size), mtimeNs: `${mtimeNs}` };
}

export class Syncs {
  readonly #durability: Durability;
  readonly #waiting: (() => void)[] = [];
  readonly #synced = new Set<string>();
  #running = 0;

  constructor(durability: Durability) {
    this.#durability = durability;
  }

  get power(): boolean {
    return this.#durability === 'power';
  }

  /**
   * An output that is in its place. With `power` its bytes are on the disk then. Throws what the system
   * says.
   */
  async output(path: string): Promise<Mark> {
    // The file was written a moment ago: asking at once costs a tenth of asking another thread.
    if (!this.power) return markOf(statSync(systemPath(path), { bigint: true }));
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    let fd: number | null = null;
    try {
      fd = openSync(systemPath(path), process.platform === 'win32' ? 'r+' : 'r');
      await syncData(fd);
      return markOf(fstatSync(fd, { bigint: true }));
    } finally {
      if (fd !== null) closeSync(fd);
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /**
   * The names of files in these folders. Once in a run also the folders' own names, up to the root: they may
   * have been made by this run, or by one that was killed before it could sync them.
   */
  async folders(folders: Iterable<string>): Promise<void> {
    if (!this.power) return;
    const all = new Set<string>(folders);
    for (const folder of all) {
      if (this.#synced.has(folder)) continue;
      this.#synced.add(folder);
      if (dirname(folder) !== folder) all.add(dirname(folder));
    }
    const sync = (folder: string) =>
      syncFolder(folder).catch((cause) => {
        throw unsyncable(folder, cause);
      });
    await Promise.all(Array.from(all, sync));
  }
}

function unsyncable(folder: string, cause: Error): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `With --durability power folders are synced, and '${shown(folder)}' cannot be: ${escaped(cause.message)}. Where its file system does not do so, nothing outlives a power loss for sure: write --durability process.`,
    { cause },
  );
}

async function syncFolder(folder: string): Promise<void> {
  let fd: number;
  try {
    fd = openSync(systemPath(folder), 'r');
  } catch (error) {
    // Who may not read it has made nothing in it that could be missing.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return;
    throw error;
  }
  try {
    await syncAll(fd);
  } finally {
    await closeFile(fd);
  }
}
