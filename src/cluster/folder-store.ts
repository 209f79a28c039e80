/**
 * A store in a folder that all hosts share. Owns nothing but names; any process, any number of them at once.
 * Invariant: an object gets its name when it is whole and on disk, and only if nothing has that name.
 *
 *   .millpond/cluster/ID/batch.json            what the batch is
 *                        list-0.json           the list is whole: its files and totals
 *                        list-0.HOST.ndjson    a line a file; index-0.HOST.ndjson: a line of 64 bytes a page
 *                        results/r0-0000/...   what came of each page
 *                        work/PAGE/...         outputs on their way, and what each host has finished of them
 *   .millpond/cluster/lists/DIGEST             lists of names that were given
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { MillpondError } from '../errors.ts';
import { systemPath } from '../files/byte-paths.ts';
import { lookAgain, makeFolder } from '../files/folders.ts';
import { putWhole } from '../files/link-whole.ts';
import { escaped, jsonText, shown } from '../text/escaping.ts';
import { FolderAttempt } from './attempt.ts';
import { clusterFolder } from './cluster-folder.ts';
import { keptJson } from './kept-json.ts';
import { fileOf, ListFile, type SealedList } from './list-file.ts';
import { type PageRef, pageKey, pageOfKey } from './page.ts';
import type { ManifestFile } from './planner.ts';
import type {
  Attempt,
  BatchRecord,
  BatchState,
  ListTotals,
  ListWriter,
  PageEntry,
  PageResult,
  PageSummary,
  Store,
} from './store.ts';

/** Bytes of a line of the index, its end included: so a page is found without reading those before. */
const INDEX_LINE = 64;
/** Folders of results have so many at most. */
const PAGES_A_FOLDER = 1000;
const PAGES_TOGETHER = 1000;
/** What results of pages are called. */
const WHOLE = '.ndjson';
const SPLIT = '.split';
/** Of a summary, which is some hundred bytes. */
const MOST_SUMMARY = 4096;
const PROBE_BYTES = 65_536;
const RESULT_REMEDY = "Remove that file, and 'millpond cluster repair' has its page done again.";

export class FolderStore implements Store {
  readonly #root: string;
  readonly #sealed = new Map<number, SealedList>();

  /** @param folder of the outputs */
  constructor(folder: string, id: string) {
    this.#root = join(clusterFolder(folder), id);
  }

