/** What of batches over hosts lies in a folder of outputs. Holds nothing. */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemPath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import { placeNew } from '../files/placing.ts';

/** Where all batches of a folder of outputs are. */
export function clusterFolder(folder: string): string {
  return join(folder, '.millpond', 'cluster');
}

/** What hosts need beside a batch's record: lists of names, and pictures. */
type Kept = 'lists' | 'covers';

/**
 * Puts bytes there by their digest, once. @returns the digest
 * @throws MillpondError `ERR_OUTPUT_WRITE`; what reading them throws
 */
export async function keep(
  folder: string,
  what: Kept,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const place = join(clusterFolder(folder), what);
  await makeFolder(place);
  const aside = join(place, `.${randomUUID()}.part`);
  const digest = createHash('sha256');
  try {
    await using file = await open(systemPath(aside), 'wx');
    for await (const piece of bytes) {
      digest.update(piece);
      await file.appendFile(piece);
    }
    await file.datasync();
    const name = digest.digest('hex');
    placeNew(aside, join(place, name));
    return name;
  } finally {
    await rm(systemPath(aside), { force: true });
  }
}

export function keptPath(folder: string, what: Kept, digest: string): string {
  return join(clusterFolder(folder), what, digest);
}

/** Ids of the batches of a folder. */
export async function batchesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(systemPath(clusterFolder(folder))).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{16}$/.test(name)).toSorted();
}
