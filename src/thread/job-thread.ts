/**
 * A worker's side of the runtime. Owns the thread's ports and recorder, and the task that runs; its memory is
 * wired in wire-worker.ts. Runs in a worker thread, one task at a time.
 * Invariant: when a task's result is posted, the shard holds no lease and no loan of that task, except what
 * native code still holds (in quarantine). What a task left behind ends no other task.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MessageChannel, parentPort, receiveMessageOnPort, threadId } from 'node:worker_threads';
import { Ledger } from '../budget/ledger.ts';
import { ENDS } from '../budget/row.ts';
import { MillpondError } from '../errors.ts';
import type { FromWorker, ToWorker } from '../messages/asks.ts';
import { slotWriter } from '../messages/slots.ts';
import type { Hello, WorkerStart } from '../messages/start.ts';
import type { Task } from '../messages/tasks.ts';
import type { TasksMessage } from '../messages/wire.ts';
import type { Leak } from '../pool/leases.ts';
import { GcWatch } from '../telemetry/gc.ts';
import { Recorder } from '../telemetry/recorder.ts';
import { clearTimeout, nowMs, queueMicrotask, setImmediate, setTimeout } from '../timers.ts';
import { type JobContext, makeContext } from './job-context.ts';
import type { Job } from './job-file.ts';
import { ThreadSupply } from './supply.ts';
import type { TaskEnding } from './task-frame.ts';
import { TaskSignal } from './task-signal.ts';
import { atThreadEnd, endThread } from './thread-end.ts';
import { type WorkerParts, wireWorker } from './wire-worker.ts';

/**
 * How long a thread keeps its records before it publishes them, as long as tasks end or report what they
 * processed.
 */
const PUBLISH_EVERY_NS = 1e9;
const ROW_WAIT_MS = 60_000;
/** So long may what jobs do at the end of a thread take, where it has to be waited for. */
const TEARDOWN_MS = 2000;

export class JobThread {
  readonly #ledger: Ledger;
  readonly #row: number;
  readonly #parts: WorkerParts;
  readonly #recorder = new Recorder();
  readonly #data: unknown;
  readonly #gc = new GcWatch((kind, nanoseconds) => this.#recorder.gc(kind, nanoseconds));
  readonly #channel = new MessageChannel();
  readonly #taskChannel = new MessageChannel();
  #jobs: readonly Job[] = [];
  /** The same for all tasks: there is one at a time. */
  readonly #context: JobContext;
  readonly #tasks = new AsyncLocalStorage<number>();
  /** A result could not be posted. */
  #broken = false;
  #retired = false;
  #signal: TaskSignal | null = null;
  #published: number;
  /** The word that asks threads to publish what they recorded, as it was when this one last did. */
  #told = 0;
  #publishing: NodeJS.Timeout | null = null;

