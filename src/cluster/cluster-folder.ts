/** What of batches over hosts lies in a folder of outputs. Holds nothing. */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemPath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import { linkIfAbsent } from '../files/link-whole.ts';

/** Where all batches of a folder of outputs are. */
export function clusterFolder(folder: string): string {
  return join(folder, '.millpond', 'cluster');
}

/**
 * Puts a list of names there by its digest, once. @returns the digest
 * @throws MillpondError `ERR_OUTPUT_WRITE`; what the list throws
 */
export async function keepList(folder: string, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const lists = join(clusterFolder(folder), 'lists');
  await makeFolder(lists);
  const aside = join(lists, `.${randomUUID()}.part`);
  const digest = createHash('sha256');
  try {
    await using file = await open(systemPath(aside), 'wx');
    for await (const piece of bytes) {
      digest.update(piece);
      await file.appendFile(piece);
    }
    await file.datasync();
    const name = digest.digest('hex');
    await linkIfAbsent(aside, join(lists, name));
    return name;
  } finally {
    await rm(systemPath(aside), { force: true });
  }
}

export function listPath(folder: string, digest: string): string {
  return join(clusterFolder(folder), 'lists', digest);
}

/** Ids of the batches of a folder. */
export async function batchesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(systemPath(clusterFolder(folder))).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{16}$/.test(name)).toSorted();
}
