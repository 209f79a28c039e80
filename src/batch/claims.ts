/**
 * Which names a batch reads and which it writes, by the folders that they really are in. Owned by the listing
 * until its end; main thread.
 * Invariant: a name has one writer, the first that was listed; so what becomes of a file depends on the order
 * of listing, never on what was done meanwhile. Where only so many names are kept, that holds for names that
 * come no further apart.
 */
import { join } from 'node:path';
import { foldedName } from '../files/alike-names.ts';
import type { ListedFile } from './plan.ts';

export class Claims {
  readonly #shared: Set<string>;
  readonly #most: number;
  #now = new Names();
  /** Those that came before, where only so many are kept. */
  #before: Names | null = null;

  /**
   * @param shared is told the places of inputs that are read more than once
   * @param most names are kept, or half of them
   */
  constructor(shared: Set<string>, most = Number.POSITIVE_INFINITY) {
    this.#shared = shared;
    this.#most = most;
  }

  /** Names that are kept: of a file its input's and its output's. */
  get size(): number {
    return this.#now.size + (this.#before?.size ?? 0);
  }

  /** A file at this place is an input. */
  read(folder: string, name: string): void {
    if (this.isRead(folder, name)) this.#shared.add(join(folder, name));
    else this.#room().read(folder, name);
  }

  isRead(folder: string, name: string): boolean {
    return this.#now.isRead(folder, name) || (this.#before?.isRead(folder, name) ?? false);
  }

  /** Null where the name is the file's from now on; else whose it is. */
  write(folder: string, name: string, file: ListedFile): ListedFile | null {
    const other = this.writerOf(folder, name);
    if (other === null) this.#room().write(folder, name, file);
    return other;
  }

  /** Who writes a name that a file system may take for this one: the first, and not the file itself. */
  alike(folder: string, name: string, file: ListedFile): ListedFile | null {
    return this.#before?.alike(folder, name, file) ?? this.#now.alike(folder, name, file);
  }

  /** An input whose name a file system may take for this one. To be asked when all are known. */
  readAlike(folder: string, name: string): string | null {
    return this.#before?.readAlike(folder, name) ?? this.#now.readAlike(folder, name);
  }

  writerOf(folder: string, name: string): ListedFile | null {
    return this.#now.writerOf(folder, name) ?? this.#before?.writerOf(folder, name) ?? null;
  }

  #room(): Names {
    if (this.#now.size >= this.#most / 2) {
      this.#before = this.#now;
      this.#now = new Names();
    }
    return this.#now;
  }
}

class Names {
  readonly #read = new Map<string, Set<string>>();
  /** By folder and folded name, of names that a file system may fold. */
  readonly #folded = new Map<string, Map<string, ListedFile>>();
  /** As `#folded`, of a folder that was asked for: which names are read. */
  readonly #foldedRead = new Map<string, Map<string, string>>();
  readonly #written = new Map<string, Map<string, ListedFile>>();
  size = 0;

  read(folder: string, name: string): void {
    const names = this.#read.get(folder);
    if (names === undefined) this.#read.set(folder, new Set([name]));
    else names.add(name);
    this.size++;
  }

  isRead(folder: string, name: string): boolean {
    return this.#read.get(folder)?.has(name) ?? false;
  }

  write(folder: string, name: string, file: ListedFile): void {
    let names = this.#written.get(folder);
    if (names === undefined) {
      names = new Map();
      this.#written.set(folder, names);
    }
    names.set(name, file);
    this.size++;
    const folded = foldedName(name);
    if (folded === name) return;
    const alike = this.#folded.get(folder);
    if (alike === undefined) this.#folded.set(folder, new Map([[folded, file]]));
    else if (!alike.has(folded)) alike.set(folded, file);
  }

  alike(folder: string, name: string, file: ListedFile): ListedFile | null {
    const folded = foldedName(name);
    const plain = folded === name ? undefined : this.#written.get(folder)?.get(folded);
    const found = plain ?? this.#folded.get(folder)?.get(folded);
    return found === undefined || found === file ? null : found;
  }

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
