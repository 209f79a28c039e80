/**
 * Names of a batch's files, as they are found: those that were named, and what folders hold. Reads folders
 * only; no file is opened.
 */
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { absolutePath, pathFromBytes, systemPath } from '../files/byte-paths.ts';
import { inChunks } from '../files/in-chunks.ts';
import type { SkippedFile } from './plan.ts';
import type { Selection } from './selection.ts';
import { looksLikeAudio } from './suffixes.ts';

/** What is found; a file's path is that of its folder and its name. */
export type Name =
  | {
      readonly is: 'file';
      readonly folder: string;
      readonly name: string;
      /** What of its path an output does not keep. */
      readonly under: string;
      readonly isNamed: boolean;
      /** Not audio by its name. */
      readonly isOther: boolean;
      readonly isLink: boolean;
    }
  | { readonly is: 'skip'; readonly file: SkippedFile }
  | { readonly is: 'unreadable'; readonly folder: string; readonly reason: string };

/** Where is looked. All paths are absolute. */
interface Bounds {
  /** Not walked: the outputs' folder. */
  readonly out: string | null;
  /** What is named below it is under it. */
  readonly base: string | null;
  readonly selection: Selection;
  /** Whether what is not audio is asked for, too. */
  readonly others: boolean;
  readonly signal: AbortSignal;
}

/**
 * Names that go on together: enough for many questions at once, few enough that the first file starts soon.
 */
const MOST_TOGETHER = 256;

/**
 * Walks folders (not into hidden ones, nor into that of the outputs); what is named is taken whatever its
 * name is, and what is in a folder if its name is that of audio. What a selection leaves out is among those
 * that are skipped. What was named together comes without waiting for more.
 */
export async function* namesOf(
  inputs: AsyncIterable<readonly string[]>,
  bounds: Bounds,
): AsyncGenerator<readonly Name[]> {
  for await (const some of inputs) {
    let names: Name[] = [];
    for (const one of await inChunks(some, look)) {
      const own = one.isFolder ? one.path : dirname(one.path);
      const under = bounds.base !== null && isBelow(own, bounds.base) ? bounds.base : own;
      if (one.isFolder) {
        const walk: Walk = { ...bounds, top: one.path, under, entered: new Set(), names };
        yield* walked(one.path, walk);
        names = walk.names;
      } else {
        const name = basename(one.path);
        names.push({
          is: 'file',
          folder: own,
          name,
          under,
          isNamed: true,
          isOther: false,
          isLink: one.isLink,
        });
      }
      if (names.length < MOST_TOGETHER) continue;
      yield names;
      names = [];
    }
    if (names.length > 0) yield names;
  }
}

async function look(input: string): Promise<{ path: string; isFolder: boolean; isLink: boolean }> {
  const path = absolutePath(input);
  const entry = await lstat(systemPath(path)).catch(() => null);
  const isLink = entry?.isSymbolicLink() ?? false;
  const info = isLink ? await stat(systemPath(path)).catch(() => null) : entry;
  return { path, isFolder: info?.isDirectory() ?? false, isLink };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** The walk of one folder that was named. */
interface Walk extends Bounds {
  readonly top: string;
  readonly under: string;
  readonly entered: Set<string>;
  /** What was found and not yet passed on. */
  names: Name[];
}

/** What is in a folder in the order of names. Follows links, and enters no folder twice. */
async function* walked(folder: string, walk: Walk): AsyncGenerator<readonly Name[]> {
  if (walk.signal.aborted) return;
  let entries: Entry[];
  try {
    const real = (await realpath(systemPath(folder), 'buffer')).toString('latin1');
    if (walk.entered.has(real)) return;
    walk.entered.add(real);
    entries = await entriesOf(folder);
  } catch (error) {
    walk.names.push({ is: 'unreadable', folder, reason: (error as Error).message });
    return;
  }
  const { selection, top, under, out, others } = walk;
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const above = relative(top, folder);
  for (const { name, isLink, isFolder: isPlainFolder } of entries) {
    if (name.startsWith('.')) continue;
    const path = `${folder}${folder.endsWith(sep) ? '' : sep}${name}`;
    if (path === out) continue;
    const isFolder = isLink ? await leadsToFolder(path) : isPlainFolder;
    const below = above === '' ? name : `${above}${sep}${name}`;
    const excluded = selection.excludes(below, isFolder);
    if (isFolder && !excluded) yield* walked(path, walk);
    else {
      const audio = !excluded && looksLikeAudio(name);
      // Also what is no file, or a dangling link: it fails by itself instead of being passed over.
      if (!excluded && (audio || others) && selection.includes(below)) {
        walk.names.push({ is: 'file', folder, name, under, isNamed: false, isOther: !audio, isLink });
      } else {
        const reason = excluded || audio ? 'excluded' : 'notAudio';
        walk.names.push({ is: 'skip', file: { input: path, output: null, bytes: 0, reason } });
      }
    }
    if (walk.names.length < MOST_TOGETHER) continue;
    yield walk.names;
    walk.names = [];
    if (walk.signal.aborted) return;
  }
}

async function leadsToFolder(path: string): Promise<boolean> {
  return (await stat(systemPath(path)).catch(() => null))?.isDirectory() ?? false;
}

interface Entry {
  readonly name: string;
  readonly isLink: boolean;
  readonly isFolder: boolean;
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const path = systemPath(folder);
  const entries = await readdir(path, { withFileTypes: true });
  // Three times as quick as names in bytes, which are needed only where some are no UTF-8.
  if (!entries.some(({ name }) => name.includes('\uFFFD'))) {
    return entries.map((entry) => entryOf(entry.name, entry));
  }
  const exact = await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  return exact.map((entry) => entryOf(pathFromBytes(entry.name), entry));
}

function entryOf(name: string, entry: { isSymbolicLink(): boolean; isDirectory(): boolean }): Entry {
  return { name, isLink: entry.isSymbolicLink(), isFolder: entry.isDirectory() };
}
