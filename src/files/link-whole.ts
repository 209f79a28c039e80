/**
 * Whole files that get their names if nothing has them at that moment: over hosts of one share, too. Holds
 * nothing.
 */
import { type BigIntStats, closeSync, fdatasync, writeFileSync } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createAside } from './aside.ts';
import { systemPath } from './byte-paths.ts';
import { NO_LINKS, unwritten } from './whole-file.ts';

const datasync = promisify(fdatasync);

const COMPARED_AT_ONCE = 1 << 20;

/**
 * Gives a file its place; the other name goes. False where something else has the place: then both stay.
 * A share over a network may do what it was asked to, lose the answer and refuse the second try: so whether a
 * name that exists is this very file is asked of the file, not of the answer. Throws what the system says.
 */
export async function linkIfAbsent(aside: string, place: string): Promise<boolean> {
  try {
    await link(systemPath(aside), systemPath(place));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (NO_LINKS.has(code)) return takeName(aside, place);
    if (code !== 'EEXIST') throw error;
    const [own, there] = await Promise.all([identityOf(aside), identityOf(place)]);
    if (own === null || own !== there) return false;
  }
  await unlink(systemPath(aside)).catch(() => {});
  return true;
}

/**
 * Gives a file a place, whatever is there. As above: where nothing is aside any more, the place says whether
 * that was done. Throws what the system says.
 */
export async function renameOver(aside: string, place: string): Promise<void> {
  const own = await identityOf(aside);
  try {
    await rename(systemPath(aside), systemPath(place));
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && own !== null;
    if (!isGone || own !== (await identityOf(place))) throw error;
  }
}

/** Where files have one name only: it is taken by an empty file first. */
async function takeName(aside: string, place: string): Promise<boolean> {
  try {
    await (await open(systemPath(place), 'wx')).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    await renameOver(aside, place);
  } catch (error) {
    await rm(systemPath(place), { force: true });
    throw error;
  }
  return true;
}

/**
 * A file with this content, on disk when it has its name. False where something else has the name.
 * @throws MillpondError `ERR_OUTPUT_WRITE`
 */
export async function putWhole(path: string, content: string): Promise<boolean> {
  try {
    const { aside, fd } = createAside(path);
    try {
      try {
        writeFileSync(fd, content);
        await datasync(fd);
      } finally {
        closeSync(fd);
      }
      return await linkIfAbsent(aside, path);
    } finally {
      await rm(systemPath(aside), { force: true });
    }
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** Whether two files hold the same bytes; false where one of them is none, or cannot be read. */
export async function areSame(one: string, other: string): Promise<boolean> {
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

async function identityOf(path: string): Promise<string | null> {
  const entry: BigIntStats | null = await lstat(systemPath(path), { bigint: true }).catch(() => null);
  return entry && `${entry.dev}:${entry.ino}`;
}
