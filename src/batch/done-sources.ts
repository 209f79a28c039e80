/**
 * Deletes the source of a file that is done: its output was decoded again and compared, is in its place and
 * on disk. Owns what was known of the sources of files that are under way; main thread.
 * Invariant: what is deleted is the very file that was read, by the name that it was found under, and nothing
 * else of the batch is made of it.
 */
import { lstat, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemPath } from '../files/byte-paths.ts';
import { escaped } from '../text/escaping.ts';
import type { EndingListener } from './endings.ts';
import { ListedFile, type PlannedFile } from './plan.ts';

interface Source {
  readonly file: ListedFile;
  /** Which file it was and what it held when it was handed over: device, number, size, time of change. */
  readonly identity: string | null;
}

export class DoneSources {
  /** By outputs: an input may be there twice. */
  readonly #underWay = new Map<string, Source>();
  readonly #shared: ReadonlySet<string>;

  /** @param shared places of inputs that more than one file of the batch is made of */
  constructor(shared: ReadonlySet<string>) {
    this.#shared = shared;
  }

  /** To be awaited before the file is read. */
  async expect(file: PlannedFile): Promise<void> {
    if (!(file instanceof ListedFile) || file.isOther || file.output === null) return;
    this.#underWay.set(file.output, { file, identity: await identityOf(file.input) });
  }

  /** What is said of a source that stays is among the notes of its file. */
  readonly listener: EndingListener = async (ending) => {
    if (ending.output === null) return;
    const source = this.#underWay.get(ending.output);
    this.#underWay.delete(ending.output);
    if (source === undefined || ending.state !== 'done') return;
    const why = await this.#delete(source, ending.output, typeof ending.result.sha256 === 'string');
    if (why === null) ending.isDeleted = true;
    else ending.notes.push(`The source was not deleted: ${why}`);
  };

  /** @returns why it stays, or null */
  async #delete({ file, identity }: Source, output: string, isChecked: boolean): Promise<string | null> {
    if (!isChecked) return 'its output was not compared.';
    if (file.folder.isElsewhere) return 'a link leads to its folder.';
    if (this.#shared.has(file.place)) return 'the batch has it as an input more than once.';
    try {
      for (const path of [output, dirname(output)]) {
        await using written = await open(systemPath(path), 'r');
        await written.sync();
      }
      const now = await identityOf(file.input);
      if (now === null) return 'it is a link, or gone.';
      if (now !== identity) return 'it was changed meanwhile.';
      await unlink(systemPath(file.input));
      return null;
    } catch (error) {
      return `${escaped((error as Error).message)}.`;
    }
  }
}

/** Null for what is no regular file, a link among that. */
async function identityOf(path: string): Promise<string | null> {
  const entry = await lstat(systemPath(path), { bigint: true }).catch(() => null);
  if (!entry?.isFile()) return null;
  return [entry.dev, entry.ino, entry.size, entry.mtimeNs].join(':');
}
