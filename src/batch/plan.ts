/**
 * What a batch will do, known and checked before anything starts: which file becomes which, in which order.
 * Reads folders only; no file is opened.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, parse, relative, sep } from 'node:path';
import type { Bytes } from '../bytes.ts';
import { MillpondError } from '../errors.ts';
import { absolutePath, pathFromBytes, systemPath } from '../files/byte-paths.ts';
import { inChunks } from '../files/in-chunks.ts';
import { findClash, findClashes } from '../files/places.ts';
import { escaped } from '../text/escaping.ts';
import { listed } from '../text/listing.ts';
import { EVERYTHING, type Selection } from './selection.ts';
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
  /** What is left out, in the order in which it was found. */
  readonly skipped: readonly SkippedFile[];
  /** Files whose outputs are there and may not be replaced. */
  readonly refused: readonly PlannedFile[];
  /** Folders that cannot be read; what is in them is not among the files. */
  readonly unreadable: readonly { readonly folder: string; readonly reason: string }[];
}

/**
 * Why something is left out: a file in a folder is not audio by its name; its name, or that of its folder, is
 * not among those that were asked for; its output exists; it is not newer than its output.
 */
export type SkipReason = 'notAudio' | 'excluded' | 'exists' | 'notNewer';

export interface SkippedFile {
  /** Absolute; of a folder where all of it is left out. */
  readonly input: string;
  readonly output: string | null;
  readonly reason: SkipReason;
}

/** Where a batch makes one file for each input. */
export interface Outputs {
  readonly folder: string;
  /** With its dot. */
  readonly extension: string;
  /** What is named below this folder keeps its path there. Default: a file lands in `folder` itself. */
  readonly base?: string | undefined;
}

/** Why a file cannot be done beside the others of its batch. */
interface FileClash {
  readonly file: PlannedFile;
  readonly message: string;
}

/**
 * Walks folders (not into hidden ones, nor into that of the outputs) and names outputs: what lies under a
 * folder argument keeps its path there; a file argument is taken whatever its name is, and lands in the
 * outputs' folder itself, or where it was below the base. An output's name has its own suffix in place of the
 * input's, or behind a name that has none. What a selection leaves out is among those that are skipped.
 * @throws MillpondError `ERR_OUTPUT_CLASH` when two inputs, or an input and an output, would be the same
 * file; `ERR_NO_INPUT` when there is nothing to do
 */
export async function planBatch(
  inputs: readonly string[],
  outputs: Outputs | null,
  selection: Selection = EVERYTHING,
): Promise<Plan> {
  const plan = await gatherFiles(inputs, outputs, selection);
  const [clash] = await clashesOf(plan.files);
  if (clash !== undefined) throw new MillpondError('ERR_OUTPUT_CLASH', clash.message);
  return plan;
}

/**
 * As {@link planBatch}, but with all clashes of its files told instead of thrown.
 * @throws MillpondError `ERR_NO_INPUT` when there is nothing to do
 */
