/**
 * The journal's file while a batch runs. Owned by the main thread of the one process that holds its lock;
 * it has the descriptor, where the next line goes, and what waits to be written.
 *
 * The order of operations, which each promise rests on. Of an output:
 *  1. with `power`, the line that says it is planned is on the disk before its task starts: until it is
 *     done, a power loss may leave its name on anything, and a later run must not take that for whole;
 *  2. the task writes it aside and renames or links it into its place (files/whole-file.ts);
 *  3. with `power`, its bytes are synced (fdatasync), many outputs at once;
 *  4. with `power`, its folder is synced, and once those above it: the name is on the disk, with its bytes;
 *  5. the line that says `done` is written, for all outputs that came so far at this moment together;
 *  6. with `power`, the journal is synced (fdatasync);
 *  7. only now does it count as done. Of the journal itself: a new one is written aside with its first
 *     line, synced, renamed into its place, and its folder and those above it are synced, all before the
 *     first task starts. One that is gone on with is cut off behind its last whole line before anything is
 *     appended.
 *
 * Invariant: lines are appended one after the other, each whole group by one write, and none after one
 * failed.
 */
import type { FileHandle } from 'node:fs/promises';
import { MillpondError } from '../../errors.ts';
import { escaped, shown } from '../../text/escaping.ts';
import { setTimeout } from '../../timers.ts';
import type { Done, Failed } from './entries.ts';
import { MOST_LINE_BYTES, writeLine } from './lines.ts';
import type { Syncs } from './syncs.ts';

interface JournalFileParts {
  readonly path: string;
  readonly file: FileHandle;
  readonly syncs: Syncs;
  /** Where the next line goes. */
  readonly end: number;
  /** Of the line before. */
  readonly checksum: number;
}

type Entry =
  | { readonly kind: 'planned' | 'cancelled'; readonly entry: string }
  | { readonly kind: 'done'; readonly entry: Done; readonly folder: string }
  | { readonly kind: 'failed'; readonly entry: Failed };

interface Waiting {
  readonly what: Entry;
  /** The entry as it goes into the line. */
  readonly json: string;
  readonly bytes: number;
  resolve(): void;
  reject(error: MillpondError): void;
}

/** Of what one line takes, so that it stays under the bound with all that is between. */
const MOST_GROUP_BYTES = MOST_LINE_BYTES / 2;

/** So long a group waits for others where each costs syncs; files have more than that ahead of them. */
const GATHER_MS = 10;

export class JournalFile {
  readonly #parts: JournalFileParts;
  #end: number;
  #checksum: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #failure: MillpondError | null = null;

  constructor(parts: JournalFileParts) {
    this.#parts = parts;
    this.#end = parts.end;
    this.#checksum = parts.checksum;
  }

  /**
   * Resolves when it is written, with `power` when it is on the disk.
   * @throws MillpondError `ERR_OUTPUT_WRITE`; from then on always
   */
  append(what: Entry): Promise<void> {
    const json = JSON.stringify(what.entry);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ what, json, bytes: Buffer.byteLength(json), resolve, reject });
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
    });
  }

  /** Waits for all that was appended. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#parts.file.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const group = this.#nextGroup();
      try {
        if (this.#failure !== null) throw this.#failure;
        await this.#writeGroup(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#failure ??= unwritable(this.#parts.path, error);
        for (const { reject } of group) reject(this.#failure);
      }
    }
  }

  /** What comes in the same turn goes together, and what comes while a sync would be spent on little. */
  async #gather(): Promise<void> {
    await null;
    if (!this.#parts.syncs.power) return;
    const late = Promise.withResolvers<void>();
    setTimeout(late.resolve, GATHER_MS);
    await late.promise;
  }

  #nextGroup(): Waiting[] {
    let bytes = 0;
    const beyond = this.#waiting.findIndex((one, at) => {
      bytes += one.bytes;
      return at > 0 && bytes > MOST_GROUP_BYTES;
    });
    return this.#waiting.splice(0, beyond < 0 ? this.#waiting.length : beyond);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { file, syncs } = this.#parts;
    await syncs.folders(group.flatMap(({ what }) => (what.kind === 'done' ? [what.folder] : [])));
    const { bytes, checksum } = writeLine(jsonOf(group), this.#checksum);
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, this.#end + done)).bytesWritten;
    }
    if (syncs.power) await file.datasync();
    this.#end += bytes.length;
    this.#checksum = checksum;
  }
}

/** Of a `Group`. */
function jsonOf(group: readonly Waiting[]): string {
  const lists = Map.groupBy(group, ({ what }) => what.kind);
  const members = Array.from(lists, ([kind, some]) => `"${kind}":[${some.map(({ json }) => json).join()}]`);
  return `{${members.join()}}`;
}

export function unwritable(path: string, cause: unknown): MillpondError {
  return new MillpondError(
    'ERR_OUTPUT_WRITE',
    `What is done goes into the journal, and '${shown(path)}' cannot be written: ${escaped((cause as Error).message)}. Make room, or name a file elsewhere by --journal, and write the same command again: it goes on from there.`,
    { cause },
  );
}
