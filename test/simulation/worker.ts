/**
 * A simulated worker: what a production worker is wired of, with ports that are lists. Its thread may be
 * killed at any step; what it posted before is still there afterwards.
 */
import type { Link } from '../../src/coordinator/links.ts';
import type { Answer, ToWorker } from '../../src/messages/asks.ts';
import { type Task, type TaskResult, taskBuffers } from '../../src/messages/tasks.ts';
import {
  isUnbegun,
  type ResultsMessage,
  readResults,
  readTasks,
  readUnbegun,
  type TasksMessage,
} from '../../src/messages/wire.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Member } from '../../src/runtime/member.ts';
import type { Mailbox } from '../../src/thread/mailbox.ts';
import type { TaskLoop } from '../../src/thread/task-loop.ts';
import { wireWorker } from '../../src/thread/wire-worker.ts';
import { SimulatedJob } from './job.ts';
import type { Machinery } from './machinery.ts';
import { Killed, type LedgerCall, ScheduledLedger, type Thread } from './scheduler.ts';
import { SimulatedSupply } from './thread.ts';

export class SimulatedWorker implements Thread, Link {
  readonly name: string;
  dead = false;
  busy = false;
  call: LedgerCall | null = null;
  row = -1;
  readonly id: number;
  readonly member: Member;
  readonly ledger: ScheduledLedger;
  shard: Shard | null = null;

  // Ports.
  readonly toWorker: ToWorker[] = [];
  readonly fromWorker: Answer[] = [];
  /** Tasks that were posted and not received. */
  dispatched: TasksMessage | null = null;
  /** The first of the tasks that it was given last. */
  given = 0;
  /** What tasks came to, not yet seen by the main thread. */
  readonly results: Exclude<ResultsMessage, 'unread'>[] = [];
  introduced = false;
  /** The main thread has seen that it failed. */
  noticed = false;
  gone = false;

  readonly #machine: Machinery;
  readonly #main: Thread;
  #mailbox: Mailbox<ToWorker> | null = null;
  #job: SimulatedJob | null = null;
  #loop: TaskLoop | null = null;
  #ns = 0;
  /** It has no more work to begin: every job ends with its next turn. */
  finishing = false;

  constructor(id: number, shared: SharedArrayBuffer, machine: Machinery, main: Thread) {
    this.id = id;
    this.#main = main;
    this.name = `worker ${id}`;
    this.#machine = machine;
    this.ledger = new ScheduledLedger(shared, machine.scheduler, this);
    const state = { ready: false, busy: false, dying: false, lost: false };
    this.member = { row: -1, ...state, tasksLeft: Infinity, cause: undefined } as Member;
  }