  async create(record: BatchRecord): Promise<boolean> {
    for (const name of ['results', 'work']) await makeFolder(join(this.#root, name));
    return this.#putObject('batch.json', `${jsonText(record)}\n`);
  }

  async record(): Promise<BatchRecord | null> {
    const text = await this.#read('batch.json');
    if (text === null) return null;
    const record = this.#parsed<BatchRecord>(text, 'batch.json');
    if (record.schema === 'millpond.cluster/1') return record;
    throw new MillpondError(
      'ERR_JOURNAL_INVALID',
      `A batch over hosts is described in millpond.cluster/1, got ${escaped(String(record.schema))} in '${shown(this.#root)}'. Use the version of millpond that submitted it.`,
    );
  }

  async state(): Promise<BatchState> {
    await lookAgain(this.#root);
    const [cancelled, done] = await Promise.all([this.#isThere('cancelled'), this.#isThere('done')]);
    return cancelled ? 'cancelled' : done ? 'done' : 'open';
  }

  async mark(state: BatchState): Promise<void> {
    for (const name of ['cancelled', 'done']) {
      if (name === state) await this.#putObject(name, '');
      else await rm(join(this.#root, name), { force: true });
    }
    if (state !== 'done') return;
    const left = await readdir(join(this.#root, 'work')).catch(() => []);
    for (const name of left) await rm(join(this.#root, 'work', name), { recursive: true, force: true });
  }

  async writeList(round: number, write: ListWriter): Promise<ListTotals> {
    const before = await this.#list(round);
    if (before !== null) return before;
    await using file = await ListFile.create(this.#root, `${round}.${randomUUID()}`, INDEX_LINE);
    const { skipped } = await write(file);
    const sealed: SealedList = await file.end(skipped);
    if (await this.#putObject(sealName(round), `${jsonText(sealed)}\n`)) file.keep();
    return this.#needList(round);
  }

  async totals(round: number): Promise<ListTotals | null> {
    return this.#list(round);
  }

  async *pages(round: number): AsyncGenerator<readonly PageEntry[]> {
    const sealed = await this.#needList(round);
    await using file = await open(join(this.#root, sealed.index), 'r');
    for (let page = 0; page < sealed.pages; page += PAGES_TOGETHER) {
      const count = Math.min(PAGES_TOGETHER, sealed.pages - page);
      const bytes = Buffer.alloc(count * INDEX_LINE);
      await file.read(bytes, 0, bytes.length, page * INDEX_LINE);
      yield Array.from({ length: count }, (_, at) => entryAt(bytes, at));
    }
  }

  async entry({ round, page }: PageRef): Promise<PageEntry> {
    const sealed = await this.#needList(round);
    await using file = await open(join(this.#root, sealed.index), 'r');
    const bytes = Buffer.alloc(INDEX_LINE);
    await file.read(bytes, 0, INDEX_LINE, page * INDEX_LINE);
    return entryAt(bytes, 0);
  }

  async files(ref: PageRef): Promise<readonly ManifestFile[]> {
    const sealed = await this.#needList(ref.round);
    const { offset, bytes } = await this.entry(ref);
    await using file = await open(join(this.#root, sealed.list), 'r');
    const text = Buffer.alloc(bytes);
    await file.read(text, 0, bytes, offset);
    const lines = text.toString().trimEnd().split('\n');
    return lines.map((line) => fileOf(this.#parsed(line, sealed.list)));
  }

  async begin(ref: PageRef, token: string): Promise<Attempt> {
    return FolderAttempt.begin(join(this.#root, 'work', pageKey(ref)), token);
  }

  async hasResult(ref: PageRef): Promise<boolean> {
    const folder = dirname(join(this.#root, resultName(ref, WHOLE)));
    for (const one of [dirname(folder), folder]) await lookAgain(one);
    const [isDone, isSplit] = await Promise.all([
      this.#isThere(resultName(ref, WHOLE)),
      this.#isThere(resultName(ref, SPLIT)),
    ]);
    return isDone || isSplit;
  }

  async result(ref: PageRef): Promise<PageResult | null> {
    const text = await this.#read(resultName(ref, WHOLE));
    if (text === null) return null;
    const name = resultName(ref, WHOLE);
    const [summary, ...lines] = text.trimEnd().split('\n');
    return {
      summary: this.#parsed(summary, name, RESULT_REMEDY),
      lines: lines.map((line) => this.#parsed(line, name, RESULT_REMEDY)),
    };
  }

  async summary(ref: PageRef): Promise<PageSummary | null> {
    const name = resultName(ref, WHOLE);
    const file = await open(join(this.#root, name), 'r').catch(absent);
    if (file === null) return null;
    await using _ = file;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_SUMMARY), 0, MOST_SUMMARY, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    return this.#parsed(text.slice(0, text.indexOf('\n')), name, RESULT_REMEDY);
  }

  async putResult(ref: PageRef, { summary, lines }: PageResult): Promise<boolean> {
    const text = [summary, ...lines].map((line) => `${jsonText(line)}\n`).join('');
    return this.#putOfPage(ref, WHOLE, text);
  }

  async clear(ref: PageRef): Promise<void> {
    const path = join(this.#root, 'work', pageKey(ref));
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }

  async split(ref: PageRef): Promise<void> {
    await this.#putOfPage(ref, SPLIT, '');
  }

  async *results(): AsyncGenerator<readonly { ref: PageRef; isSplit: boolean }[]> {
    const folders = await readdir(join(this.#root, 'results')).catch(absent);
    for (const folder of (folders ?? []).toSorted()) {
      const names = await readdir(join(this.#root, 'results', folder));
      // A host that was stopped may end a page that was split meanwhile: only its halves count.
      const split = new Set(names.filter((name) => name.endsWith(SPLIT)));
      yield names.flatMap((name) => {
        if (name.endsWith(WHOLE) && split.has(name.slice(0, -WHOLE.length) + SPLIT)) return [];
        const suffix = [WHOLE, SPLIT].find((one) => name.endsWith(one));
        const ref = suffix === undefined ? null : pageOfKey(name.slice(0, -suffix.length));
        return ref === null ? [] : [{ ref, isSplit: suffix === SPLIT }];
      });
    }
  }

  async probe(): Promise<void> {
    const path = systemPath(join(this.#root, 'work', `probe-${randomUUID()}`));
    await using file = await open(path, 'wx');
    // Without a name: nobody would remove what a host leaves that dies here.
    await rm(path);
    await file.writeFile('x'.repeat(PROBE_BYTES));
    await file.datasync();
  }

  async #putOfPage(ref: PageRef, suffix: string, text: string): Promise<boolean> {
    const name = resultName(ref, suffix);
    await makeFolder(dirname(join(this.#root, name)));
    const isFirst = await this.#putObject(name, text);
    await this.clear(ref);
    return isFirst;
  }

  async *refused(round: number): AsyncGenerator<string> {
    const { refusedList } = await this.#needList(round);
    if (refusedList === null) return;
    yield* createInterface({ input: createReadStream(join(this.#root, refusedList)) });
  }

  async #list(round: number): Promise<SealedList | null> {
    const known = this.#sealed.get(round);
    if (known !== undefined) return known;
    const text = await this.#read(sealName(round));
    if (text === null) return null;
    const sealed = this.#parsed<SealedList>(text, sealName(round));
    this.#sealed.set(round, sealed);
    return sealed;
  }

  async #needList(round: number): Promise<SealedList> {
    const sealed = await this.#list(round);
    if (sealed !== null) return sealed;
    throw new MillpondError(
      'ERR_BATCH_UNKNOWN',
      `A batch has the list of its files in the folder of its outputs, got none in '${shown(this.#root)}'. Submit it again, or see whether this host has the folder at this path.`,
    );
  }

  #parsed<Value>(text: string, name: string, remedy?: string): Value {
    return keptJson(text, join(this.#root, name), remedy);
  }

  async #putObject(name: string, content: string): Promise<boolean> {
    return putWhole(join(this.#root, name), content);
  }

  async #isThere(name: string): Promise<boolean> {
    return (await stat(systemPath(join(this.#root, name))).catch(absent)) !== null;
  }

  async #read(name: string): Promise<string | null> {
    const read = () => readFile(systemPath(join(this.#root, name)), 'utf8').catch(absent);
    const text = await read();
    if (text !== null) return text;
    await lookAgain(this.#root);
    return read();
  }
}

function resultName(ref: PageRef, suffix: string): string {
  const folder = `r${ref.round}-${`${Math.floor(ref.page / PAGES_A_FOLDER)}`.padStart(4, '0')}`;
  return `results/${folder}/${pageKey(ref)}${suffix}`;
}

function sealName(round: number): string {
  return `list-${round}.json`;
}

function entryAt(bytes: Buffer, at: number): PageEntry {
  const [offset, length, files, workSeconds] = JSON.parse(
    bytes.toString('latin1', at * INDEX_LINE, (at + 1) * INDEX_LINE),
  );
  return { offset, bytes: length, files, workSeconds };
}

/** What is not there is null; whatever else is wrong is thrown. */
function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
