/**
 * The folders that a batch writes into, of whatever runner. Owns the set of them, from the first output in
 * each to the end of the batch; main thread.
 */
import { makeFolder } from '../files/folders.ts';
import { sweepDead } from '../files/whole-file.ts';

export class OutputFolders {
  readonly #made = new Map<string, Promise<void>>();
  readonly #swept = new Set<string>();
  readonly #onFolder: (folder: string) => void;

  /** @param onFolder is told of each before anything is written there */
  constructor(onFolder: (folder: string) => void = () => {}) {
    this.#onFolder = onFolder;
  }

  /**
   * Made once, and rid of what runs that died left there; a folder that cannot be made fails each of its
   * files.
   * @throws MillpondError `ERR_OUTPUT_WRITE`
   */
  make(folder: string): Promise<void> {
    let made = this.#made.get(folder);
    if (made === undefined) {
      this.#onFolder(folder);
      made = makeFolder(folder).then(() => this.sweep(folder));
      this.#made.set(folder, made);
    }
    return made;
  }

  /**
   * Rids a folder of what runs that died left there, once. Also where an output stays as it is: whoever died
   * between giving it its name and taking its hidden one away has left both.
   */
  sweep(folder: string): void {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    sweepDead(folder);
  }

  /** To be called when a process that wrote for the batch is gone. What those alive write stays. */
  sweepDead(): void {
    for (const folder of this.#made.keys()) sweepDead(folder);
  }
}