export async function gatherFiles(
  inputs: readonly string[],
  outputs: Outputs | null,
  selection: Selection = EVERYTHING,
): Promise<Plan> {
  for (const path of [...inputs, outputs?.folder, outputs?.base]) if (path === '') throw emptyName();
  const out = outputs === null ? null : absolutePath(outputs.folder);
  const found: { input: string; under: string }[] = [];
  const unreadable: { folder: string; reason: string }[] = [];
  const skipped: SkippedFile[] = [];
  const base = outputs?.base === undefined ? null : absolutePath(outputs.base);
  const named = await inChunks(inputs, async (input) => {
    const path = absolutePath(input);
    const info = await stat(systemPath(path)).catch(() => null);
    return { path, isFolder: info?.isDirectory() ?? false };
  });
  for (const { path, isFolder } of named) {
    const own = isFolder ? path : dirname(path);
    const under = base !== null && isBelow(own, base) ? base : own;
    if (isFolder) {
      const excluded = (file: string, isFolder: boolean): boolean =>
        selection.excludes(relative(path, file), isFolder);
      for await (const { file, isOut } of walk(path, { out, excluded }, new Set(), unreadable)) {
        const audio = !isOut && looksLikeAudio(file);
        if (audio && selection.includes(relative(path, file))) found.push({ input: file, under });
        else skipped.push({ input: file, output: null, reason: isOut || audio ? 'excluded' : 'notAudio' });
      }
    } else found.push({ input: path, under });
  }
  if (found.length === 0 && unreadable.length === 0) {
    const excluded = skipped.filter(({ reason }) => reason === 'excluded').length;
    const others = `${skipped.length - excluded} other files`;
    const [held, remedy] =
      excluded === 0
        ? [`held none (${others})`, 'Name a file, or a folder that holds audio files']
        : [
            `held none that --include and --exclude leave (${excluded} excluded, ${others})`,
            'Change the patterns',
          ];
    throw new MillpondError(
      'ERR_NO_INPUT',
      `A batch needs at least one audio file; ${inputNames(inputs)} ${held}. ${remedy}.`,
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
  files.sort((a, b) => b.estimatedSeconds - a.estimatedSeconds || (a.input < b.input ? -1 : 1));
  return { files, skipped, refused: [], unreadable };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

const MOST_NAMED = 5;

function inputNames(inputs: readonly string[]): string {
  if (inputs.length === 0) return 'an empty list';
  return listed(
    inputs.map((input) => `'${escaped(input)}'`),
    MOST_NAMED,
  );
}

function emptyName(): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    "A file or folder has a name, got ''. Write . for the folder you are in; a shell variable may be unset.",
  );
}

interface Bounds {
  /** Not walked: the outputs' folder. */
  readonly out: string | null;
  /** Neither taken nor walked. */
  excluded(path: string, isFolder: boolean): boolean;
}

interface Walked {
  readonly file: string;
  /** It is excluded, and may be a folder. */
  readonly isOut: boolean;
}

/** Files under a folder in the order of their names. Follows links, and enters no folder twice. */
async function* walk(
  folder: string,
  bounds: Bounds,
  entered: Set<string>,
  unreadable: { folder: string; reason: string }[],
): AsyncGenerator<Walked> {
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
    if (path === bounds.out) continue;
    const kind = entry.isLink ? await stat(systemPath(path)).catch(() => null) : entry;
    const isFolder = kind?.isDirectory() ?? false;
    const isOut = bounds.excluded(path, isFolder);
    if (isFolder && !isOut) yield* walk(path, bounds, entered, unreadable);
    // Also what is no file, or a dangling link: it fails by itself instead of being passed over.
    else yield { file: path, isOut };
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

/** The files of a batch that would write over each other, or over what they are made of. */
export async function clashesOf(files: readonly PlannedFile[]): Promise<FileClash[]> {
  const made = files.filter(({ output }) => output !== null);
  const clashes = await findClashes(
    made.map(({ output }) => output as string),
    files.map(({ input }) => input),
    'name',
  );
  return clashes.map((clash) => {
    const file = made[clash.output];
    const output = escaped(file.output as string);
    if (clash.with === 'output') {
      const [one, two] = [made[clash.other].input, file.input].toSorted();
      const base = dirname(one) === dirname(two) ? '' : ', or keep their paths by --base';
      return {
        file,
        message: `Each output has one input; '${escaped(one)}' and '${escaped(two)}' would both write '${output}'. Rename one, or give them different --out folders${base}.`,
      };
    }
    const other = escaped(files[clash.other].input);
    return {
      file,
      message: `An output never overwrites an input; '${output}' is the input '${other}'. Choose another --out folder.`,
    };
  });
}

/**
 * A recording of the run is a file of its own.
 * @throws MillpondError `ERR_OUTPUT_CLASH` when it would be one of the batch
 */
export async function refuseRecordingClash(path: string, plan: Plan): Promise<void> {
  // Also outputs that are left as they are; of other files in folders a batch knows nothing.
  const left = plan.skipped.filter(({ output }) => output !== null);
  const theirs = [...plan.files, ...plan.refused, ...left].flatMap(({ input, output }) =>
    output === null ? [input] : [input, output],
  );
  const clash = await findClash([path], theirs, 'name');
  if (clash === null) return;
  const file = theirs[clash.other];
  throw new MillpondError(
    'ERR_OUTPUT_CLASH',
    `A recording of the run is a file of its own; '${escaped(path)}' is '${escaped(file)}', which the batch reads or writes. Name another file.`,
  );
}
