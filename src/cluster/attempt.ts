/**
 * What a host leaves of a page before it has its results: a line for each file that has ended, so that who
 * takes the page after a death goes on behind it; and outputs on their way. Owns the names of one attempt;
 * the others in the folder are of hosts that were at the page before, or still are.
 */
import { constants } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemPath } from '../files/byte-paths.ts';
import { makeFolder } from '../files/folders.ts';
import { unwritten } from '../files/whole-file.ts';
import { jsonText } from '../text/escaping.ts';
import type { Attempt, FileOutcome } from './store.ts';

const LINES = '.ndjson';
/** The last line of a host that gave the page back. */
const BACK = '"back"';

export class FolderAttempt implements Attempt {
  readonly deaths: number;
  readonly known: ReadonlyMap<number, FileOutcome>;
  /** What is aside; its name with the suffix of lines is that of the lines. */
  readonly #own: string;
  /** Lines that wait until those before them are written. */
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;

  private constructor(own: string, { deaths, known }: Pick<Attempt, 'deaths' | 'known'>) {
    this.#own = own;
    this.deaths = deaths;
    this.known = known;
  }

  /** @param token of letters, digits, - and : only; no other attempt has it */
  static async begin(folder: string, token: string): Promise<FolderAttempt> {
    await makeFolder(folder);
    const before = await readBefore(folder);
    const own = join(folder, token.replaceAll(':', '_'));
    try {
      await mkdir(systemPath(own));
      await writeFile(systemPath(`${own}${LINES}`), '', { flag: 'wx' });
    } catch (error) {
      throw unwritten(folder, error);
    }
    return new FolderAttempt(own, before);
  }

  aside(at: number): string {
    return join(this.#own, `${at}`);
  }

  /** Lines that come together are written together. */
  ended({ at, line }: FileOutcome): Promise<void> {
    return this.#append(jsonText([at, line]));
  }

  async gaveBack(): Promise<void> {
    await this.#append(BACK);
    await rm(systemPath(this.#own), { recursive: true, force: true });
  }

  #append(line: string): Promise<void> {
    this.#waiting.push(`${line}\n`);
    this.#writing ??= this.#write();
    return this.#writing;
  }

  /** The file is closed behind each write: over a network others see it only then. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.join('');
        this.#waiting = [];
        await appendFile(systemPath(`${this.#own}${LINES}`), lines, {
          flag: constants.O_WRONLY | constants.O_APPEND,
        });
      }
    } catch (error) {
      // Whoever has the page now has cleared it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritten(this.#own, error);
    } finally {
      this.#writing = null;
    }
  }
}

/** A line that a death has cut off is as if its file had not ended. */
async function readBefore(
  folder: string,
): Promise<{ deaths: number; known: ReadonlyMap<number, FileOutcome> }> {
  const known = new Map<number, FileOutcome>();
  let deaths = 0;
  const names = await readdir(systemPath(folder)).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(LINES))) {
    const text = await readFile(systemPath(join(folder, name)), 'utf8').catch(() => '');
    let isBack = false;
    for (const written of text.split('\n')) {
      if (written === BACK) isBack = true;
      const outcome = outcomeOf(written);
      if (outcome !== null) known.set(outcome.at, outcome);
    }
    if (!isBack) deaths++;
  }
  return { deaths, known };
}

function outcomeOf(written: string): FileOutcome | null {
  try {
    const read = JSON.parse(written);
    if (!Array.isArray(read) || !Number.isSafeInteger(read[0]) || typeof read[1] !== 'object') return null;
    return { at: read[0], line: read[1] };
  } catch {
    return null;
  }
}
