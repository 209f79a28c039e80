/**
 * What a batch will do, known and checked before anything starts: which file becomes which, in which order.
 * Reads folders only; no file is opened.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { absolutePath, pathFromBytes, systemPath } from '../files/byte-paths.ts';
import { inChunks } from '../files/in-chunks.ts';
import { findClash } from '../files/places.ts';
import { escaped } from '../text/escaping.ts';
import { bytesPerSecond, looksLikeAudio, withoutSuffix } from './suffixes.ts';

export interface PlannedFile {
  /** Absolute. */
  readonly input: string;
  /** Absolute; `null` where the batch makes no files. */
  readonly output: string | null;
  readonly bytes: Bytes;
  /** Length of the audio as its size and format suggest; 0 for an empty or missing file. */
  readonly estimatedSeconds: number;
}

export interface Plan {
  /** Longest first, so that no long file runs alone at the end. */
  readonly files: readonly PlannedFile[];
  /** Files in folders that are not audio by their name. */
  readonly skipped: number;
  /** Folders that cannot be read; what is in them is not among the files. */
  readonly unreadable: readonly { readonly folder: string; readonly reason: string }[];
}

/** Where a batch makes one file for each input. */
export interface Outputs {
  readonly folder: string;
  /** With its dot. */
  readonly extension: string;
}

/**
 * Walks folders (not into hidden ones, nor into that of the outputs) and names outputs: what lies under a
 * folder argument keeps its path there; a file argument is taken whatever its name is, and lands in the
 * outputs' folder itself. An output's name has its own suffix in place of the input's, or behind a name that
 * has none.
 * @throws MillpondError `ERR_OUTPUT_CLASH` when two inputs, or an input and an output, would be the same
 * file; `ERR_NO_INPUT` when there is nothing to do
 */
export async function planBatch(inputs: readonly string[], outputs: Outputs | null): Promise<Plan> {
  for (const path of [...inputs, outputs?.folder]) if (path === '') throw emptyName();
  const out = outputs === null ? null : absolutePath(outputs.folder);
  const found: { input: string; under: string }[] = [];
  const unreadable: { folder: string; reason: string }[] = [];
  let skipped = 0;
  for (const input of inputs) {
    const path = absolutePath(input);
    const info = await stat(systemPath(path)).catch(() => null);
    if (info?.isDirectory()) {
      for await (const file of walk(path, out, new Set(), unreadable)) {
        if (looksLikeAudio(file)) found.push({ input: file, under: path });
        else skipped++;
      }
    } else found.push({ input: path, under: join(path, '..') });
  }
  if (found.length === 0 && unreadable.length === 0) {
    throw new MillpondError(
      'ERR_NO_INPUT',
      `A batch needs at least one audio file; ${inputs.map((input) => `'${escaped(input)}'`).join(', ')} held none (${skipped} other files). Name a file, or a folder that holds audio files.`,
    );
  }
  const files = await inChunks(dropRepeated(found), async ({ input, under }): Promise<PlannedFile> => {
    const { dir, base } = parse(relative(under, input));
    // A file that is missing or unreadable is planned all the same: it fails by itself, and the rest is done.
    const bytes = (await stat(systemPath(input)).catch(() => null))?.size ?? 0;
    const name = `${withoutSuffix(base)}${outputs?.extension}`;
    const output = out === null ? null : join(out, dir, name);
    return { input, output, bytes, estimatedSeconds: bytes / bytesPerSecond(input) };
  });
  await refuseClashes(files);
  files.sort((a, b) => b.estimatedSeconds - a.estimatedSeconds || (a.input < b.input ? -1 : 1));
  return { files, skipped, unreadable };
}

function emptyName(): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    "A file or folder has a name, got ''. Write . for the folder you are in; a shell variable may be unset.",
  );
}

/** Files under a folder in the order of their names. Follows links, and enters no folder twice. */
async function* walk(
  folder: string,
  out: string | null,
  entered: Set<string>,
  unreadable: { folder: string; reason: string }[],
): AsyncGenerator<string> {
  let entries: Entry[];
  try {
    const real = (await realpath(systemPath(folder), 'buffer')).toString('latin1');
    if (entered.has(real)) return;
    entered.add(real);
    entries = await entriesOf(folder);
  } catch (error) {
    unreadable.push({ folder, reason: (error as Error).message });
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (path === out) continue;
    const kind = entry.isLink ? await stat(systemPath(path)).catch(() => null) : entry;
    if (kind?.isDirectory()) yield* walk(path, out, entered, unreadable);
    // Also what is no file, or a dangling link: it fails by itself instead of being passed over.
    else yield path;
  }
}

interface Entry {
  readonly name: string;
  readonly isLink: boolean;
  isDirectory(): boolean;
}

async function entriesOf(folder: string): Promise<Entry[]> {
  const entries = await readdir(systemPath(folder), { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => ({
    name: pathFromBytes(entry.name),
    isLink: entry.isSymbolicLink(),
    isDirectory: () => entry.isDirectory(),
  }));
}

/** The same file named twice, or named and found in a folder, is done once. */
function dropRepeated<T extends { input: string; under: string }>(found: readonly T[]): T[] {
  const seen = new Set<string>();
  return found.filter(({ input, under }) => {
    const key = `${input}\0${under}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

async function refuseClashes(files: readonly PlannedFile[]): Promise<void> {
  const made = files.filter(({ output }) => output !== null);
  const clash = await findClash(
    made.map(({ output }) => output as string),
    files.map(({ input }) => input),
    'name',
  );
  if (clash === null) return;
  const { input } = made[clash.output];
  const output = made[clash.output].output as string;
  const other = escaped(files[clash.other].input);
  throw new MillpondError(
    'ERR_OUTPUT_CLASH',
    clash.with === 'output'
      ? `Each output has one input; '${other}' and '${escaped(input)}' would both write '${escaped(output)}'. Rename one, or give them different --out folders.`
      : `An output never overwrites an input; '${escaped(output)}' is the input '${other}'. Choose another --out folder.`,
  );
}

/**
 * A recording of the run is a file of its own.
 * @throws MillpondError `ERR_OUTPUT_CLASH` when it would be one of the batch
 */
export async function refuseRecordingClash(path: string, files: readonly PlannedFile[]): Promise<void> {
  const theirs = files.flatMap(({ input, output }) => (output === null ? [input] : [input, output]));
  const clash = await findClash([path], theirs, 'name');
  if (clash === null) return;
  const file = theirs[clash.other];
  throw new MillpondError(
    'ERR_OUTPUT_CLASH',
    `A recording of the run is a file of its own; '${escaped(path)}' is '${escaped(file)}', which the batch reads or writes. Name another file.`,
  );
}
