/** Questions to the file system about files of a batch. */
import { lstat, stat } from 'node:fs/promises';
import { systemPath } from '../files/byte-paths.ts';
import type { FoundFile } from './plan.ts';

/** What is there, links followed; null where nothing is. */
export async function foundAt(path: string, isLink: boolean): Promise<FoundFile | null> {
  const info = await stat(systemPath(path), { bigint: true }).catch(() => null);
  return info && { bytes: Number(info.size), changedNs: info.mtimeNs, isFile: info.isFile(), isLink };
}

/** What has the name, be it a link that leads nowhere. */
export async function entryAt(path: string): Promise<FoundFile | null> {
  const entry = await lstat(systemPath(path), { bigint: true }).catch(() => null);
  if (entry === null) return null;
  const isLink = entry.isSymbolicLink();
  const info = isLink ? await stat(systemPath(path), { bigint: true }).catch(() => null) : entry;
  const isFile = info?.isFile() ?? false;
  return {
    bytes: Number(entry.size),
    changedNs: isFile && info !== null ? info.mtimeNs : null,
    isFile,
    isLink,
  };
}
