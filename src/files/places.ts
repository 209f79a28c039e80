/**
 * Which names lead to the same place, whatever links are on the way. Asks the file system; holds nothing.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { absolutePath, pathFromBytes, systemPath } from './byte-paths.ts';
import { inChunks } from './in-chunks.ts';

/**
 * What an output replaces. `name`: it is renamed over whatever has its name, so that a file stays under the
 * other names it has. `file`: a device or a pipe is written as it is, and a file is one by all its names.
 */
type Replaced = 'name' | 'file';

interface Place {
  /** What would be replaced: a name in a folder, all links to the folder followed, or the file's number. */
  readonly entry: string;
  /** What is there, all links followed: its path, or its number; null where there is nothing. */
  file(): Promise<string | null>;
}

interface Clash {
  /** Which of the outputs. */
  readonly output: number;
  /** It would replace an `output` that is named earlier, or a `source`, of which this is the number. */
  readonly with: 'output' | 'source';
  readonly other: number;
}

/** As {@link findClashes}: the first of them, or null. */
export async function findClash(
  outputs: readonly string[],
  sources: readonly string[],
  replaced: Replaced,
): Promise<Clash | null> {
  const [first = null] = await findClashes(outputs, sources, replaced);
  return first;
}

/**
 * The outputs that would replace another one, or a file that is read, each of them once. Outputs
 * that replace names clash where they have one name: several names of a file that is there are no clash,
 * since each gets a file of its own. With a source they clash also where a link leads to it, so that nothing
 * is written over what it is made of; a hard link is no clash, since the source stays under its own name.
 */
async function findClashes(
  outputs: readonly string[],
  sources: readonly string[],
  replaced: Replaced,
): Promise<Clash[]> {
  const folders = new Map<string, Promise<Folder>>();
  const of = (path: string) => placeOf(path, replaced, folders);
  const [written, read] = [await inChunks(outputs, of), await inChunks(sources, of)];
  const clashes: Clash[] = [];
  const writers = new Map<string, number>();
  const twice = new Set<number>();
  for (const [output, { entry }] of written.entries()) {
    const other = writers.get(entry);
    if (other !== undefined) {
      clashes.push({ output, with: 'output', other });
      twice.add(output);
    } else writers.set(entry, output);
  }
  const entries = new Map(read.map(({ entry }, at) => [entry, at]));
  const replacedFiles = await inChunks(written, ({ file }) => file());
  // Most batches replace nothing, and then nobody needs to follow thousands of sources.
  const mayMeet = replacedFiles.some((file) => file !== null);
  const readFiles = mayMeet ? await inChunks(read, ({ file }) => file()) : [];
  const files = new Map(readFiles.flatMap((file, at) => (file === null ? [] : [[file, at]])));
  for (const [output, { entry }] of written.entries()) {
    const file = replacedFiles[output];
    const other = entries.get(entry) ?? (file === null ? undefined : files.get(file));
    if (other !== undefined && !twice.has(output)) clashes.push({ output, with: 'source', other });
  }
  return clashes;
}

/** A folder as it was when it was first asked for. */
export interface Folder {
  /** Where it is or would be, all links followed. */
  readonly path: string;
  readonly isThere: boolean;
}

async function placeOf(
  path: string,
  replaced: Replaced,
  folders: Map<string, Promise<Folder>>,
): Promise<Place> {
  if (replaced === 'file') {
    const found = await stat(systemPath(path), { bigint: true }).catch(() => null);
    if (found !== null) {
      const number = `${found.dev}:${found.ino}`;
      return { entry: number, file: async () => number };
    }
  }
  const whole = absolutePath(path);
  const folder = await folderAt(dirname(whole), folders);
  return {
    entry: join(folder.path, basename(whole)),
    file: async () => (folder.isThere ? realPath(whole).catch(() => null) : null),
  };
}

/** Each is asked for once. @param path absolute */
export function folderAt(path: string, asked: Map<string, Promise<Folder>>): Promise<Folder> {
  const before = asked.get(path);
  if (before !== undefined) return before;
  const above = dirname(path);
  const folder = realPath(path).then(
    (real): Folder => ({ path: real, isThere: true }),
    async (): Promise<Folder> => ({
      path: above === path ? path : join((await folderAt(above, asked)).path, basename(path)),
      isThere: false,
    }),
  );
  asked.set(path, folder);
  return folder;
}

/** Throws what the system says where nothing is there. */
export async function realPath(path: string): Promise<string> {
  return pathFromBytes(await realpath(systemPath(path), 'buffer'));
}
