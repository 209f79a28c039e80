/**
 * The journal of one batch: what was known when it began, and what is added as its files end. Owned by the
 * main thread of whoever runs the batch, with the locks and the file; the order of operations is in
 * `journal-file.ts`. Invariant: what it says is done was there as it says, made with the settings and by
 * the engine of its first line.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMillpondError, MillpondError } from '../../errors.ts';
import { systemPath } from '../../files/byte-paths.ts';
import { createOutput } from '../../files/whole-file.ts';
import { escaped, shown } from '../../text/escaping.ts';
import { wallMs } from '../../timers.ts';
import { packageVersion } from '../../version.ts';
import { digestOf } from './digest.ts';
import { type Header, type Made, type Mark, type MarkedFile, nameIn, SCHEMA } from './entries.ts';
import { isBegunAnew, refuseChanges } from './first-line.ts';
import { JournalFile, unwritable } from './journal-file.ts';
import { type Check, KnownFiles } from './known-files.ts';
import { writeLine } from './lines.ts';
import { Locks } from './locks.ts';
import { openJournalFile, usualJournal } from './place.ts';
import { type Known, nothingKnown, type ReadJournal, readJournal, refuseToReplace } from './read-journal.ts';
import { sorted } from './settings.ts';
import { type Durability, markOf, Syncs } from './syncs.ts';

export interface JournalOptions {
  /** The outputs' folder; absolute. */
  readonly outputs: string;
  /** Folders that were made for it, the outermost first: they go again where nothing comes into them. */
  readonly made?: readonly string[];
  /** The journal's file, absolute. Default: in a hidden folder of the outputs'. */
  readonly file?: string | undefined;
  /** What is made of each file. */
  readonly settings: object;
  /** The engine fingerprint. Asked for once, and only where a journal is compared with it or begun. */
  readonly engine: () => Promise<string>;
  readonly durability: Durability;
  /** Forgets what was done before. */
  readonly redo: boolean;
  readonly check: Check;
  /** The source of a file that is done is deleted: one that is gone is what it was. Default false. */
  readonly deletesSources?: boolean;
  /** Ends what reads whole files to compare them. */
  readonly signal?: AbortSignal;
  /**
   * Is given what lets go of the locks alone, before there are any, for a process that ends at once: nobody
   * is told that it holds them.
   */
  onLocks?(unlock: () => void): void;
}

/** What of a file the journal cares for. Absolute paths. */
interface JournaledFile {
  readonly input: string;
  readonly output: string;
}

/** A file whose task has started. */
interface BegunFile {
  /** Just before. */
  readonly input: MarkedFile;
  /** As the journal names it. */
  readonly output: string;
}

export class BatchJournal implements AsyncDisposable {
  /** False where the file system has no locks: nothing keeps a second batch out. */
  readonly isLocked: boolean;
  readonly known: KnownFiles;
  readonly #options: JournalOptions;
  readonly #path: string;
  readonly #locks: Locks;
  readonly #syncs: Syncs;
  /** By the paths of their outputs. */
  readonly #begun = new Map<string, BegunFile>();
  #file: Promise<JournalFile> | null;

  /**
   * Locks the outputs' folder, and reads what is known of it.
   * @throws MillpondError `ERR_BATCH_LOCKED`, `ERR_JOURNAL_INVALID`, `ERR_SETTINGS_CHANGED`,
   * `ERR_OUTPUT_WRITE`
   */
  static async open(options: JournalOptions): Promise<BatchJournal> {
    const path = options.file ?? usualJournal(options.outputs);
    const locks = new Locks(options.made);
    options.onLocks?.(() => locks[Symbol.dispose]());
    try {
      await locks.takeFolder(options.outputs);
      if (options.file !== undefined) await locks.takeJournal(path);
      const read = await BatchJournal.#read(options, path);
      if (read.file !== null) locks.keep();
      return new BatchJournal({ options, path, ...read, locks });
    } catch (error) {
      locks[Symbol.dispose]();
      throw error;
    }
  }

