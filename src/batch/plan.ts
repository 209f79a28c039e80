/**
 * What a batch does with a file: what is known of it before its turn, and what is decided. A file that waits
 * is a small record: of a hundred thousand in a folder none holds its paths. Pure.
 */
import { join } from 'node:path';
import type { Bytes } from '../bytes.ts';
import type { Folder } from '../files/places.ts';
import type { Placed } from '../runtime/heap.ts';
import { bytesPerSecond, withoutSuffix } from './suffixes.ts';

export interface PlannedFile {
  /** Absolute. */
  readonly input: string;
  /** Absolute; `null` where the batch makes no files. */
  readonly output: string | null;
  readonly bytes: Bytes;
  /** Length of the audio as its size and format suggest; 0 for an empty or missing file, and for no audio. */
  readonly estimatedSeconds: number;
  /** It is not audio by its name, and copied as it is. */
  readonly isOther?: boolean;
  /** Its output replaces what is there, whatever the options say. */
  readonly mayReplace?: boolean;
}

/** Where a batch makes one file for each input. */
export interface Outputs {
  readonly folder: string;
  /** With its dot. */
  readonly extension: string;
  /** What is named below this folder keeps its path there. Default: a file lands in `folder` itself. */
  readonly base?: string | undefined;
}

/**
 * Why something is left out: a file in a folder is not audio by its name; its name, or that of its folder, is
 * not among those that were asked for; its output exists; it is not newer than its output; others are copied,
 * and it is no regular file; by the journal it is done, and nothing of it has changed.
 */
export type SkipReason = 'notAudio' | 'excluded' | 'exists' | 'notNewer' | 'notRegular' | 'done';

export interface SkippedFile {
  /** Absolute; of a folder where all of it is left out. */
  readonly input: string;
  readonly output: string | null;
  /** 0 where nobody looked. */
  readonly bytes: Bytes;
  readonly reason: SkipReason;
}

/** What was found of a file that was listed, and of its output. */
export interface Found {
  /** Links followed; null where it is missing. */
  readonly input: FoundFile | null;
  /** Null where nothing has the output's name, not even a link that leads nowhere. */
  readonly output: FoundFile | null;
}

export interface FoundFile {
  readonly bytes: Bytes;
  /** When it was last changed, links followed; null where it is no file, or a link that leads nowhere. */
  readonly changedNs: bigint | null;
  /** Links followed. */
  readonly isFile: boolean;
  /** The name is a link. */
  readonly isLink: boolean;
}

/** Why a file is not done. */
export interface Refusal {
  readonly reason: 'clash' | 'exists' | 'unreadable' | 'crashed';
  readonly code: string;
  readonly message: string;
}

/**
 * What becomes of a file whose output's name is its own. `replace`: it is done and replaces what is there,
 * whatever the options say of outputs that exist, since the batch made that itself.
 */
export type Verdict = 'do' | 'replace' | { readonly skip: SkipReason } | { readonly refuse: Refusal };

/** Null where another rule decides. */
export type Rule = (file: PlannedFile, found: Found) => Verdict | null | Promise<Verdict | null>;

/** A file on its way to a thread. */
export interface QueuedFile extends PlannedFile, Placed {
  /** In the order of listing. */
  readonly number: number;
}

/** What is decided of what was listed. */
export type Decision =
  /** `wait`: its output exists, so it is decided once more when all inputs are known. */
  | { readonly to: 'do' | 'wait'; readonly file: QueuedFile; readonly found: Found; readonly waited?: true }
  | { readonly to: 'skip'; readonly file: SkippedFile }
  | { readonly to: 'refuse'; readonly file: PlannedFile; readonly refusal: Refusal; readonly waited?: true };

/** Files in one folder whose outputs are in one folder. */
export interface ListedFolder {
  /** Absolute, as it was named or walked to. */
  readonly path: string;
  /** The same, all links followed. */
  readonly real: string;
  /** On the way to it from what was named there is a link. */
  readonly isElsewhere: boolean;
  /** Where the outputs go; null where the batch makes none. */
  readonly output: { readonly path: string; readonly place: Folder; readonly extension: string } | null;
}

export class ListedFile implements QueuedFile {
  readonly folder: ListedFolder;
  readonly name: string;
  readonly bytes: Bytes;
  readonly estimatedSeconds: number;
  readonly number: number;
  /** Something had the output's name when the file was listed. */
  replaces = false;
  mayReplace = false;
  at = -1;

  constructor(folder: ListedFolder, name: string, bytes: Bytes, number: number) {
    this.folder = folder;
    this.name = name;
    this.bytes = bytes;
    this.estimatedSeconds = this.isOther ? 0 : bytes / bytesPerSecond(name);
    this.number = number;
  }

  get isOther(): boolean {
    return false;
  }

  get input(): string {
    return join(this.folder.path, this.name);
  }

  /** Where it really is: a link to it is another place. */
  get place(): string {
    return join(this.folder.real, this.name);
  }

  get output(): string | null {
    const { output } = this.folder;
    return output === null ? null : join(output.path, this.outputName);
  }

  /** Without its folder: its own suffix in place of the input's, or behind a name that has none. */
  get outputName(): string {
    return `${withoutSuffix(this.name)}${this.folder.output?.extension ?? ''}`;
  }
}

/** What is copied beside the outputs, and keeps its name. */
export class ListedOther extends ListedFile {
  override get isOther(): boolean {
    return true;
  }

  override get outputName(): string {
    return this.name;
  }
}
