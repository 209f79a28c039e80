/**
 * What a distributed batch is and what came of it: the truth, of which the queue is only an index. Objects
 * are whole or not there, and the first one of a name stays; so whoever writes late, or twice, changes
 * nothing.
 */
import type { Durability } from '../batch/journal/syncs.ts';
import type { PageRef } from './page.ts';
import type { ManifestFile, PageSize } from './planner.ts';

/** Which files: as they were named when it was submitted. */
export interface ListSpec {
  /** Absolute. */
  readonly inputs: readonly string[];
  /** Digests of lists of names, which the store has. */
  readonly lists: readonly string[];
  readonly separator: 'line' | 'nul';
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly base: string | null;
  readonly existing: 'replace' | 'skip' | 'newer' | 'refuse';
  readonly others: boolean;
}

/** `millpond.cluster/1`: fields may be added, none changed. */
export interface BatchRecord {
  readonly schema: 'millpond.cluster/1';
  readonly id: string;
  readonly submittedMs: number;
  /** The name of a job file in workers/. */
  readonly job: string;
  /** The input of the job, but for the names of the files. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** With its dot. */
  readonly extension: string;
  /** Milliseconds that a file may take; null for the usual. */
  readonly timeoutMs: number | null;
  readonly list: ListSpec;
  /** Which engine makes all outputs; null for any. */
  readonly engine: string | null;
  readonly weight: number;
  readonly priority: number;
  readonly page: PageSize;
  /** `power`: an output is on disk, with its name, before its result says so. Default: `process`. */
  readonly durability?: Durability;
}

/** Where a page stands in its list. */
export interface PageEntry {
  readonly offset: number;
  readonly bytes: number;
  readonly files: number;
  readonly workSeconds: number;
}

/** A list whose end is known. */
export interface ListTotals {
  readonly pages: number;
  readonly files: number;
  /** Refused when they were listed: their results are there. */
  readonly refused: number;
  readonly skipped: number;
  readonly workSeconds: number;
  /** Of audio, as sizes suggest. */
  readonly audioSeconds: number;
}

/** What came of a file: a line of `millpond.result/1`, with the place of the file in its page. */
export interface FileOutcome {
  readonly at: number;
  readonly line: Readonly<Record<string, unknown>>;
}

/** What came of a page. */
export interface PageResult {
  readonly summary: PageSummary;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** The first line of a page's results. */
export interface PageSummary {
  readonly schema: 'millpond.page/1';
  readonly page: string;
  readonly host: string;
  readonly engine: string;
  readonly ok: number;
  readonly failed: number;
  readonly skipped: number;
  readonly audioSeconds: number;
  /** Of audio in all of its files, as sizes suggested. */
  readonly estimatedSeconds: number;
  /** Files that were done before by a host that did not come to say so. */
  readonly twice: number;
  /** Hosts that were at it and ended without a word. */
  readonly deaths: number;
  /** By the clock of the host that ended it. */
  readonly startedMs: number;
  readonly endedMs: number;
}

/** One host's work at one page, until that has its results. */
export interface Attempt {
  /** Hosts that were at it and ended without a word. */
  readonly deaths: number;
  /** What those before have finished. */
  readonly known: ReadonlyMap<number, FileOutcome>;
  /** Where the output of a file is written aside: on the file system of its place. */
  aside(at: number): string;
  /** It has ended, and its output is in its place. */
  ended(outcome: FileOutcome): Promise<void>;
  /** The page goes back: nobody died. */
  gaveBack(): Promise<void>;
}

/** `done`: every file has its result, and nothing is in the queue. */
export type BatchState = 'open' | 'cancelled' | 'done';

export interface Store {
  /** False where it was there; then that is kept. @throws MillpondError `ERR_OUTPUT_WRITE` */
  create(record: BatchRecord): Promise<boolean>;
  record(): Promise<BatchRecord | null>;
  state(): Promise<BatchState>;
  /** What hosts have left of a batch that is done goes. */
  mark(state: BatchState): Promise<void>;
  /** Writes a list, which is there when it is whole. False where another one was there before. */
  writeList(round: number, write: ListWriter): Promise<ListTotals>;
  totals(round: number): Promise<ListTotals | null>;
  /** In the order of the list, some at a time. */
  pages(round: number): AsyncIterable<readonly PageEntry[]>;
  entry(ref: PageRef): Promise<PageEntry>;
  files(ref: PageRef): Promise<readonly ManifestFile[]>;
  begin(ref: PageRef, token: string): Promise<Attempt>;
  hasResult(ref: PageRef): Promise<boolean>;
  result(ref: PageRef): Promise<PageResult | null>;
  /** Only what it says of all. */
  summary(ref: PageRef): Promise<PageSummary | null>;
  /** False where another host's were there before. */
  putResult(ref: PageRef, result: PageResult): Promise<boolean>;
  /** What hosts have left of a page that has its results. Rejects never. */
  clear(ref: PageRef): Promise<void>;
  /** Its halves stand in its place from now on. */
  split(ref: PageRef): Promise<void>;
  /** Results of files that were refused when they were listed, a line each. */
  refused(round: number): AsyncIterable<string>;
  /** Pages that have results, the parts of those that were split too; some at a time. */
  results(): AsyncIterable<readonly { readonly ref: PageRef; readonly isSplit: boolean }[]>;
  /** Throws what is wrong where nothing can be written now. */
  probe(): Promise<void>;
}

/** Makes a list: is given where it goes, and says what it came to. */
export type ListWriter = (out: ListOutput) => Promise<{ readonly skipped: number }>;

export interface ListOutput {
  page(files: readonly ManifestFile[], workSeconds: number): Promise<void>;
  /** What is refused has its result at once. */
  refused(line: string): Promise<void>;
}
