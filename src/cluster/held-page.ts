/**
 * A page that a host holds: which of its files are to be made, are being made, have ended. Owns that, its
 * fence and what it leaves in the store; main thread of the host.
 * Invariant: a file is handed out only while the fence is open, and the page's results are written only when
 * all its files have ended.
 */
import type { Delivery } from './broker.ts';
import type { Fence } from './fence.ts';
import { type ManifestFile, predictedSeconds } from './planner.ts';
import type { Attempt, BatchRecord, FileOutcome, Store } from './store.ts';

interface PageParts {
  readonly delivery: Delivery;
  readonly fence: Fence;
  readonly store: Store;
  readonly record: BatchRecord;
  readonly folder: string;
  readonly attempt: Attempt;
  /** Those of the page, or of the part of it. */
  readonly files: readonly ManifestFile[];
  /** Of its first file, in the page. */
  readonly from: number;
  /** Those that a host before has finished. */
  readonly known: readonly FileOutcome[];
  readonly startedMs: number;
}

/** Hosts that may die of a page before it is split. */
export const SPLIT_AFTER = 2;

export class HeldPage {
  readonly parts: PageParts;
  readonly outcomes: FileOutcome[];
  /** Places in the page, the next one last. */
  readonly #todo: number[];
  readonly #refusals = new Map<number, number>();
  #workSeconds = 0;
  running = 0;
  /** Ends the files that run, without a result. */
  readonly stop = new AbortController();
  #ends: { readonly cancel: AbortSignal; readonly signal: AbortSignal } | null = null;
  twice = 0;
  /** Its lock is another's, or nobody's: what runs may end, nothing more begins, and it has no results. */
  isLost = false;
  /** It goes back when what runs has ended. */
  goesBack = false;
  /** Its results are being written, or it is on its way back. */
  isLeaving = false;

  constructor(parts: PageParts) {
    this.parts = parts;
    this.outcomes = [...parts.known];
    const known = new Set(parts.known.map(({ at }) => at));
    this.#todo = parts.files
      .map((_, at) => parts.from + at)
      .filter((at) => !known.has(at))
      .reverse();
    for (const at of this.#todo) this.#workSeconds += predictedSeconds(this.file(at));
  }

  get waiting(): number {
    return this.isLost || this.goesBack ? 0 : this.#todo.length;
  }

  /** Predicted, of what waits and what runs. */
  get workSeconds(): number {
    return this.isLost || this.goesBack ? 0 : this.#workSeconds;
  }

  get hasBegun(): boolean {
    return this.running > 0 || this.outcomes.length > this.parts.known.length;
  }

  /** It could be split no further, and hosts went on to die. */
  get isSuspect(): boolean {
    return this.parts.attempt.deaths >= SPLIT_AFTER;
  }

  /** Nothing runs, and nothing more is begun. */
  get isOver(): boolean {
    return this.running === 0 && this.waiting === 0;
  }

  get isWhole(): boolean {
    return this.outcomes.length === this.parts.files.length;
  }

  /** What came of its files, in their order. */
  get lines(): FileOutcome['line'][] {
    return this.outcomes.toSorted((a, b) => a.at - b.at).map(({ line }) => line);
  }

  file(at: number): ManifestFile {
    return this.parts.files[at - this.parts.from];
  }

  /** For its files: ends with its batch, and by `stop`. One for all of them: each takes 40 us of CPU. */
  signalWith(cancel: AbortSignal): AbortSignal {
    if (this.#ends?.cancel !== cancel) {
      this.#ends = { cancel, signal: AbortSignal.any([cancel, this.stop.signal]) };
    }
    return this.#ends.signal;
  }

  refusals(at: number): number {
    return this.#refusals.get(at) ?? 0;
  }

  /** The place of the next file, which is handed out now; null where none may be. */
  next(): number | null {
    if (this.isLost || this.goesBack || !this.parts.fence.isOpen) return null;
    const at = this.#todo.pop();
    if (at === undefined) return null;
    this.running++;
    return at;
  }

  ended(outcome: FileOutcome, twice: boolean): void {
    this.running--;
    this.#workSeconds -= predictedSeconds(this.file(outcome.at));
    this.outcomes.push(outcome);
    if (twice) this.twice++;
  }

  /** It is made another time, if there is one. */
  notNow(at: number): void {
    this.notBegun(at);
    this.#refusals.set(at, this.refusals(at) + 1);
  }

  /** It was too late for it when a thread came to it. */
  notBegun(at: number): void {
    this.running--;
    this.#todo.push(at);
  }
}
