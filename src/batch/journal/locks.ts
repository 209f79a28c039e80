/**
 * The locks of one batch, and what was made to have them. Owned by the main thread of whoever runs the batch,
 * until they are disposed of. Invariant: where nothing is kept, nothing is there afterwards that was not
 * there before, and no lock, file or folder is removed that another batch uses.
 */
import { dirname, join } from 'node:path';
import type { MillpondError } from '../../errors.ts';
import { makeFolder, removeEmpty } from '../../files/folders.ts';
import { sweepDead } from '../../files/whole-file.ts';
import { type Lock, lock } from './lock.ts';
import { makeHiddenFolder, openJournalFile } from './place.ts';
import { refuseToReplace } from './read-journal.ts';

/** Another batch may remove the folder, which it had made, at any moment; what else is wrong stays so. */
const MOST_TRIES = 20;

export class Locks implements Disposable {
  readonly #locks: Lock[] = [];
  /** The outermost first. */
  readonly #made: string[];

  /** @param made folders that were made already */
  constructor(made: readonly string[] = []) {
    this.#made = [...made];
  }

  /** False where the file system of one has no locks: nothing keeps a second batch out. */
  get areHeld(): boolean {
    return this.#locks.every(({ isHeld }) => isHeld);
  }

  /** @throws MillpondError `ERR_BATCH_LOCKED`, `ERR_OUTPUT_WRITE` */
  async takeFolder(outputs: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await makeFolder(outputs, this.#made);
        const { folder, isNew } = makeHiddenFolder(outputs);
        if (isNew) this.#made.push(folder);
        this.#locks.push(lock(join(folder, 'lock'), 'an output folder', outputs));
        sweepDead(folder);
        return;
      } catch (error) {
        if ((error as MillpondError).code !== 'ERR_OUTPUT_WRITE' || tries === MOST_TRIES) throw error;
      }
    }
  }

  /**
   * Of a journal that lies elsewhere.
   * @throws MillpondError `ERR_BATCH_LOCKED`, `ERR_JOURNAL_INVALID`, `ERR_OUTPUT_WRITE`
   */
  async takeJournal(path: string): Promise<void> {
    await makeFolder(dirname(path), this.#made);
    // What is no journal gets no lock beside it.
    await using found = await openJournalFile(path, 'read');
    if (found !== null) await refuseToReplace(found, path);
    this.#locks.push(lock(`${path}.lock`, 'a journal', path));
    sweepDead(dirname(path));
  }

  /** To be called when there is a journal: what was made stays. */
  keep(): void {
    this.#made.length = 0;
    for (const one of this.#locks) one.keep();
  }

  /** Safe to call again. */
  [Symbol.dispose](): void {
    for (const one of this.#locks.splice(0).reverse()) one[Symbol.dispose]();
    removeEmpty(this.#made.splice(0));
  }
}
