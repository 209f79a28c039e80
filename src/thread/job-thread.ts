/**
 * A worker's side of the runtime. Owns the thread's shard, mailbox and recorder, and the task that runs.
 * Runs in a worker thread, one task at a time.
 * Invariant: when a task's result is handed over, the shard holds no lease and no loan of that task, except what
 * native code still holds (in quarantine).
 */
import { createRequire } from 'node:module';
import { MessageChannel, parentPort, receiveMessageOnPort, threadId } from 'node:worker_threads';
import { BLOCK, MAIL, PROCESSED, PROGRESS, rowWord, TELL, WAKE } from '../budget/layout.ts';
import { Ledger } from '../budget/ledger.ts';
import { AtomicMemory } from '../budget/memory.ts';
import { MillpondError } from '../errors.ts';
import type { FromWorker, ToWorker } from '../messages/asks.ts';
import type { Hello, WorkerStart } from '../messages/start.ts';
import { type ResultMessage, readTask, type TaskMessage, writeResult } from '../messages/wire.ts';
import type { Pool } from '../pool/pool.ts';
import { Shard } from '../pool/shard.ts';
import { GcWatch } from '../telemetry/gc.ts';
import { Recorder } from '../telemetry/recorder.ts';
import { Mailbox } from './mailbox.ts';
import { WorkerSide } from './responder.ts';
import { RowCounts, shardWords, ThreadSupply } from './supply.ts';
import { type TaskEnding, TaskFrame } from './task-frame.ts';
import { TaskSignal } from './task-signal.ts';

/** What a job gets besides its input. */
export interface JobContext {
  /** This thread's pool. Leases end with the task. */
  readonly pool: Pool;
  /** Aborts when the caller cancels; `signal.aborted` is up to date also inside a long synchronous job. */
  readonly signal: AbortSignal;
  readonly block: BlockAdvice;
  /** Says how far the job is, 0 to 1; costs a few nanoseconds. */
  readonly progress: (fraction: number) => void;
}

/** How large blocks of audio should be now. Read it before each block: it may change between two. */
export interface BlockAdvice {
  /** Bytes of one block, all channels together. */
  readonly bytes: number;
  /** Milliseconds of audio that one block lasts at most. */
  readonly mostMilliseconds: number;
  /**
   * Frames of 32-bit samples that fit one block of so many channels, and at a rate (Hz) last no longer than allowed; 1 or more.
   * @throws MillpondError `ERR_INVALID_ARGUMENT` for fewer channels than one, or a rate that is not over 0
   */
  frames(channels: number, sampleRate?: number): number;
  /**
   * Says that so many bytes of samples were just worked on. This is the evidence by which block sizes are chosen: without it
   * blocks never grow over their baseline. Costs 0.1 us.
   * @throws MillpondError `ERR_INVALID_ARGUMENT` for what is no number of bytes, 0 or more
   */
  processed(bytes: number): void;
}

export type Job = (input: never, context: JobContext) => unknown;

/** How long a thread keeps its records to itself, at most while tasks end or tell what they processed. */
const PUBLISH_EVERY_NS = 1e9;
const ROW_WAIT_MS = 60_000;

export class WorkerThread {
  readonly shard: Shard;
  readonly #ledger: Ledger;
  readonly #row: number;
  readonly #supply: ThreadSupply;
  readonly #recorder = new Recorder();
  readonly #gc = new GcWatch((kind, nanoseconds) => this.#recorder.gc(kind, nanoseconds));
  readonly #channel = new MessageChannel();
  /** The same for all tasks: there is one at a time. */
  readonly #context: JobContext;
  readonly #frame: TaskFrame;
  #task = 0;
  #signal: TaskSignal | null = null;
  #published: number;
  /** The word by which threads are asked to tell what they recorded, when this one last did. */
  #told = 0;
  #publishing: NodeJS.Timeout | null = null;
  #introduced = false;

