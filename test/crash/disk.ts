/**
 * A disk as a power loss may leave it: what was synced is there, and of all else whatever is worst. Owns the
 * files of one folder, as they are seen and as they are known to be on the disk.
 */
import { dirname } from 'node:path';
import type { Choices } from '../simulation/choices.ts';
import type { Operation } from './operations.ts';

/** What is found under each path: the bytes of a file, or null for a folder. */
export type Found = ReadonlyMap<string, Buffer | null>;

/**
 * What is left of what was not synced: all, as after a kill; nothing; the names without what is in the files;
 * names and lengths, with zeros in the files; or of each file a beginning of what was written, and of each
 * name what it once meant.
 */
export type Loss = 'none' | 'all' | 'contents' | 'bytes' | 'any';

export const LOSSES: readonly Loss[] = ['none', 'all', 'contents', 'bytes', 'any'];

/** What a name means: a file's number, a folder, or nothing. */
type Meaning = number | 'folder' | undefined;

interface Name {
  synced: Meaning;
  /** Since then, in order. */
  readonly changes: { readonly at: number; readonly to: Meaning }[];
}

interface Content {
  synced: Buffer;
  readonly changes: { readonly at: number; apply(before: Buffer, share?: number): Buffer }[];
}

export class Disk {
  readonly #folder: string;
  readonly #names = new Map<string, Name>();
  readonly #contents = new Map<number, Content>();
  #count = 0;

  /** @param folder absolute, and not there yet */
  constructor(folder: string) {
    this.#folder = folder;
  }

  apply(operation: Operation): void {
    const at = this.#count++;
    const name = (path: string, to: Meaning): void => void this.#nameOf(path).changes.push({ at, to });
    const change = (file: number, apply: Content['changes'][number]['apply']): void => {
      this.#contentOf(file).changes.push({ at, apply });
    };
    switch (operation.kind) {
      case 'folder':
        name(operation.path, 'folder');
        break;
      case 'create':
        name(operation.path, operation.file);
        break;
      case 'link':
        name(operation.to, seen(this.#nameOf(operation.from)));
        break;
      case 'rename':
        name(operation.to, seen(this.#nameOf(operation.from)));
        name(operation.from, undefined);
        break;
      case 'remove':
        name(operation.path, undefined);
        break;
      case 'write':
        change(operation.file, (before, share = 1) => written(before, operation.at, operation.bytes, share));
        break;
      case 'resize':
        change(operation.file, (before) => written(before.subarray(0, operation.bytes), operation.bytes));
        break;
      case 'sync':
        this.#sync(operation.of, operation.after);
    }
  }

  #sync(of: number | string, after: number): void {
    if (typeof of === 'number') {
      const content = this.#contentOf(of);
      while (content.changes[0]?.at < after) content.synced = content.changes.shift()!.apply(content.synced);
      return;
    }
    for (const [path, name] of this.#names) {
      if (dirname(path) !== of) continue;
      while (name.changes[0]?.at < after) name.synced = name.changes.shift()!.to;
    }
  }

  #nameOf(path: string): Name {
    let name = this.#names.get(path);
    if (name === undefined) {
      name = { synced: undefined, changes: [] };
      this.#names.set(path, name);
    }
    return name;
  }

  #contentOf(file: number): Content {
    let content = this.#contents.get(file);
    if (content === undefined) {
      content = { synced: Buffer.alloc(0), changes: [] };
      this.#contents.set(file, content);
    }
    return content;
  }

  /** @param choices what is lost where any may be */
  after(loss: Loss, choices: Choices): Found {
    const kept = new Map<number, Buffer>();
    const contentOf = (file: number): Buffer => {
      const before = kept.get(file);
      if (before !== undefined) return before;
      const content = this.#contentOf(file);
      const bytes = bytesAfter(content, loss, choices);
      kept.set(file, bytes);
      return bytes;
    };
    const found = new Map<string, Buffer | null>();
    // What is above is looked at first: without its folder a file is nowhere.
    for (const path of [...this.#names.keys()].sort()) {
      if (path !== this.#folder && !found.has(dirname(path))) continue;
      const meaning = meaningAfter(this.#names.get(path)!, loss, choices);
      if (meaning === 'folder') found.set(path, null);
      else if (meaning !== undefined) found.set(path, contentOf(meaning));
    }
    return found;
  }
}

function meaningAfter(name: Name, loss: Loss, choices: Choices): Meaning {
  if (loss === 'all') return name.synced;
  if (loss !== 'any') return seen(name);
  const kept = choices.pick(name.changes.length + 1);
  return kept === 0 ? name.synced : name.changes[kept - 1].to;
}

function bytesAfter({ synced, changes }: Content, loss: Loss, choices: Choices): Buffer {
  if (loss === 'all' || loss === 'contents') return synced;
  const kept = loss === 'none' || loss === 'bytes' ? changes.length : choices.pick(changes.length + 1);
  let bytes = synced;
  for (const { apply } of changes.slice(0, kept)) bytes = apply(bytes);
  if (loss === 'bytes') return written(Buffer.alloc(bytes.length), 0, synced.subarray(0, bytes.length));
  // Of the next write a part may be there.
  return kept < changes.length ? changes[kept].apply(bytes, choices.pick(8) / 8) : bytes;
}

function seen({ synced, changes }: Name): Meaning {
  return changes.length === 0 ? synced : changes.at(-1)!.to;
}

function written(before: Buffer, at: number, bytes: Buffer = Buffer.alloc(0), share = 1): Buffer {
  const part = bytes.subarray(0, Math.ceil(bytes.length * share));
  const after = Buffer.alloc(Math.max(before.length, at + part.length));
  before.copy(after);
  part.copy(after, at);
  return after;
}