  static async #read(
    options: JournalOptions,
    path: string,
  ): Promise<Pick<BatchJournalParts, 'syncs' | 'known' | 'file'>> {
    const syncs = new Syncs(options.durability);
    // At the start already it is known whether the file system does so.
    await syncs.folders([dirname(path)]);
    const file = await openJournalFile(path, 'write');
    let read: ReadJournal | null = null;
    try {
      if (file !== null && options.redo) await refuseToReplace(file, path);
      else if (file !== null) read = await readJournal(file, path);
      if (read !== null && isBegunAnew(read)) read = null;
      if (read !== null) refuseChanges(read.header, options.settings, await options.engine());
    } catch (error) {
      await file?.close();
      throw error;
    }
    if (read === null || file === null) {
      await file?.close();
      return { syncs, known: nothingKnown(), file: null };
    }
    const { end, checksum } = read;
    if ((await file.stat()).size > end) await file.truncate(end);
    const opened = new JournalFile({ path, file, syncs, end, checksum });
    return { syncs, known: read, file: Promise.resolve(opened) };
  }

  private constructor({ options, path, locks, syncs, known, file }: BatchJournalParts) {
    this.#options = options;
    this.#path = path;
    this.#locks = locks;
    this.isLocked = locks.areHeld;
    this.#syncs = syncs;
    this.known = new KnownFiles(known, options);
    this.#file = file;
  }

  /**
   * To be called before a file's task starts.
   * @throws MillpondError `ERR_OUTPUT_WRITE` where the journal cannot be written; the signal's reason
   */
  async begin(file: JournaledFile): Promise<void> {
    const { outputs } = this.#options;
    const output = nameIn(outputs, file.output);
    const mark = await inputMark(file.input, this.#options);
    // Its task fails, and no journal is begun for that.
    if (mark === null) return;
    const journal = await this.#opened();
    const input = { path: nameIn(outputs, file.input), ...mark };
    this.#begun.set(file.output, { input, output });
    if (this.power) await journal.append({ kind: 'planned', entry: output });
  }

  /**
   * Resolves once it counts.
   * @param made what is known of the output beside what its file tells
   * @throws MillpondError `ERR_OUTPUT_WRITE`, also where the output is gone already
   */
  async done({ output: path }: JournaledFile, { sha256, sound }: Made = {}): Promise<void> {
    const begun = this.#begun.get(path);
    if (begun === undefined) return;
    const { input, output } = begun;
    const { settings, engine, check } = this.#options;
    const journal = await this.#opened();
    const mark = await this.#syncs.output(path).catch((cause) => {
      throw lost(path, cause);
    });
    this.#begun.delete(path);
    const marked = { path: output, ...mark, ...(sha256 && { sha256 }) };
    const entry = { input, output: marked, ...(sound && { sound }) };
    const folder = dirname(path);
    if (check === 'times' || input.sha256 === undefined) {
      await journal.append({ kind: 'done', entry, folder });
      return;
    }
    const { contentAddress } = await import('../content-address.ts');
    const address = contentAddress({ source: input.sha256, settings, engine: await engine() });
    const content = { ...marked, sha256: sha256 ?? (await digestOf(path)) };
    await journal.append({ kind: 'done', entry: { ...entry, output: content, address }, folder });
  }

  /** Resolves once it is written. @throws MillpondError `ERR_OUTPUT_WRITE` */
  async failed({ output: path }: JournaledFile, { code, message }: Failure): Promise<void> {
    const begun = this.#begun.get(path);
    if (begun === undefined) return;
    this.#begun.delete(path);
    const journal = await this.#opened();
    await journal.append({ kind: 'failed', entry: { ...begun, code, message } });
  }

  /** Lets go of all; what was begun and has not ended was cancelled. Safe to call again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const file = await this.#file?.catch(() => null);
    this.#file = null;
    try {
      if (file) {
        const left = this.power ? [...this.#begun.values()] : [];
        const cancelled = left.map(({ output }) => file.append({ kind: 'cancelled', entry: output }));
        await Promise.all(cancelled).catch(() => {});
        await file.close();
      }
    } finally {
      this.#locks[Symbol.dispose]();
    }
  }

  /** Whether what is done is brought onto the disk, so that files wait for it. */
  get power(): boolean {
    return this.#syncs.power;
  }

  /** The file, begun anew where there is none to go on with. */
  #opened(): Promise<JournalFile> {
    this.#file ??= this.#create();
    return this.#file;
  }

  async #create(): Promise<JournalFile> {
    try {
      return await this.#createFile();
    } catch (error) {
      throw isMillpondError(error) ? error : unwritable(this.#path, error);
    }
  }

  async #createFile(): Promise<JournalFile> {
    const { settings, engine } = this.#options;
    const path = this.#path;
    const header: Header = {
      schema: SCHEMA,
      version: packageVersion(),
      begun: new Date(wallMs()).toISOString(),
      settings: sorted(settings),
      engine: await engine(),
    };
    const { bytes, checksum } = writeLine(JSON.stringify(header), 0);
    const aside = createOutput(path);
    try {
      aside.write(bytes, 0);
      await this.#syncs.output(aside.handle);
      aside.commit();
    } finally {
      aside.discard();
    }
    this.#locks.keep();
    const file = await openJournalFile(path, 'write');
    if (file === null) throw new Error('it was removed at once');
    await this.#syncs.folders([dirname(path)]);
    return new JournalFile({ path, file, syncs: this.#syncs, end: bytes.length, checksum });
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

interface BatchJournalParts {
  readonly options: JournalOptions;
  readonly path: string;
  readonly locks: Locks;
  readonly syncs: Syncs;
  readonly known: Known;
  readonly file: Promise<JournalFile> | null;
}

/** Null of what cannot be looked at. */
async function inputMark(path: string, { check, signal }: JournalOptions): Promise<Mark | null> {
  try {
    // At once: another thread would take ten times as long, and the file is read next.
    const mark = markOf(statSync(systemPath(path), { bigint: true }));
    return check === 'content' ? { ...mark, sha256: await digestOf(path, signal) } : mark;
  } catch {
    if (check === 'content') signal?.throwIfAborted();
    return null;
  }
}

function lost(output: string, cause: Error): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `An output stays where it was put until it is written down as done; '${shown(output)}' cannot be looked at: ${escaped(cause.message)}. Check who else works in its folder, and the disk.`,
    { cause },
  );
}