  constructor(start: WorkerStart) {
    const ledger = new Ledger(start.ledger);
    const row = claimRow(ledger);
    this.#ledger = ledger;
    this.#row = row;
    this.#data = start.data;
    const port = this.#channel.port2;
    this.#parts = wireWorker({
      ledger,
      row,
      options: start.options,
      recorder: this.#recorder,
      supply: (around) => new ThreadSupply(ledger, row, around),
      receive: () => receiveMessageOnPort(port)?.message,
      post: (message, transfer) => this.#post(message, transfer),
      tasks: {
        run: (task, input) => this.#run(task, input),
        ...(start.slots !== undefined && { begins: slotWriter(start.slots, row) }),
        now: () => nowMs() * 1e6,
        post: (message, transfer) => {
          try {
            this.#taskChannel.port2.postMessage(message, transfer);
          } catch (error) {
            this.#broken = true;
            throw error;
          }
        },
        cancelled: () => {
          const signal = this.#signal;
          // Not at once, perhaps in the middle of a release: a listener may do what it likes.
          queueMicrotask(() => {
            if (signal === this.#signal) signal?.abort();
          });
        },
      },
      closed: (leaks) => void this.#end(leaks),
    });
    const { shard, supply, mailbox, counts, emitter } = this.#parts;
    this.#published = supply.now();
    port.on('message', (message: ToWorker) => mailbox.deliver(message));
    // An idle worker listens to the port, which must not keep it alive.
    port.unref();
    this.#context = makeContext({
      ledger,
      row,
      counts,
      pool: shard,
      mostBlockMs: start.options.mostBlockMs,
      data: start.data,
      signal: () => {
        this.#signal ??= new TaskSignal(() => supply.cancelled());
        return this.#signal.signal;
      },
      // A long task publishes while it runs.
      processed: () => this.#publishIfDue(),
      // Code that an earlier task left behind must not give its values to whoever reads this one's.
      emit: (value) => emitter.emit(value, this.#tasks.getStore() ?? 0),
      emitAsync: (value) => emitter.emitAsync(value, this.#tasks.getStore() ?? 0),
    });
  }

  /** What jobs do before the first task. To be called once, before {@link serve}. */
  async setUp(jobs: readonly Job[]): Promise<void> {
    // Before what jobs do at the end, which may not come to its own.
    atThreadEnd(() => this.#giveBack());
    for (const { setup, teardown } of jobs) {
      await setup?.({ data: this.#data });
      if (teardown !== undefined) atThreadEnd(teardown);
    }
  }

  /** Tells the runtime that this thread is ready for tasks of these jobs. To be called once. */
  serve(jobs: readonly Job[]): void {
    this.#jobs = jobs;
    // What is thrown outside of tasks does not end this thread at once.
    process.on('uncaughtException', (error) => this.#uncaught(error));
    const { loop } = this.#parts;
    const tasks = this.#taskChannel.port2;
    tasks.on('message', (message: TasksMessage) => loop.take(message));
    tasks.on('messageerror', () => loop.unread());
    const port = this.#channel.port1;
    const { port1 } = this.#taskChannel;
    const traits = jobs.map(({ terminable = false, setup }) => ({ terminable, setUp: setup !== undefined }));
    const hello: Hello = { millpond: 'hello', threadId, row: this.#row, port, tasks: port1, jobs: traits };
    parentPort?.postMessage(hello, [port, port1]);
  }

  async #end(leaks: Leak[]): Promise<void> {
    this.#retired = true;
    const ends = endThread((error) => this.#stray(0, error));
    if (ends.length > 0) {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, TEARDOWN_MS);
      await Promise.race([Promise.all(ends), late.promise]);
      clearTimeout(timer);
    }
    this.#gc.stop();
    this.#publish();
    this.#post({ kind: 'closed', leaks }, []);
  }

  #run(task: Task, input: unknown): TaskEnding | Promise<TaskEnding> {
    const { frame } = this.#parts;
    try {
      const returned = this.#tasks.run(task.task, this.#jobs[task.job].run, input as never, this.#context);
      if (!isThenable(returned)) return this.#ended(frame.succeed(returned));
      return Promise.resolve(returned).then(
        (value) => this.#ended(frame.succeed(value)),
        (error) => this.#ended(frame.fail(error)),
      );
    } catch (error) {
      return this.#ended(frame.fail(error));
    }
  }

  #ended(ending: TaskEnding): TaskEnding {
    // The job may have caught what a value came to that could not be posted.
    if (this.#broken) throw new Error('a value that a task emitted could not be posted');
    this.#signal = null;
    if (this.#asked) this.#publish();
    else this.#publishSoon();
    return ending;
  }

  /**
   * Nothing caught an error. Thrown by the running task, it ends the thread: the task may wait for ever for
   * what is broken now. So does one without a task while another runs, which may be that one's, and one of a
   * result that cannot be posted. All others were left behind: somebody else replaces this thread between two
   * tasks.
   */
  #uncaught(error: unknown): void {
    // A listener of the job's own decides by itself.
    if (process.listenerCount('uncaughtException') > 1) return;
    const task = this.#tasks.getStore() ?? 0;
    const { current } = this.#parts.loop;
    if (this.#broken || (task === current ? task !== 0 : task === 0)) {
      // What is thrown here ends the thread without its 'exit'.
      endThread();
      throw error;
    }
    this.#stray(task, error);
  }

  /** What lies in the port, too: whoever posted it has not heard yet that this thread ends. */
  #giveBack(): void {
    // It was given nothing more.
    if (this.#retired) return;
    // Where a listener to 'exit' throws, so does `process.exit`, once: the thread must not live on after its
    // last word.
    setImmediate(() => process.exit());
    const { loop } = this.#parts;
    // Before the last look into the port: what comes after that look is gone.
    if (loop.current === 0 && !this.#broken) {
      const row = this.#ledger.row(this.#row);
      row.begunTask = ENDS;
      row.waitForPost();
    }
    const unread: TasksMessage[] = [];
    const port = this.#taskChannel.port2;
    for (;;) {
      const next = receiveMessageOnPort(port);
      if (next === undefined) break;
      unread.push(next.message);
    }
    loop.giveBack(unread);
  }

  #stray(task: number, error: unknown): void {
    this.#post({ kind: 'stray', task, error: this.#parts.frame.record(error) }, []);
  }

  /** Publishes what the last task before a pause recorded, too. */
  #publishSoon(): void {
    if (this.#publishing !== null) return;
    this.#publishing = setTimeout(() => {
      this.#publishing = null;
      this.#publish();
    }, PUBLISH_EVERY_NS / 1e6);
    this.#publishing.unref();
  }

  #publishIfDue(): void {
    if (this.#asked || this.#parts.supply.now() - this.#published >= PUBLISH_EVERY_NS) this.#publish();
  }

  get #asked(): boolean {
    return this.#ledger.header.publishWord !== this.#told;
  }

  #publish(): void {
    this.#published = this.#parts.supply.now();
    this.#told = this.#ledger.header.publishWord;
    this.#gc.flush();
    const interval = this.#recorder.publish();
    if (interval !== null) this.#post({ kind: 'recorded', interval }, []);
  }

  #post(message: FromWorker, transfer: ArrayBuffer[]): void {
    this.#channel.port2.postMessage(message, transfer);
  }
}

/** Rows of dead threads come free a moment after their replacements start. */
function claimRow(ledger: Ledger): number {
  const deadline = nowMs() + ROW_WAIT_MS;
  for (;;) {
    const seen = ledger.wakeWord();
    const row = ledger.claim(threadId);
    if (row >= 0) return row;
    if (nowMs() > deadline) {
      throw new MillpondError(
        'ERR_WORKER_BOOTSTRAP',
        `Every worker has a row in the ledger; all ${ledger.rows} were taken for ${ROW_WAIT_MS} ms. Workers die faster than they can be replaced: find out why.`,
      );
    }
    ledger.header.waitForWake(seen, 100);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