  constructor(start: WorkerStart) {
    this.#ledger = new Ledger(start.ledger);
    this.#row = claimRow(this.#ledger);
    const port = this.#channel.port2;
    // The mailbox comes before the shard whose safepoints open it.
    const hands = { handle: (_message: ToWorker): void => {} };
    const mailbox = new Mailbox<ToWorker>(
      { receive: () => receiveMessageOnPort(port)?.message },
      new AtomicMemory(this.#ledger.words),
      rowWord(this.#row) + MAIL,
      (message) => hands.handle(message),
    );
    this.#supply = new ThreadSupply(this.#ledger, this.#row, {
      canBlock: true,
      safepoint: () => mailbox.drain(),
      returnLoan: (store) =>
        this.#post({ kind: 'loan', loan: store.loan, buffer: store.buffer }, [store.buffer]),
      // A worker keeps what it makes; only the main thread is brought memory by results.
      sendBack: () => false,
      currentTask: () => this.#task,
    });
    this.shard = new Shard(
      start.options,
      // The coordinator hands out quota in answer to the hello.
      [0, 0, 0],
      shardWords(this.#ledger, this.#row),
      this.#supply,
      new RowCounts(this.#ledger, this.#row),
      this.#recorder,
    );
    const side = new WorkerSide(this.shard, {
      post: (message, transfer) => this.#post(message, transfer),
      // Not at once, perhaps in the middle of a release: whoever listens may do what it likes.
      cancelled: (task) =>
        queueMicrotask(() => {
          if (task === this.#task) this.#signal?.abort();
        }),
      closed: (leaks) => {
        this.#gc.stop();
        this.#post({ kind: 'closed', interval: this.#recorder.publish(), leaks }, []);
      },
    });
    hands.handle = (message) => side.handle(message);
    this.#frame = new TaskFrame(this.shard);
    this.#published = this.#supply.now();
    port.on('message', (message: ToWorker) => mailbox.deliver(message));
    // The port is for an idle worker's ears; it is no reason to stay alive.
    port.unref();
    this.#context = this.#makeContext(start.options.mostBlockMs);
  }

  /** Tells the coordinator that this thread is ready to be given tasks; the first call only. */
  introduce(): void {
    if (this.#introduced) return;
    this.#introduced = true;
    const port = this.#channel.port1;
    const hello: Hello = { millpond: 'hello', threadId, row: this.#row, port };
    parentPort?.postMessage(hello, [port]);
  }

  /** Runs one task to its end. Never throws and never rejects: an error is part of the result. */
  run(job: Job, message: TaskMessage): unknown {
    const task = readTask(message);
    this.#task = task.task;
    const input = this.#frame.begin(task);
    try {
      const returned = job(input as never, this.#context);
      if (!isThenable(returned)) return this.#end(this.#frame.succeed(returned));
      return Promise.resolve(returned).then(
        (value) => this.#end(this.#frame.succeed(value)),
        (error) => this.#end(this.#frame.fail(error)),
      );
    } catch (error) {
      return this.#end(this.#frame.fail(error));
    }
  }

  #makeContext(mostBlockMs: number): JobContext {
    const thread = this;
    const { words } = this.#ledger;
    const counters = this.#ledger.counters(this.#row);
    const block: BlockAdvice = {
      get bytes() {
        return words[BLOCK];
      },
      mostMilliseconds: mostBlockMs,
      frames: (channels, sampleRate = Number.POSITIVE_INFINITY) => {
        if (!(channels >= 1 && sampleRate > 0)) throw invalidFrames(channels, sampleRate);
        return Math.max(
          1,
          Math.floor(Math.min(words[BLOCK] / (4 * channels), (sampleRate * mostBlockMs) / 1000)),
        );
      },
      processed: (bytes) => {
        if (!(Number.isFinite(bytes) && bytes >= 0)) throw invalidBytes(bytes);
        counters[PROCESSED] += bytes;
        // A long task tells of itself while it runs.
        this.#publishIfDue();
      },
    };
    return Object.freeze({
      pool: this.shard,
      block: Object.freeze(block),
      progress: (fraction: number) => this.#progress(fraction),
      // Made only for jobs that ask for it: an AbortSignal costs more than an empty job.
      get signal() {
        thread.#signal ??= new TaskSignal(() => thread.#supply.cancelled());
        return thread.#signal.signal;
      },
    });
  }

  #progress(fraction: number): void {
    this.#ledger.words[rowWord(this.#row) + PROGRESS] = Math.round(Math.min(1, Math.max(0, fraction)) * 1000);
  }

  #end({ result, transfer }: TaskEnding): unknown {
    this.#task = 0;
    this.#signal = null;
    if (this.#asked) this.#publish();
    else this.#publishSoon();
    const message = writeResult(result);
    return transfer.length > 0 ? movable(message, transfer) : message;
  }

  /** What the last task before a pause recorded is told, too. */
  #publishSoon(): void {
    if (this.#publishing !== null) return;
    this.#publishing = setTimeout(() => {
      this.#publishing = null;
      this.#publish();
    }, PUBLISH_EVERY_NS / 1e6);
    this.#publishing.unref();
  }

  #publishIfDue(): void {
    if (this.#asked || this.#supply.now() - this.#published >= PUBLISH_EVERY_NS) this.#publish();
  }

  get #asked(): boolean {
    return this.#ledger.words[TELL] !== this.#told;
  }

  #publish(): void {
    this.#published = this.#supply.now();
    this.#told = this.#ledger.words[TELL];
    this.#gc.flush();
    const interval = this.#recorder.publish();
    if (interval !== null) this.#post({ kind: 'recorded', interval }, []);
  }

  #post(message: FromWorker, transfer: ArrayBuffer[]): void {
    this.#channel.port2.postMessage(message, transfer);
  }
}

function invalidFrames(channels: number, sampleRate: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `A block has 1 channel or more, at a rate over 0 Hz; got ${channels} and ${sampleRate}. Pass those of the recording.`,
  );
}

function invalidBytes(bytes: number): MillpondError {
  return new MillpondError(
    'ERR_INVALID_ARGUMENT',
    `What was processed is a number of bytes, 0 or more; got ${String(bytes)}. Pass frames x channels x 4.`,
  );
}

/** Rows of dead threads come free a moment after their replacements start. */
function claimRow(ledger: Ledger): number {
  const deadline = performance.now() + ROW_WAIT_MS;
  for (;;) {
    const seen = ledger.wakeWord();
    const row = ledger.claim(threadId);
    if (row >= 0) return row;
    if (performance.now() > deadline) {
      throw new MillpondError(
        'ERR_WORKER_BOOTSTRAP',
        `Every worker has a row in the ledger; all ${ledger.rows} were taken for ${ROW_WAIT_MS} ms. Workers die faster than they can be replaced: look at why.`,
      );
    }
    Atomics.wait(ledger.words, WAKE, seen, 100);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

const require = createRequire(import.meta.url);

let piscina: typeof import('piscina').Piscina | undefined;

/** Marks a result whose buffers Piscina should transfer. Piscina is loaded by the first one: most jobs need none. */
function movable(value: ResultMessage, transfer: ArrayBuffer[]): unknown {
  // Kept: even what is loaded costs a `require` some microseconds.
  piscina ??= (require('piscina') as typeof import('piscina')).Piscina;
  const { move, transferableSymbol, valueSymbol } = piscina;
  return move({ [transferableSymbol]: transfer, [valueSymbol]: value } as never);
}
