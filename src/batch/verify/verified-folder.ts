/**
 * A folder of outputs beside its journal: what was done and what is there. Owns what the journal says and
 * what was found to be wrong, for one command; main thread. Nothing is written.
 * Invariant: nothing is opened that does not lie below the folder, whatever the journal names.
 */
import { join } from 'node:path';
import { TARGETS, type TargetName } from '../../audio/plan/targets.ts';
import type { VerifyRequest, VerifyResult } from '../../audio/verify-file.ts';
import { MillpondError } from '../../errors.ts';
import { absolutePath } from '../../files/byte-paths.ts';
import { inChunks } from '../../files/in-chunks.ts';
import { shown } from '../../text/escaping.ts';
import { type Done, type Mark, nameIn } from '../journal/entries.ts';
import { readJournalAt } from '../journal/look-into-journal.ts';
import { usualJournal } from '../journal/place.ts';
import type { ReadJournal } from '../journal/read-journal.ts';
import { entryAt } from '../looks.ts';
import { namesOf } from '../names.ts';
import type { Decision, PlannedFile } from '../plan.ts';
import { EVERYTHING } from '../selection.ts';
import { bytesPerSecond } from '../suffixes.ts';
import { type Fault, faultSeen, faultWithin, faultyOutput } from './standing.ts';

/** What is not as the journal says; `foreign` is a file that it does not know. */
interface Found {
  /** Absolute. */
  readonly file: string;
  readonly standing: Fault | 'foreign';
  /** What there is instead; null of what is foreign. */
  readonly why: string | null;
}

/** An output that was done, and what has its name. */
interface Looked {
  readonly path: string;
  readonly done: Done;
  readonly now: Mark | null;
}

const MOST_TOGETHER = 256;

export class VerifiedFolder {
  readonly #folder: string;
  readonly #journal: ReadJournal;
  readonly #to: TargetName | null;
  readonly #isQuick: boolean;
  readonly #looked = new Map<string, Looked>();
  readonly #found: Found[] = [];
  /** Outputs that are as they were made. */
  whole = 0;

  /**
   * Reads the journal.
   * @param file null for the one in the folder
   * @throws MillpondError `ERR_NO_INPUT` where there is none; `ERR_JOURNAL_INVALID`, `ERR_OUTPUT_WRITE`
   */
  static async open(folder: string, file: string | null, isQuick: boolean): Promise<VerifiedFolder> {
    const path = absolutePath(folder);
    const place = file === null ? usualJournal(path) : absolutePath(file);
    const read = await readJournalAt(place);
    if (read !== null) return new VerifiedFolder(path, read, isQuick);
    throw new MillpondError(
      'ERR_NO_INPUT',
      `A folder is compared with the journal of the batch that made it; there is none at '${shown(place)}'. Name the --out of a batch, and its --journal if it had one elsewhere.`,
    );
  }

  private constructor(folder: string, journal: ReadJournal, isQuick: boolean) {
    this.#folder = folder;
    this.#journal = journal;
    this.#isQuick = isQuick;
    const { to } = journal.header.settings;
    this.#to = typeof to === 'string' && Object.hasOwn(TARGETS, to) ? (to as TargetName) : null;
  }

  /** All that is wrong, and what the journal does not know, in the order of the names. */
  get found(): readonly Found[] {
    return this.#found.sort((a, b) => (a.file < b.file ? -1 : 1));
  }

  count(standing: Found['standing']): number {
    return this.#found.filter((one) => one.standing === standing).length;
  }

  /** Files that have to be looked into; of the others it is decided. */
  async *decisions(signal: AbortSignal): AsyncGenerator<readonly Decision[]> {
    const all = [...this.#journal.done.values()];
    for (let from = 0; from < all.length && !signal.aborted; from += MOST_TOGETHER) {
      const looked = await inChunks(all.slice(from, from + MOST_TOGETHER), (done) => this.#look(done));
      yield looked.map((one, at) => this.#decide(one, from + at));
    }
    await this.#lookForForeign(signal);
  }

  request = ({ input }: PlannedFile): VerifyRequest => {
    const { done } = this.#of(input);
    const { sound, output } = done;
    const encoded = sound === undefined || this.#to === null ? null : { ...sound, to: this.#to };
    return { path: input, sha256: output.sha256 ?? null, encoded };
  };

  /** @throws MillpondError `ERR_OUTPUT_VERIFY` */
  finish = ({ input }: PlannedFile, { fault: got }: VerifyResult): void => {
    const { done, now } = this.#of(input);
    this.#looked.delete(input);
    if (got === null || now === null) {
      this.whole++;
      return;
    }
    const { fault, why } = faultWithin(done, now, got);
    this.#found.push({ file: input, standing: fault, why });
    throw faultyOutput({ fault, why }, input);
  };

  #of(path: string): Looked {
    const looked = this.#looked.get(path);
    if (looked === undefined) throw new Error(`${path} was not listed`);
    return looked;
  }

  /** @throws MillpondError `ERR_JOURNAL_INVALID` */
  async #look(done: Done): Promise<Looked> {
    const name = done.output.path;
    const path = join(this.#folder, name);
    if (nameIn(this.#folder, path) !== name) throw outside(name);
    const found = await entryAt(path);
    // A link may lead anywhere, and none was made.
    const isFile = found !== null && !found.isLink && found.changedNs !== null;
    return { path, done, now: isFile ? { bytes: found.bytes, mtimeNs: `${found.changedNs}` } : null };
  }

  #decide(looked: Looked, number: number): Decision {
    const { path, done, now } = looked;
    const { bytes } = done.output;
    const file = { input: path, output: null, bytes, estimatedSeconds: bytes / bytesPerSecond(path), number };
    const faulty = faultSeen(done, now, this.#isQuick);
    if (faulty !== null) {
      this.#found.push({ file: path, standing: faulty.fault, why: faulty.why });
      const { code, message } = faultyOutput(faulty, path);
      return { to: 'refuse', file, refusal: { reason: 'unreadable', code, message } };
    }
    if (this.#isQuick) {
      this.whole++;
      return { to: 'skip', file: { input: path, output: null, bytes, reason: 'done' } };
    }
    this.#looked.set(path, looked);
    return { to: 'do', file: { ...file, at: -1 }, found: { input: null, output: null } };
  }

  async #lookForForeign(signal: AbortSignal): Promise<void> {
    const { done, failed, planned } = this.#journal;
    const known = new Set([...done.keys(), ...failed.keys(), ...planned]);
    // Those that were converted where they lie.
    for (const { input } of [...done.values(), ...failed.values()]) known.add(input.path);
    const bounds = { out: null, base: null, selection: EVERYTHING, others: false, signal };
    const folders = (async function* (folder: string) {
      yield [folder];
    })(this.#folder);
    for await (const names of namesOf(folders, bounds)) {
      for (const name of names) {
        if (name.is === 'unreadable') continue;
        const path = name.is === 'skip' ? name.file.input : join(name.folder, name.name);
        if (known.has(nameIn(this.#folder, path))) continue;
        this.#found.push({ file: path, standing: 'foreign', why: null });
      }
    }
  }
}

function outside(name: string): MillpondError {
  return new MillpondError(
    'ERR_JOURNAL_INVALID',
    `A journal names outputs by their paths below their folder, got '${shown(name)}'. It is the journal of another folder, or was written by somebody else.`,
  );
}
