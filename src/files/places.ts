/**
 * Which names lead to the same place, whatever links are on the way. Asks the file system; holds nothing.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

interface Place {
  /** What a rename would replace: a name in a folder, all links to the folder followed. */
  readonly entry: string;
  /** The file that is there by its number, all links followed; null where there is none. */
  readonly file: string | null;
}

interface Clash {
  /** Which of the outputs. */
  readonly output: number;
  /** It would replace an `output` that is named earlier, or a `source`, of which this is the number. */
  readonly with: 'output' | 'source';
  readonly other: number;
}

/**
 * The first output that would replace another one, or a file that is read; null where none does. Outputs
 * clash where they would be renamed to one name: several names of an existing file are no clash, since
 * each gets a file of its own. An output clashes with a source also by another name of it, so that nothing
 * that is read can be lost.
 */
export async function findClash(
  outputs: readonly string[],
  sources: readonly string[],
): Promise<Clash | null> {
  const folders = new Map<string, Promise<string>>();
  const of = (path: string) => placeOf(path, folders);
  const [written, read] = [await inChunks(outputs, of), await inChunks(sources, of)];
  const writers = new Map<string, number>();
  for (const [output, { entry }] of written.entries()) {
    const other = writers.get(entry);
    if (other !== undefined) return { output, with: 'output', other };
    writers.set(entry, output);
  }
  const entries = new Map(read.map(({ entry }, at) => [entry, at]));
  const files = new Map(read.flatMap(({ file }, at) => (file === null ? [] : [[file, at]])));
  for (const [output, { entry, file }] of written.entries()) {
    const other = entries.get(entry) ?? (file === null ? undefined : files.get(file));
    if (other !== undefined) return { output, with: 'source', other };
  }
  return null;
}

async function placeOf(path: string, folders: Map<string, Promise<string>>): Promise<Place> {
  const whole = resolve(path);
  const folder = dirname(whole);
  const real = folders.get(folder) ?? realFolder(folder);
  folders.set(folder, real);
  const found = await stat(whole, { bigint: true }).catch(() => null);
  return {
    entry: join(await real, basename(whole)),
    file: found === null ? null : `${found.dev}:${found.ino}`,
  };
}

/** Where a folder is or would be. */
async function realFolder(folder: string): Promise<string> {
  const above = dirname(folder);
  if (above === folder) return folder;
  return realpath(folder).catch(async () => join(await realFolder(above), basename(folder)));
}

/** File systems answer many questions at once, but not a hundred thousand. */
export async function inChunks<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += 256) {
    answers.push(...(await Promise.all(items.slice(at, at + 256).map(ask))));
  }
  return answers;
}
