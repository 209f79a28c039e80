/**
 * Whole files that get their names if nothing has them at that moment: over hosts of one share, too. Holds
 * nothing.
 */
import { closeSync, fdatasync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { createAside } from './aside.ts';
import { systemPath } from './byte-paths.ts';
import { placeNew, placeOver } from './placing.ts';
import { outputExists, unwritten } from './whole-file.ts';

const datasync = promisify(fdatasync);

const COMPARED_AT_ONCE = 1 << 20;

/** Where a file goes that is made once, by whichever host comes first. */
export interface PlaceOnce {
  readonly path: string;
  /** What is there is replaced; otherwise it stays. */
  readonly replaces: boolean;
  /** Both file and name outlive a power loss. */
  readonly isDurable: boolean;
}

/**
 * Gives a file its place; the other name goes. Waits for nothing but the disk, where it is durable, and where
 * something has the place. False where that is the same, byte for byte.
 * @throws MillpondError `ERR_OUTPUT_EXISTS` where something else is there, which stays; `ERR_OUTPUT_WRITE`
 */
export async function placeOnce(aside: string, { path, replaces, isDurable }: PlaceOnce): Promise<boolean> {
  let isFirst = true;
  try {
    if (isDurable) await sync(aside);
    if (replaces) placeOver(aside, path);
    else isFirst = placeNew(aside, path);
    if (!isFirst && !(await areSame(aside, path))) throw outputExists(path);
    if (!isFirst) rmSync(systemPath(aside), { force: true });
    if (isDurable) await sync(dirname(path));
  } catch (error) {
    throw unwritten(path, error);
  }
  return isFirst;
}

async function sync(path: string): Promise<void> {
  await using file = await open(systemPath(path), 'r');
  await file.sync();
}

/**
 * A file with this content, on disk when it has its name. False where something else has the name.
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export async function putWhole(path: string, content: string): Promise<boolean> {
  try {
    const { aside, fd } = createAside(path);
    let isPlaced = false;
    try {
      try {
        writeFileSync(fd, content);
        await datasync(fd);
      } finally {
        closeSync(fd);
      }
      isPlaced = placeNew(aside, path);
    } finally {
      if (!isPlaced) rmSync(systemPath(aside), { force: true });
    }
    return isPlaced;
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** False also where one of them is no file, or cannot be read. */
async function areSame(one: string, other: string): Promise<boolean> {
  try {
    await using a = await open(systemPath(one), 'r');
    await using b = await open(systemPath(other), 'r');
    const [before, now] = [await a.stat(), await b.stat()];
    if (!before.isFile() || !now.isFile() || before.size !== now.size) return false;
    const [left, right] = [Buffer.alloc(COMPARED_AT_ONCE), Buffer.alloc(COMPARED_AT_ONCE)];
    for (let at = 0; at < before.size; at += COMPARED_AT_ONCE) {
      const [x, y] = await Promise.all([readAt(a, left, at), readAt(b, right, at)]);
      if (!x.equals(y)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function readAt(file: FileHandle, into: Buffer, position: number): Promise<Buffer> {
  let length = 0;
  while (length < into.length) {
    const { bytesRead } = await file.read(into, length, into.length - length, position + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return into.subarray(0, length);
}
