/**
 * The list of a batch's files while it is written: a line a file, and an index with a line a page. Owns its
 * three files until they are sealed; one process.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemPath } from '../files/byte-paths.ts';
import { jsonText } from '../text/escaping.ts';
import type { ManifestFile } from './planner.ts';
import type { ListOutput, ListTotals } from './store.ts';

/** What makes a list whole: it names the files that are it. */
export interface SealedList extends ListTotals {
  readonly list: string;
  readonly index: string;
  /** Null where none was refused. */
  readonly refusedList: string | null;
}

type Part = 'list' | 'index' | 'refused';

/** Bytes that are gathered before they are written. */
const MOST_GATHERED = 1 << 20;

export class ListFile implements ListOutput, AsyncDisposable {
  readonly #root: string;
  readonly #name: string;
  readonly #indexLine: number;
  readonly #files: Readonly<Record<Part, FileHandle>>;
  readonly #gathered: Record<Part, string[]> = { list: [], index: [], refused: [] };
  #bytes = 0;
  #offset = 0;
  #totals = { pages: 0, files: 0, refused: 0, workSeconds: 0, audioSeconds: 0 };
  #isKept = false;

  private constructor(root: string, name: string, indexLine: number, files: Record<Part, FileHandle>) {
    this.#root = root;
    this.#name = name;
    this.#indexLine = indexLine;
    this.#files = files;
  }

  /** @param name of nobody else's list */
  static async create(root: string, name: string, indexLine: number): Promise<ListFile> {
    const create = (part: Part) => open(systemPath(join(root, `${part}-${name}.ndjson`)), 'wx');
    const [list, index, refused] = await Promise.all([create('list'), create('index'), create('refused')]);
    return new ListFile(root, name, indexLine, { list, index, refused });
  }

  async page(files: readonly ManifestFile[], workSeconds: number): Promise<void> {
    const lines = files.map(lineOf).join('');
    const bytes = Buffer.byteLength(lines);
    const entry = [this.#offset, bytes, files.length, Math.round(workSeconds * 1000) / 1000];
    await this.#write('list', lines);
    await this.#write('index', `${JSON.stringify(entry).padEnd(this.#indexLine - 1)}\n`);
    this.#offset += bytes;
    this.#totals.pages++;
    this.#totals.files += files.length;
    this.#totals.workSeconds += workSeconds;
    for (const { estimatedSeconds } of files) this.#totals.audioSeconds += estimatedSeconds;
  }

  async refused(line: string): Promise<void> {
    this.#totals.refused++;
    await this.#write('refused', line);
  }

  /** All is on disk then. */
  async end(skipped: number): Promise<SealedList> {
    for (const part of ['list', 'index', 'refused'] as const) {
      await this.#flush(part);
      await this.#files[part].datasync();
    }
    const name = (part: Part) => `${part}-${this.#name}.ndjson`;
    const refusedList = this.#totals.refused === 0 ? null : name('refused');
    return { ...this.#totals, skipped, list: name('list'), index: name('index'), refusedList };
  }

  /** It is the list: its files stay. */
  keep(): void {
    this.#isKept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of ['list', 'index', 'refused'] as const) {
      await this.#files[part].close();
      const stays = this.#isKept && (part !== 'refused' || this.#totals.refused > 0);
      if (!stays) await rm(systemPath(join(this.#root, `${part}-${this.#name}.ndjson`)), { force: true });
    }
  }

  async #write(part: Part, text: string): Promise<void> {
    this.#gathered[part].push(text);
    this.#bytes += text.length;
    if (this.#bytes < MOST_GATHERED) return;
    this.#bytes = 0;
    for (const one of ['list', 'index', 'refused'] as const) await this.#flush(one);
  }

  async #flush(part: Part): Promise<void> {
    const text = this.#gathered[part].join('');
    this.#gathered[part] = [];
    if (text !== '') await this.#files[part].appendFile(text);
  }
}

function lineOf({ input, output, bytes, estimatedSeconds, replaces, isOther }: ManifestFile): string {
  const flags = `${replaces ? 'r' : ''}${isOther ? 'o' : ''}`;
  return `${jsonText([input, output, bytes, Math.round(estimatedSeconds * 1000) / 1000, flags])}\n`;
}

/** A line of the list, as {@link lineOf} has it. */
type ListLine = readonly [
  input: string,
  output: string,
  bytes: number,
  estimatedSeconds: number,
  flags: string,
];

export function fileOf([input, output, bytes, estimatedSeconds, flags]: ListLine): ManifestFile {
  const [replaces, isOther] = [flags.includes('r'), flags.includes('o')];
  return { input, output, bytes, estimatedSeconds, replaces, isOther };
}
