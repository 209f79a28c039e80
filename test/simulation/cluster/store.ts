/**
 * The shared folder of a simulated cluster: what lies there is there at once for all, and each question
 * takes its time. Owns pages, results and what attempts have left; hosts have a view each.
 */
import { type PageRef, pageKey } from '../../../src/cluster/page.ts';
import type {
  Attempt,
  BatchRecord,
  BatchState,
  FileOutcome,
  ListTotals,
  PageEntry,
  Store,
} from '../../../src/cluster/store.ts';
import { chance, drawn } from './chance.ts';
import type { SimulatedProcess } from './process.ts';
import type { Times } from './times.ts';
import type { VirtualTime } from './virtual-time.ts';
import { fileAt, type Workload } from './workload.ts';

interface Left {
  readonly outcomes: FileOutcome[];
  gaveBack: boolean;
}

interface StoreParts {
  readonly time: VirtualTime;
  readonly times: Times;
  /** What times are drawn by. */
  readonly draws: number;
  readonly workload: Workload;
  readonly record: BatchRecord;
  readonly pages: readonly PageEntry[];
}

const TOGETHER = 1000;

export class SimulatedStore {
  readonly #parts: StoreParts;
  readonly #attempts = new Map<string, Left[]>();
  readonly #ended = new Set<string>();
  /** The same, as they are read: so many at a time, as from folders. */
  readonly #results: { ref: PageRef; isSplit: boolean }[][] = [[]];
  readonly #made: Uint8Array;
  #state: BatchState = 'open';
  #drawn = 0;
  /** Of files that have a result, in pages that have. */
  filesEnded = 0;
  deaths = 0;
  /** By results of pages. */
  toldTwice = 0;
  lastMs = 0;
  /** When it was seen that all is done; null before. */
  doneMs: number | null = null;
  /** Times that a host has looked at all results. */
  walks = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#made = new Uint8Array(parts.workload.files);
  }

  /** False where it was there. */
  put(at: number): boolean {
    this.#made[at]++;
    return this.#made[at] === 1;
  }

  isThere(at: number): boolean {
    return this.#made[at] > 0;
  }

  /** @param ended is told of each file that is written down as ended */
  view(process: SimulatedProcess, told: (input: string) => void): Store {
    const { record, pages, workload, times, draws } = this.#parts;
    const takes = <Value>(step: keyof Times, value: () => Value): Promise<Value> =>
      process.takes(drawn(times[step] as readonly number[], chance(draws, this.#drawn++, 6)), value);
    const totals: ListTotals = {
      ...{ pages: pages.length, files: workload.files },
      ...{ refused: 0, skipped: 0, workSeconds: 0, audioSeconds: 0 },
    };
    const unused = (): never => {
      throw new Error('Hosts are not supposed to ask for it.');
    };
    const ended = this.#ended;
    const results = this.#results;
    const count = (): void => void this.walks++;
    return {
      record: () => takes('hasResult', () => record),
      state: () => takes('hasResult', () => this.#state),
      mark: (state) =>
        takes('hasResult', () => {
          this.#state = state;
          if (state === 'done') this.doneMs = this.#parts.time.nowMs;
        }),
      totals: async (round) => (round === 0 ? totals : null),
      async *pages() {
        for (let at = 0; at < pages.length; at += TOGETHER) yield pages.slice(at, at + TOGETHER);
      },
      entry: async ({ page }) => pages[page],
      files: ({ page }) =>
        takes('files', () => {
          const { offset, files } = pages[page];
          return Array.from({ length: files }, (_, at) => fileAt(workload, offset + at));
        }),
      begin: (ref) => takes('begin', () => this.#begin(ref, takes, told)),
      hasResult: (ref) => takes('hasResult', () => ended.has(pageKey(ref))),
      clear: (ref) => takes('hasResult', () => void this.#attempts.delete(pageKey(ref))),
      putResult: (ref, { summary }) =>
        takes('putResult', () => {
          const key = pageKey(ref);
          const isFirst = !ended.has(key);
          if (isFirst) {
            this.#end(ref, false);
            this.filesEnded += summary.ok;
            this.deaths += summary.deaths;
            this.toldTwice += summary.twice;
            this.lastMs = this.#parts.time.nowMs;
          }
          this.#attempts.delete(key);
          return isFirst;
        }),
      split: (ref) =>
        takes('putResult', () => {
          this.#end(ref, true);
          this.#attempts.delete(pageKey(ref));
        }),
      async *results() {
        count();
        for (const some of results) yield await takes('results', () => some);
      },
      probe: () => takes('putResult', () => {}),
      ...{ create: unused, writeList: unused, result: unused, summary: unused, refused: unused },
    };
  }

  #end(ref: PageRef, isSplit: boolean): void {
    this.#ended.add(pageKey(ref));
    const last = this.#results.at(-1) as { ref: PageRef; isSplit: boolean }[];
    if (last.length < TOGETHER) last.push({ ref, isSplit });
    else this.#results.push([{ ref, isSplit }]);
  }

  #begin(
    ref: PageRef,
    takes: <Value>(step: keyof Times, value: () => Value) => Promise<Value>,
    told: (input: string) => void,
  ): Attempt {
    const key = pageKey(ref);
    let all = this.#attempts.get(key);
    if (all === undefined) {
      all = [];
      this.#attempts.set(key, all);
    }
    const known = new Map(all.flatMap(({ outcomes }) => outcomes).map((one) => [one.at, one]));
    const deaths = all.filter(({ gaveBack }) => !gaveBack).length;
    const own: Left = { outcomes: [], gaveBack: false };
    all.push(own);
    return {
      ...{ deaths, known },
      aside: () => '',
      ended: (outcome) =>
        takes('ended', () => {
          own.outcomes.push(outcome);
          told(outcome.line.input as string);
        }),
      gaveBack: () =>
        takes('gaveBack', () => {
          own.gaveBack = true;
        }),
    };
  }
}
