/**
 * What came of the files of a batch, as they end. Owns the counts, and of failures and notes the first: a
 * batch may have millions. Main thread.
 */

import type { SkipReason } from './plan.ts';
import { countSkips, type Skips } from './skips.ts';

/** What every job says of a file. */
export interface FileResult {
  /** Of audio. */
  readonly seconds: number;
  /** What was changed, left out or found damaged. */
  readonly warnings: readonly string[];
}

interface Ended {
  /** Absolute. */
  readonly input: string;
  /** Absolute; null where none would be made. */
  readonly output: string | null;
}

/** How a file ended. */
export type Ending = Ended &
  (
    | { readonly state: 'done'; readonly result: FileResult }
    | { readonly state: 'failed'; readonly code: string; readonly message: string }
    /** `late`: its output appeared after it was listed. */
    | { readonly state: 'skipped'; readonly reason: SkipReason; readonly late?: true }
    | { readonly state: 'cancelled' }
  );

/** Is told of each file once. It counts as ended when that is over; where it throws, the batch ends. */
type EndingListener = (ending: Ending) => void | Promise<void>;

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

export class Endings {
  readonly #listeners: readonly EndingListener[];
  readonly #skips = { ...countSkips([]) };
  readonly failures: BatchFailure[] = [];
  readonly notes: BatchNote[] = [];
  ok = 0;
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

  /** Those that were to be done and were not cancelled. */
  get ended(): number {
    return this.ok + this.failed + this.skippedLate;
  }

  async add(ending: Ending): Promise<void> {
    for (const listener of this.#listeners) await listener(ending);
    const { input, state } = ending;
    if (state === 'done') {
      this.ok++;
      this.audioSeconds += ending.result.seconds;
      for (const message of ending.result.warnings) this.notes.push({ file: input, message });
    } else if (state === 'failed') {
      const { code, message } = ending;
      this.failed++;
      this.failures.push({ file: input, code, message });
    } else if (state === 'skipped') {
      this.#skips[ending.reason]++;
      if (ending.late) this.skippedLate++;
    } else this.cancelled++;
  }
}

/** Of a file's paths those that an ending has. */
export function placesOf({ input, output }: Ended): Ended {
  return { input, output };
}
