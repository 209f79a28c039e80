/**
 * Which names a batch reads and which it writes, by the folders that they really are in. Owned by the listing
 * until its end; main thread.
 * Invariant: a name has one writer, the first that was listed; so what becomes of a file depends on the order
 * of listing, never on what was done meanwhile.
 */
import { join } from 'node:path';
import { foldedName } from '../files/alike-names.ts';
import type { ListedFile } from './plan.ts';

export class Claims {
  readonly #read = new Map<string, Set<string>>();
  readonly #shared: Set<string>;
  /** By folder and folded name, of names that a file system may fold. */
  readonly #folded = new Map<string, Map<string, ListedFile>>();
  /** As `#folded`, of a folder that was asked for: which names are read. */
  readonly #foldedRead = new Map<string, Map<string, string>>();
  readonly #written = new Map<string, Map<string, ListedFile>>();

  /** @param shared is told the places of inputs that are read more than once */
  constructor(shared: Set<string>) {
    this.#shared = shared;
  }

  /** A file at this place is an input. */
  read(folder: string, name: string): void {
    const names = this.#read.get(folder);
    if (names === undefined) this.#read.set(folder, new Set([name]));
    else if (names.has(name)) this.#shared.add(join(folder, name));
    else names.add(name);
  }

  isRead(folder: string, name: string): boolean {
    return this.#read.get(folder)?.has(name) ?? false;
  }

  /** Null where the name is the file's from now on; else whose it is. */
  write(folder: string, name: string, file: ListedFile): ListedFile | null {
    let names = this.#written.get(folder);
    if (names === undefined) {
      names = new Map();
      this.#written.set(folder, names);
    }
    const other = names.get(name);
    if (other !== undefined) return other;
    names.set(name, file);
    const folded = foldedName(name);
    if (folded !== name) {
      const alike = this.#folded.get(folder);
      if (alike === undefined) this.#folded.set(folder, new Map([[folded, file]]));
      else if (!alike.has(folded)) alike.set(folded, file);
    }
    return null;
  }

  /** Who writes a name that a file system may take for this one: the first, and not the file itself. */
  alike(folder: string, name: string, file: ListedFile): ListedFile | null {
    const folded = foldedName(name);
    const plain = folded === name ? undefined : this.#written.get(folder)?.get(folded);
    const found = plain ?? this.#folded.get(folder)?.get(folded);
    return found === undefined || found === file ? null : found;
  }

  /** An input whose name a file system may take for this one. To be asked when all are known. */
  readAlike(folder: string, name: string): string | null {
    let alike = this.#foldedRead.get(folder);
    if (alike === undefined) {
      alike = new Map();
      for (const read of this.#read.get(folder) ?? []) alike.set(foldedName(read), read);
      this.#foldedRead.set(folder, alike);
    }
    return alike.get(foldedName(name)) ?? null;
  }

  writerOf(folder: string, name: string): ListedFile | null {
    return this.#written.get(folder)?.get(name) ?? null;
  }
}
