/**
 * What a job gets besides its input, and how a worker builds it. Owned by the worker's thread; one for all of
 * its tasks.
 */
import type { Counting } from '../budget/counting.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { LedgerRow } from '../budget/row.ts';
import { MillpondError } from '../errors.ts';
import type { Pool } from '../pool/pool.ts';

/** What a job gets besides its input. */
export interface JobContext {
  /** This thread's pool. Leases end with the task. */
  readonly pool: Pool;
  /** Aborts when the caller cancels; `signal.aborted` is up to date even inside a long synchronous job. */
  readonly signal: AbortSignal;
  /** How large blocks should be, and where to report what was done. */
  readonly block: BlockAdvice;
  /** This thread's copy of the runtime's `data`; undefined where it was given none. */
  readonly data: unknown;
  /** Reports how far the job is, 0 to 1; costs a few nanoseconds. */
  readonly progress: (fraction: number) => void;
  /**
   * Gives a value to whoever reads `runtime.stream`, before the result; leases in it move. In a task that
   * `run` or `map` started nobody reads: its leases are released. Where as many values are unread as its
   * reader allows it blocks this thread until one is read; the thread's messages are served meanwhile.
   * @throws MillpondError `ERR_TASK_OVER`, `ERR_NOT_CLONEABLE`, `ERR_LEASE_*`: the leases live on then; an
   * `AbortError` once the task is cancelled
   */
  readonly emit: (value: unknown) => void;
  /** As `emit`, but waits without blocking the thread. Values go in the order of the calls. */
  readonly emitAsync: (value: unknown) => Promise<void>;
}

/** How large blocks of audio should be now. Read it before each block: it may change between two. */
export interface BlockAdvice {
  /** Bytes of one block, all channels together. */
  readonly bytes: number;
  /** Milliseconds of audio that one block lasts at most. */
  readonly mostMilliseconds: number;
  /**
   * Frames of 32-bit samples that fit one block of so many channels, and at a rate (Hz) last no longer than
   * allowed; 1 or more. With a rate, blocks are not advised to grow past what lasts so long.
   * @throws MillpondError `ERR_INVALID_ARGUMENT` for fewer channels than one, or a rate that is not over 0
   */
  frames(channels: number, sampleRate?: number): number;
  /**
   * Reports that so many bytes of samples were just worked on. Block sizes are chosen by these reports: a
   * larger one stays only where it does more work. Without them blocks grow while the CPU is busy. Costs
   * 0.1 us.
   * @throws MillpondError `ERR_INVALID_ARGUMENT` for anything but a number of bytes, 0 or more
   */
  processed(bytes: number): void;
}

interface ContextParts {
  readonly ledger: Ledger;
  readonly row: number;
  /** Of that row. */
  readonly counts: Counting;
  readonly pool: Pool;
  readonly mostBlockMs: number;
  readonly data: unknown;
  /**
   * The signal of the task that runs: made only for jobs that ask for it, as it costs more than an empty job.
   */
  signal(): AbortSignal;
  /** The job said what it processed. */
  processed(): void;
  emit(value: unknown): void;
  emitAsync(value: unknown): Promise<void>;
}

export function makeContext(parts: ContextParts): JobContext {
  const { ledger, row, pool } = parts;
  const words = ledger.row(row);
  return Object.freeze({
    pool,
    data: parts.data,
    block: Object.freeze(blockAdvice(parts, words)),
    progress: (fraction: number) => {
      words.progressThousandths = Math.round(Math.min(1, Math.max(0, fraction)) * 1000);
    },
    emit: (value: unknown) => parts.emit(value),
    emitAsync: (value: unknown) => parts.emitAsync(value),
    get signal() {
      return parts.signal();
    },
  });
}

/** Whoever asks for a size also says up to which one it would follow: beyond that none is advised. */
function blockAdvice(
  { ledger, counts, mostBlockMs, processed }: ContextParts,
  words: Pick<LedgerRow, 'longestBlockBytes'>,
): BlockAdvice {
  const { header } = ledger;
  return {
    get bytes() {
      words.longestBlockBytes = Number.POSITIVE_INFINITY;
      return header.blockBytes;
    },
    mostMilliseconds: mostBlockMs,
    frames: (channels, sampleRate = Number.POSITIVE_INFINITY) => {
      if (!(channels >= 1 && sampleRate > 0)) throw invalidFrames(channels, sampleRate);
      const longest = (sampleRate * mostBlockMs) / 1000;
      words.longestBlockBytes = longest * channels * 4;
      return Math.max(1, Math.floor(Math.min(header.blockBytes / (4 * channels), longest)));
    },
    processed: (bytes) => {
      if (!(Number.isFinite(bytes) && bytes >= 0)) throw invalidBytes(bytes);
      counts.processed(bytes);
      processed();
    },
  };
}

function invalidFrames(channels: number, sampleRate: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A block has 1 channel or more, at a rate over 0 Hz; got ${channels} and ${sampleRate}. Pass those of the audio file.`,
  );
}

function invalidBytes(bytes: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `What was processed is a number of bytes, 0 or more; got ${String(bytes)}. Pass frames x channels x 4.`,
  );
}
