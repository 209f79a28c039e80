/**
 * What came of the files of a batch, as they end. Owns the counts, and of failures and notes the first: a
 * batch may have millions. Main thread.
 */

import type { Bytes } from '../bytes.ts';
import type { SkipReason } from './plan.ts';
import { countSkips, type Skips } from './skips.ts';

/** What every job says of a file. */
export interface FileResult {
  /** Of audio. */
  readonly seconds: number;
  /** Samples per channel. */
  readonly frames?: number;
  /** The size of the output. */
  readonly bytesWritten?: Bytes;
  /** Of the output's bytes, in hex; null where nobody asked. */
  readonly sha256?: string | null;
  /** What the job took, by the clock of its thread; known where the job says so. */
  readonly workMs?: number;
  /** What was changed, left out or found damaged. */
  readonly warnings: readonly string[];
}

interface Ended {
  /** Absolute. */
  readonly input: string;
  /** Absolute; null where none would be made. */
  readonly output: string | null;
  /** Of the input, when it was listed. */
  readonly bytes: Bytes;
}

/** How a file ended. */
export type Ending = Ended &
  (
    | {
        readonly state: 'done';
        readonly result: FileResult;
        readonly callMs: number;
        /** It is not audio, and was copied. */
        readonly isCopied?: boolean;
        /** Those of the result, to which listeners may add. */
        readonly notes: string[];
        /** Its source is gone; who deleted it says so. */
        isDeleted?: true;
      }
    | {
        readonly state: 'failed';
        readonly code: string;
        readonly message: string;
        /**
         * From when it was handed to the runner until its answer, by the main thread's clock; null if it was
         * not.
         */
        readonly callMs: number | null;
      }
    /** `late`: its output appeared after it was listed. */
    | { readonly state: 'skipped'; readonly reason: SkipReason; readonly late?: true }
    /** It had begun, or waited for a thread. */
    | { readonly state: 'cancelled' }
  );

/** Is told of each file once. It counts as ended when that is over; where it throws, the batch ends. */
export type EndingListener = (ending: Ending) => void | Promise<void>;

export interface BatchFailure {
  /** The input's path as it was planned. */
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

export interface BatchNote {
  readonly file: string;
  readonly message: string;
}

/** Of failures and of notes so many are kept: a few megabytes. Each is told of as it comes. */
const MOST_KEPT = 10_000;

export class Endings {
  readonly #listeners: readonly EndingListener[];
  readonly #skips = { ...countSkips([]) };
  /** The first. */
  readonly failures: BatchFailure[] = [];
  readonly notes: BatchNote[] = [];
  /** Those that were not kept. */
  notesLeftOut = 0;
  ok = 0;
  /** Of those. */
  copied = 0;
  /** Sources of files that were done. */
  deleted = 0;
  failed = 0;
  /**
   * Of those that were listed as files to be done; those that were left out from the start are none of them.
   */
  skippedLate = 0;
  /** Files that were not done, because the batch was cancelled. */
  cancelled = 0;
  /** Seconds of audio in files that were done. */
  audioSeconds = 0;

  /** @param listeners are told in this order, each after the one before */
  constructor(listeners: readonly EndingListener[] = []) {
    this.#listeners = listeners;
  }

  get skips(): Skips {
    return this.#skips;
  }

  get failuresLeftOut(): number {
    return this.failed - this.failures.length;
  }

  /** Those that were to be done and were not cancelled. */
  get ended(): number {
    return this.ok + this.failed + this.skippedLate;
  }

  /** A file that was listed is not done: the batch was cancelled. Nobody is told, there may be millions. */
  neverBegan(): void {
    this.cancelled++;
  }

  async add(ending: Ending): Promise<void> {
    for (const listener of this.#listeners) await listener(ending);
    const { input, state } = ending;
    if (state === 'done') {
      this.ok++;
      if (ending.isCopied) this.copied++;
      if (ending.isDeleted) this.deleted++;
      this.audioSeconds += ending.result.seconds;
      for (const message of ending.notes) {
        if (this.notes.length < MOST_KEPT) this.notes.push({ file: input, message });
        else this.notesLeftOut++;
      }
    } else if (state === 'failed') {
      const { code, message } = ending;
      this.failed++;
      if (this.failures.length < MOST_KEPT) this.failures.push({ file: input, code, message });
    } else if (state === 'skipped') {
      this.#skips[ending.reason]++;
      if (ending.late) this.skippedLate++;
    } else this.cancelled++;
  }
}

/** What an ending has of its file. */
export function endedOf({ input, output, bytes }: Ended): Ended {
  return { input, output, bytes };
}
