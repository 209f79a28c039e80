/**
 * What a task gives before its end. Owned by the worker's thread.
 * Invariant: of what the task that runs has emitted no more is unread than its reader allows; values leave in
 * the order of the calls, and none of another task is among them.
 */
import type { LedgerRow } from '../budget/row.ts';
import { MillpondError } from '../errors.ts';
import { releaseLeases } from '../messages/release-leases.ts';
import { type ResultsMessage, writeResults } from '../messages/wire.ts';
import type { Supply } from '../pool/supply.ts';
import type { TaskFrame } from './task-frame.ts';

interface EmitterParts {
  readonly supply: Pick<Supply, 'wakeWord' | 'wait' | 'waitAsync' | 'safepoint'>;
  readonly words: Pick<LedgerRow, 'hasReader' | 'hasRoom' | 'countEmitted'>;
  readonly frame: Pick<TaskFrame, 'emit'>;
  /** The task that runs, 0 for none, and whether it was cancelled. */
  readonly loop: { readonly current: number; readonly currentCancelled: boolean };
  /** To where results go, too. @throws when it cannot be posted: the thread is not to go on then */
  post(message: ResultsMessage, transfer: ArrayBuffer[]): void;
}

/** Without blocking, so that a timer keeps the thread alive. */
const SLICE_MS = 1000;

export class Emitter {
  readonly #parts: EmitterParts;
  /** Resolves when the last of those that wait without blocking has had its turn. */
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: EmitterParts) {
    this.#parts = parts;
  }

  /** Blocks the thread while there is no room. `task` is the one that calls. */
  emit(value: unknown, task: number): void {
    const { supply } = this.#parts;
    for (;;) {
      // Read before the look: room, a cancel and mail all change the word, so the wait ends at once.
      const seen = supply.wakeWord();
      if (this.#mayGo(task)) break;
      supply.wait(seen, Number.POSITIVE_INFINITY);
    }
    this.#send(value);
  }

  /** As `emit`, waiting without blocking. */
  async emitAsync(value: unknown, task: number): Promise<void> {
    const { supply } = this.#parts;
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      for (;;) {
        const seen = supply.wakeWord();
        if (this.#mayGo(task)) break;
        await supply.waitAsync(seen, SLICE_MS, undefined);
      }
      this.#send(value);
    } finally {
      resolve();
    }
  }

  #mayGo(task: number): boolean {
    const { supply, words, loop } = this.#parts;
    // Whoever waits here holds idle memory that others may ask for.
    supply.safepoint();
    if (task === 0 || task !== loop.current) throw taskOver();
    if (loop.currentCancelled) throw new DOMException('This operation was aborted', 'AbortError');
    return !words.hasReader || words.hasRoom;
  }

  #send(value: unknown): void {
    const { words, frame, post } = this.#parts;
    if (!words.hasReader) {
      releaseLeases(value);
      return;
    }
    const { result, transfer } = frame.emit(value);
    words.countEmitted();
    post(writeResults([result]), transfer);
  }
}

function taskOver(): MillpondError {
  return new MillpondError(
    'ERR_TASK_OVER',
    'A task emits values until it ends, from its own code; this call came after, or from code of no task. Await every emitAsync before the job returns.',
  );
}