  /** Does one thing, if there is any to do. */
  turn(): boolean {
    if (this.dead || this.busy) return false;
    // With nobody in the middle of a post, what lies in the port is told of: else a long task would never
    // hear of it.
    if (this.toWorker.length > 0 && !this.#hasMail && !this.#main.busy)
      throw new Error(`mail: a message waits for ${this.name}, and its flag is down`);
    const job = this.#job;
    if (job === null) return this.#start();
    if (this.#machine.exits()) this.#exit();
    if (job.running) {
      job.act(this.finishing);
      return true;
    }
    if (job.orphans.length > 0 && (this.finishing || this.#machine.scheduler.choices.once(3))) {
      job.orphans.pop()?.release();
      return true;
    }
    // Which of its ports it hears first is anybody's guess.
    const mailFirst = this.toWorker.length > 0 && this.#machine.scheduler.choices.once(2);
    if (this.dispatched !== null && !mailFirst) return this.#begin(this.dispatched);
    if (this.toWorker.length > 0) {
      this.#mailbox?.drain();
      return true;
    }
    return false;
  }

  /** As far as the main thread knows. */
  get takesTasks(): boolean {
    const { ready, dying, retiring } = this.member;
    return ready && !dying && !retiring;
  }

  /** Idle buffers of a tier that are on their way to this thread or from it. */
  moving(tier: number): number {
    let count = 0;
    for (const message of [...this.toWorker, ...this.fromWorker]) {
      const moves = message.kind === 'gift' || message.kind === 'surrender';
      if (moves && message.tier === tier) count += message.buffers.length;
    }
    for (const { gifts } of this.dispatched === null ? [] : readTasks(this.dispatched)) {
      for (const gift of gifts) if (gift.tier === tier) count += gift.buffers.length;
    }
    return count;
  }

  /** KiB charged to it that its task may return, or has. */
  get lastingKib(): number {
    const results = this.results.flatMap((message) => (isUnbegun(message) ? [] : readResults(message)));
    const crates = results.flatMap(({ crates = [] }) => crates);
    const returned = crates.filter(({ loan }) => loan === 0);
    const kib = returned.reduce((sum, { buffer }) => sum + buffer.byteLength / 1024, 0);
    return kib + (this.#job?.lastingKib ?? 0);
  }

  /** Its job does not stop: the thread is ended, as if it died, or is lost until the job ends. */
  stop(stopMs: number): boolean {
    const { promises, clock, scheduler } = this.#machine;
    promises.stops(this.given, clock - stopMs * 1e6);
    if (this.dead) return true;
    if (scheduler.choices.once(2)) {
      this.member.retiring = true;
      this.kill();
      return true;
    }
    this.member.lost = true;
    return false;
  }

  /** The thread stops where it is; its memory lives until it is gone. */
  kill(): void {
    this.dead = true;
  }

  /**
   * The thread and all its memory are gone, with what was on its way to it and the results that nobody saw.
   */
  vanish(): void {
    this.gone = true;
    this.results.length = 0;
    this.dispatched = null;
    this.toWorker.length = 0;
    this.#machine.book.drop(this.name, `to ${this.name}`, `result of ${this.name}`);
  }

  /** The main thread takes what it posted next of its tasks: results, or those that it never began. */
  hear(unbegun: (tasks: Task[]) => void): TaskResult[] {
    const message = this.results.shift() as Exclude<ResultsMessage, 'unread'>;
    const { book } = this.#machine;
    if (isUnbegun(message)) {
      const tasks = readUnbegun(message);
      book.receive(`result of ${this.name}`, tasks.flatMap(taskBuffers), this.#main.name);
      unbegun(tasks);
      return [];
    }
    const results = readResults(message);
    const crates = results.flatMap(({ crates = [], homebound = [] }) => [...crates, ...homebound]);
    const buffers = crates.map(({ buffer }) => buffer);
    book.receive(`result of ${this.name}`, buffers, this.#main.name);
    return results;
  }

  // Link: the main thread's end of its port.

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    const { book, scheduler } = this.#machine;
    if (transfer.length > 0 && this.#machine.fails()) throw new Error('the port refuses');
    // Between what was said before and the post, too.
    scheduler.pause(this.#main);
    const shipped = book.ship(message, transfer, `to ${this.name}`);
    // A closed port takes everything, and destroys it.
    if (this.gone) book.drop(`to ${this.name}`);
    else this.toWorker.push(shipped);
    // Others may run between the post and the flag that tells of it.
    scheduler.pause(this.#main);
  }

  receive(): Answer | undefined {
    const message = this.fromWorker.shift();
    if (message !== undefined) this.#machine.book.receive(`from ${this.name}`, buffersOf(message), 'main');
    return message;
  }

  close(): void {}

  get #hasMail(): boolean {
    const { words, mail } = this.ledger.row(this.row).shardWords();
    return words[mail] !== 0;
  }

  #start(): boolean {
    const row = this.ledger.claim(this.id);
    if (row < 0) return false;
    this.row = row;
    const machine = this.#machine;
    const { shard, supply, mailbox, frame, loop, emitter } = wireWorker({
      ledger: this.ledger,
      row,
      options: machine.options,
      recorder: { record: () => {}, lifetime: () => {} },
      supply: (around) => new SimulatedSupply(machine, this, this.ledger, row, around),
      receive: () => this.#receive(),
      post: (message, transfer) => this.#post(message, transfer),
      tasks: {
        run: (task, input) => job.begin(task.task, input),
        post: (message, transfer) => {
          if (this.dead) throw new Killed();
          if (message === 'unread') throw new Error('a message could not be read');
          job.aside.posted();
          this.results.push(machine.book.ship(message, transfer, `result of ${this.name}`));
          machine.scheduler.pause(this);
        },
        cancelled: () => {},
        // Tasks are short all in all, whatever time passes for those who wait.
        now: () => {
          this.#ns += machine.scheduler.choices.pick(2) * 100_000;
          return this.#ns;
        },
      },
      closed: (leaks) => this.#post({ kind: 'closed', leaks }, []),
    });
    const begin = frame.begin.bind(frame);
    frame.begin = (task) => {
      machine.book.receive(`to ${this.name}`, taskBuffers(task), this.name);
      job.aside.begins();
      return begin(task);
    };
    const progress = (thousandths: number): void => {
      this.ledger.row(row).progressThousandths = thousandths;
    };
    const job = new SimulatedJob(machine, {
      main: this.#main,
      supply,
      shard,
      frame,
      emitter,
      progress,
      exit: () => this.#exit(),
    });
    this.#mailbox = mailbox;
    this.#job = job;
    this.#loop = loop;
    this.shard = shard;
    return true;
  }

  #receive(): ToWorker | undefined {
    // Others may run between two looks into the port, and between the flag and the first.
    this.#machine.scheduler.pause(this);
    const message = this.toWorker.shift();
    // And between the last look and what comes after.
    if (message === undefined) this.#machine.scheduler.pause(this);
    if (message?.kind === 'gift') this.#machine.book.receive(`to ${this.name}`, message.buffers, this.name);
    return message;
  }

  #post(message: Answer, transfer: ArrayBuffer[]): void {
    const { book, scheduler } = this.#machine;
    if (this.dead) throw new Killed();
    if (message.kind === 'surrender' && transfer.length > 0 && this.#machine.fails())
      throw new Error('the port refuses');
    this.fromWorker.push(book.ship(message, transfer, `from ${this.name}`));
    scheduler.pause(this);
  }

  /** The thread ends between two steps of its own, and has the last word. */
  #exit(): never {
    const unread = this.dispatched === null ? [] : [this.dispatched];
    this.dispatched = null;
    this.#machine.promises.givesBack(unread.flatMap(readTasks));
    this.#loop?.giveBack(unread);
    const last = this.results.at(-1);
    if (last !== undefined && isUnbegun(last)) this.#machine.promises.givesBack(readUnbegun(last));
    this.kill();
    throw new Killed();
  }

  #begin(message: TasksMessage): boolean {
    this.dispatched = null;
    if (this.#job !== null) this.#job.aside.unbegun = readTasks(message);
    this.#loop?.take(message);
    return true;
  }
}

function buffersOf(message: Answer): ArrayBuffer[] {
  if (message.kind === 'surrender') return message.buffers;
  return message.kind === 'loan' ? [message.buffer] : [];
}
