/**
 * Lists the files of a batch, and decides in the order of listing what becomes of each, while those before it
 * are done already. Owns which names are read and written, until all is listed; main thread.
 * Invariants: an output has one input, and never overwrites one; what is decided does not depend on what was
 * done meanwhile.
 */
import { basename, dirname, join, relative } from 'node:path';
import type { MillpondError } from '../errors.ts';
import { absolutePath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import { inChunks } from '../files/in-chunks.ts';
import { type Folder, folderAt, realPath } from '../files/places.ts';
import { Claims } from './claims.ts';
import { entryAt, foundAt } from './looks.ts';
import { type Name, namesOf } from './names.ts';
import {
  type Decision,
  type Found,
  type FoundFile,
  ListedFile,
  type ListedFolder,
  ListedOther,
  type Outputs,
  type Refusal,
  type Rule,
} from './plan.ts';
import {
  emptyName,
  noInput,
  overwritten,
  ownFile,
  ownOutput,
  recordingClash,
  twoInputs,
  unreadableFolder,
} from './refusals.ts';
import { EVERYTHING, type Selection } from './selection.ts';

interface ListingOptions {
  /** Names of files and folders, as they become known. */
  readonly inputs: AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
  /** Null for a batch that makes no files. */
  readonly outputs: Outputs | null;
  readonly selection?: Selection;
  /** Whether what is in folders and is not audio is copied. Default false. */
  readonly others?: boolean;
  /** The first that decides does; a file of which none does is done. */
  readonly rules?: readonly Rule[];
  /**
   * Whether two names are one in a folder. Default: none are, as where nothing may be written to find it out.
   */
  readonly areOneName?: (folder: string, one: string, other: string) => boolean;
  /** Whether a file is what an earlier run made: in a folder it is passed over. Default: none is. */
  readonly isMade?: (path: string, found: FoundFile | null) => boolean;
  /** Is told the places of inputs that several files are made of. Known when all is listed. */
  readonly shared?: Set<string>;
  /** Names that are kept, the last ones. Default: all. Of two that come further apart both are done. */
  readonly mostNames?: number;
  /** A file of the run itself: where it is one of the batch, the batch is refused. */
  readonly record?: string | undefined;
  /** Files of the run that are there already: where one is of the batch too, that file is refused. */
  readonly own?: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * What is decided, some files at a time. Of several inputs that would write one output the first that was
 * listed is done, and each other one is refused. A file whose output is not there is done at once, since
 * nothing is overwritten; one whose output is there waits until all inputs are known. What a walk finds of
 * the batch's own outputs, or of those that an earlier run made, is passed over.
 * @throws MillpondError `ERR_NO_INPUT` when there was nothing to do; `ERR_OUTPUT_CLASH` when the recording is
 * a file of the batch; `ERR_INVALID_ARGUMENT` for an empty name
 */
export async function* decisionsOf(options: ListingOptions): AsyncGenerator<readonly Decision[]> {
  yield* new Listing(options).decisions();
}

/** A name with what was found of it. */
interface Looked {
  readonly name: Name;
  readonly folder: ListedFolder | null;
  readonly found: Found;
  /** Where a link leads, all links followed; null where it leads nowhere, and of what is no link. */
  readonly target: string | null;
}

const NOTHING: Found = { input: null, output: null };
const MOST_NAMED = 5;
/** Of folders that are remembered, where not all names are. */
const NAMES_A_FOLDER = 20;

class Listing {
  readonly #options: ListingOptions;
  readonly #claims: Claims;
  readonly #folders = new Map<string, Promise<ListedFolder>>();
  readonly #places = new Map<string, Promise<Folder>>();
  /** Those whose outputs are there. */
  readonly #waiting: { file: ListedFile; found: Found }[] = [];
  /** Places of the recording, and of the run's other files: their names', and the files'. */
  readonly #recording: string[] = [];
  readonly #own: string[] = [];
  #count = 0;
  #made = 0;
  #unreadable = 0;
  #excluded = 0;
  #others = 0;
  /** Of what was named the first, for messages. */
  readonly #named: string[] = [];
  #namedCount = 0;

  constructor(options: ListingOptions) {
    this.#options = options;
    this.#claims = new Claims(options.shared ?? new Set(), options.mostNames);
  }

  async *decisions(): AsyncGenerator<readonly Decision[]> {
    const { outputs, selection = EVERYTHING, others = false, record, signal } = this.#options;
    for (const path of [outputs?.folder, outputs?.base]) if (path === '') throw emptyName();
    if (record !== undefined) this.#recording.push(...(await this.#placesOf(record)));
    for (const path of this.#options.own ?? []) this.#own.push(...(await this.#placesOf(path)));
    const names = namesOf(this.#inputs(), {
      out: outputs === null ? null : absolutePath(outputs.folder),
      base: outputs?.base === undefined ? null : absolutePath(outputs.base),
      selection,
      others,
      signal,
    });
    for await (const some of names) {
      const decided: Decision[] = [];
      for (const one of await inChunks(some, (name) => this.#look(name))) {
        const decision = await this.#decide(one);
        if (decision !== null) decided.push(decision);
      }
      yield decided;
    }
    if (this.#count + this.#made + this.#unreadable === 0 && !signal.aborted) throw this.#nothing();
    if (this.#waiting.length > 0) yield await this.#decideWaiting();
  }

  async *#inputs(): AsyncGenerator<readonly string[]> {
    for await (const some of this.#options.inputs) {
      if (some.includes('')) throw emptyName();
      this.#named.push(...some.slice(0, MOST_NAMED - this.#named.length));
      this.#namedCount += some.length;
      yield some;
    }
  }

  async #placesOf(path: string): Promise<string[]> {
    const whole = absolutePath(path);
    const folder = await folderAt(dirname(whole), this.#places);
    const file = await realPath(whole).catch(() => null);
    return [join(folder.path, basename(whole)), ...(file === null ? [] : [file])];
  }

  async #look(name: Name): Promise<Looked> {
    if (name.is !== 'file') return { name, folder: null, found: NOTHING, target: null };
    const folder = await this.#folder(name.folder, name.under);
    const path = join(name.folder, name.name);
    const [input, target, output] = await Promise.all([
      foundAt(path, name.isLink),
      name.isLink ? realPath(path).catch(() => null) : null,
      folder.output?.place.isThere ? entryAt(outputOf(folder, name)) : null,
    ]);
    return { name, folder, found: { input, output }, target };
  }

  #folder(path: string, under: string): Promise<ListedFolder> {
    const key = `${under}\0${path}`;
    let folder = this.#folders.get(key);
    if (folder === undefined) {
      const most = (this.#options.mostNames ?? Number.POSITIVE_INFINITY) / NAMES_A_FOLDER;
      for (const known of [this.#folders, this.#places]) if (known.size >= most) known.clear();
      folder = this.#listedFolder(path, under);
      this.#folders.set(key, folder);
    }
    return folder;
  }

  async #listedFolder(path: string, under: string): Promise<ListedFolder> {
    const { outputs } = this.#options;
    const real = (await folderAt(path, this.#places)).path;
    const isElsewhere = real !== join((await folderAt(under, this.#places)).path, relative(under, path));
    if (outputs === null) return { path, real, isElsewhere, output: null };
    const out = join(absolutePath(outputs.folder), relative(under, path));
    const place = await folderAt(out, this.#places);
    return { path, real, isElsewhere, output: { path: out, place, extension: outputs.extension } };
  }

  /** Null for what is passed over: named twice, or an output of this batch, by this run or an earlier one. */
  async #decide({ name, folder, found, target }: Looked): Promise<Decision | null> {
    if (name.is === 'skip') {
      if (name.file.reason === 'excluded') this.#excluded++;
      else this.#others++;
      return { to: 'skip', file: name.file };
    }
    if (name.is === 'unreadable' || folder === null) return this.#unreadableFolder(name);
    const Kind = name.isOther ? ListedOther : ListedFile;
    const file = new Kind(folder, name.name, found.input?.bytes ?? 0, this.#count);
    if (name.isOther && !found.input?.isFile) {
      this.#others++;
      return { to: 'skip', file: { input: file.input, output: null, bytes: 0, reason: 'notRegular' } };
    }
    const place = folder.output?.place.path ?? folder.path;
    const places = [file.place, target, folder.output && join(place, file.outputName)];
    if (places.some((one) => one !== null && this.#recording.includes(one))) {
      throw recordingClash(this.#options.record ?? '', file);
    }
    const maker = this.#claims.writerOf(folder.real, name.name);
    const isOwn = maker !== null && !maker.replaces && folder.output !== null;
    if (isOwn && !name.isNamed) return null;
    if (!name.isNamed && folder.output !== null && this.#options.isMade?.(file.input, found.input)) {
      this.#made++;
      return null;
    }
    const other = this.#claims.write(place, file.outputName, file);
    if (other !== null && other.input === file.input) return null;
    this.#count++;
    this.#claims.read(folder.real, name.name);
    if (target !== null) this.#claims.read(dirname(target), basename(target));
    if (places.some((one) => one !== null && this.#own.includes(one))) return refuse(file, ownFile(file));
    if (folder.output === null) return { to: 'do', file, found };
    if (isOwn) return refuse(file, ownOutput(file, maker));
    if (other !== null) return refuse(file, twoInputs(file, other));
    const alike = this.#claims.alike(place, file.outputName, file);
    if (alike !== null && (await this.#areOne(file, alike.outputName))) {
      return refuse(file, twoInputs(file, alike));
    }
    if (found.output === null && this.#claims.isRead(place, file.outputName)) {
      return refuse(file, overwritten(file, join(place, file.outputName)));
    }
    return this.#judge(file, found);
  }

  #unreadableFolder(name: Name): Decision {
    if (name.is !== 'unreadable') throw new Error('a file without a folder');
    this.#unreadable++;
    const file = { input: name.folder, output: null, bytes: 0, estimatedSeconds: 0 };
    return { to: 'refuse', file, refusal: unreadableFolder(name.reason) };
  }

  async #judge(file: ListedFile, found: Found): Promise<Decision> {
    file.replaces = found.output !== null;
    for (const rule of this.#options.rules ?? []) {
      const verdict = await rule(file, found);
      if (verdict === null) continue;
      file.mayReplace = verdict === 'replace';
      if (verdict === 'do' || verdict === 'replace') break;
      if ('refuse' in verdict) return refuse(file, verdict.refuse);
      const { input, output, bytes } = file;
      return { to: 'skip', file: { input, output, bytes, reason: verdict.skip } };
    }
    if (!file.replaces) return { to: 'do', file, found };
    this.#waiting.push({ file, found });
    return { to: 'wait', file, found };
  }

  /** All inputs are known now. */
  #decideWaiting(): Promise<Decision[]> {
    return inChunks(this.#waiting, async ({ file, found }): Promise<Decision> => {
      const refusal = await this.#overwrites(file, found);
      if (refusal === null) return { to: 'do', file, found, waited: true };
      return { to: 'refuse', file, refusal, waited: true };
    });
  }

  async #overwrites(file: ListedFile, { output }: Found): Promise<Refusal | null> {
    const place = file.folder.output?.place.path as string;
    const entry = join(place, file.outputName);
    if (this.#claims.isRead(place, file.outputName)) return overwritten(file, entry);
    const alike = this.#claims.readAlike(place, file.outputName);
    if (alike !== null && (await this.#areOne(file, alike))) return overwritten(file, join(place, alike));
    const target = output?.isLink ? await realPath(entry).catch(() => null) : null;
    const isRead = target !== null && this.#claims.isRead(dirname(target), basename(target));
    return isRead ? overwritten(file, target) : null;
  }

  /** Whether a file system takes another name for that of the file's output. */
  async #areOne(file: ListedFile, other: string): Promise<boolean> {
    const { areOneName } = this.#options;
    const folder = file.folder.output?.path as string;
    if (areOneName === undefined) return false;
    // Where it cannot be made its files fail by themselves.
    await makeFolder(folder).catch(() => {});
    return areOneName(folder, file.outputName, other);
  }

  #nothing(): MillpondError {
    const [named, namedCount] = [this.#named, this.#namedCount];
    return noInput({ named, namedCount, excluded: this.#excluded, others: this.#others });
  }
}

function outputOf(folder: ListedFolder, { name, isOther }: { name: string; isOther: boolean }): string {
  return new (isOther ? ListedOther : ListedFile)(folder, name, 0, 0).output as string;
}

function refuse(file: ListedFile, refusal: Refusal): Decision {
  return { to: 'refuse', file, refusal };
}
