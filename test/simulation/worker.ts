/**
 * A simulated worker: production shard, mailbox, worker side and task frame, with ports that are lists, and a job that is a
 * choice at a time. Its thread may be killed at any step; what it posted before is still there afterwards.
 */
import { MAIL, rowWord } from '../../src/budget/layout.ts';
import { AtomicMemory } from '../../src/budget/memory.ts';
import type { Link } from '../../src/coordinator/links.ts';
import { Mailbox } from '../../src/coordinator/mailbox.ts';
import type { FromWorker, Task, TaskResult, ToWorker } from '../../src/coordinator/protocol.ts';
import { RowCounts, shardWords } from '../../src/coordinator/supply.ts';
import { WorkerSide } from '../../src/coordinator/worker-side.ts';
import { isMillpondError } from '../../src/errors.ts';
import type { PoolOptions } from '../../src/options.ts';
import type { Lease, Pin } from '../../src/pool/lease.ts';
import { Shard } from '../../src/pool/shard.ts';
import { TaskFrame } from '../../src/task-frame.ts';
import type { Member } from '../../src/workers.ts';
import { type LedgerCall, ScheduledLedger, type Thread } from './scheduler.ts';
import { type Machine, SimulatedSupply } from './thread.ts';
import type { WorldOptions } from './world.ts';

/** Errors that a request for memory may end with. */
const REFUSALS = [
  'ERR_BUDGET_EXHAUSTED',
  'ERR_TASK_WAITING',
  'ERR_ALLOCATION_FAILED',
  'ERR_REQUEST_TOO_LARGE',
  'ERR_RUNTIME_CLOSED',
];

export type Machinery = Machine & { readonly options: PoolOptions; readonly world: WorldOptions };

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
  readonly fromWorker: FromWorker[] = [];
  /** The task that was posted and not begun. */
  dispatched: Task | null = null;
  /** What the last task came to, not yet seen by the main thread. */
  result: TaskResult | null = null;
  settle: { done(result: TaskResult): void; lost(error: Error): void } | null = null;
  introduced = false;
  /** The main thread has seen that it failed. */
  noticed = false;
  gone = false;

  readonly #machine: Machinery;
  #mailbox: Mailbox<ToWorker> | null = null;
  #frame: TaskFrame | null = null;
  #task = 0;
  #held: { lease: Lease; pins: Pin[] }[] = [];
  /** Pins whose task has ended. */
  #orphans: Pin[] = [];
  /** It has no more work to begin: every job ends with its next turn. */
  finishing = false;

  constructor(id: number, shared: SharedArrayBuffer, machine: Machinery) {
    this.id = id;
    this.name = `worker ${id}`;
    this.#machine = machine;
    this.ledger = new ScheduledLedger(shared, machine.scheduler, this);
    this.member = { row: -1, ready: false, busy: false, dying: false, cause: undefined } as Member;
  }

  /** Does one thing, if there is any to do. */
  turn(): boolean {
    if (this.dead || this.busy) return false;
    if (this.shard === null) return this.#start();
    if (this.#task !== 0) return this.#job();
    if (this.#orphans.length > 0 && (this.finishing || this.#machine.scheduler.choices.once(3))) {
      this.#orphans.pop()?.release();
      return true;
    }
    if (this.dispatched !== null) return this.#begin(this.dispatched);
    if (this.toWorker.length > 0) {
      this.#mailbox?.drain();
      return true;
    }
    return false;
  }

  /** The thread stops where it is; its memory lives until it is gone. */
  kill(): void {
    this.dead = true;
  }

  /** The thread and all its memory are gone, with what was on its way to it and the results that nobody saw. */
  vanish(): void {
    this.gone = true;
    this.result = null;
    this.#machine.book.drop(this.name, `to ${this.name}`, `result of ${this.name}`);
  }

  // Link: the main thread's end of its port.

  post(message: ToWorker, transfer: ArrayBuffer[]): void {
    const { book, faults, scheduler } = this.#machine;
    if (faults && transfer.length > 0 && scheduler.choices.once(30)) throw new Error('the port refuses');
    const shipped = book.ship(message, transfer, `to ${this.name}`);
    // A closed port takes everything, and destroys it.
    if (this.gone) book.drop(`to ${this.name}`);
    else this.toWorker.push(shipped);
  }

  receive(): FromWorker | undefined {
    const message = this.fromWorker.shift();
    if (message !== undefined) this.#machine.book.receive(`from ${this.name}`, buffersOf(message), 'main');
    return message;
  }

  close(): void {}

  #start(): boolean {
    const row = this.ledger.claim(this.id);
    if (row < 0) return false;
    this.row = row;
    const machine = this.#machine;
    const supply = new SimulatedSupply(machine, this, this.ledger, row, {
      canBlock: true,
      safepoint: () => mailbox.drain(),
      returnLoan: (store) =>
        this.#post({ kind: 'loan', loan: store.loan, buffer: store.buffer }, [store.buffer]),
      sendBack: (store) => this.shard?.idle.put(store),
      currentTask: () => this.#task,
    });
    const words = shardWords(this.ledger, row);
    const shard = new Shard(machine.options, [0, 0, 0], words, supply, new RowCounts(this.ledger, row), {
      record: () => {},
    });
    const side = new WorkerSide(shard, {
      post: (message, transfer) => this.#post(message, transfer),
      cancelled: () => {},
      closed: (leaks) => this.#post({ kind: 'closed', interval: null, leaks }, []),
    });
    const mailbox = new Mailbox<ToWorker>(
      { receive: () => this.#receive() },
      new AtomicMemory(this.ledger.words),
      rowWord(row) + MAIL,
      (message) => side.handle(message),
    );
    this.#mailbox = mailbox;
    this.#frame = new TaskFrame(shard);
    this.shard = shard;
    return true;
  }

  #receive(): ToWorker | undefined {
    const message = this.toWorker.shift();
    if (message?.kind === 'gift') this.#machine.book.receive(`to ${this.name}`, message.buffers, this.name);
    return message;
  }

  #post(message: FromWorker, transfer: ArrayBuffer[]): void {
    const { book, faults, scheduler } = this.#machine;
    if (this.dead) throw new Error('a dead thread posts');
    if (faults && message.kind === 'surrender' && transfer.length > 0 && scheduler.choices.once(30))
      throw new Error('the port refuses');
    this.fromWorker.push(book.ship(message, transfer, `from ${this.name}`));
  }

  #begin(task: Task): boolean {
    this.dispatched = null;
    this.#machine.book.receive(
      `to ${this.name}`,
      task.crates.map(({ buffer }) => buffer),
      this.name,
    );
    this.#task = task.task;
    const input = this.#frame?.begin(task) as { leases: Lease[] };
    this.#held = input.leases.map((lease) => ({ lease, pins: [] }));
    return true;
  }

  #job(): boolean {
    const { choices } = this.#machine.scheduler;
    const shard = this.shard as Shard;
    const { requests, releases } = this.#machine.world;
    const what = this.finishing ? 10 : choices.pick(10);
    if (what < requests) this.#acquire(what === 0 ? [this.#size(), this.#size()] : [this.#size()]);
    else if (what < requests + releases) this.#release();
    else {
      const others = [
        () => this.#some((held) => void refusable(() => held.lease.resize(this.#size()))),
        () =>
          this.#some(({ lease, pins }) => (pins.length > 0 ? pins.pop()?.release() : pins.push(lease.pin()))),
        () => this.#misuse(shard),
        () => this.#end(choices.pick(3)),
      ];
      others[this.finishing ? 3 : choices.pick(others.length)]();
    }
    return true;
  }

  #size(): number {
    const { sizes } = this.#machine.world;
    return sizes[this.#machine.scheduler.choices.pick(sizes.length)];
  }

  #acquire(lengths: number[]): void {
    const timeoutMs = [0, 10, 60][this.#machine.scheduler.choices.pick(3)];
    const leases = refusable(() => (this.shard as Shard).acquireAll(lengths, { timeoutMs }));
    for (const lease of leases ?? []) this.#held.push({ lease, pins: [] });
    const ids = this.#held.map(({ lease }) => this.#machine.book.idOf(lease.bytes.buffer));
    if (new Set(ids).size < ids.length) throw new Error('a buffer was lent twice');
    for (const id of ids) {
      const holder = this.#machine.book.live.get(id)?.holder;
      if (holder !== this.name) throw new Error(`a lease of ${this.name} is over memory of ${holder}`);
    }
  }

  #release(): void {
    this.#some((held) => {
      const pinned = held.pins.length > 0;
      const code = codeOf(() => held.lease.release());
      if (code !== (pinned ? 'ERR_LEASE_PINNED' : undefined)) throw new Error(`a release ended with ${code}`);
      if (!pinned) this.#held.splice(this.#held.indexOf(held), 1);
    });
  }

  /** What is wrong stays wrong, whatever goes on around it. */
  #misuse(shard: Shard): void {
    this.#some((held) => {
      if (held.pins.length > 0) return;
      this.#held.splice(this.#held.indexOf(held), 1);
      held.lease.release();
      const codes = [
        () => held.lease.release(),
        () => held.lease.bytes,
        () => shard.leases.moveOut(held.lease),
      ].map(codeOf);
      if (codes.some((code) => code !== 'ERR_LEASE_RELEASED'))
        throw new Error(`misuse was let pass: ${codes}`);
    });
  }

  /** The job returns some of its leases, or throws; the rest is forgotten. */
  #end(how: number): void {
    const frame = this.#frame as TaskFrame;
    const moving = how === 0 ? [] : this.#held.filter(({ pins }) => pins.length === 0).slice(0, 2);
    const rest = this.#held.filter((held) => !moving.includes(held));
    const { result, transfer } =
      how === 2
        ? frame.fail(new Error('the job threw'))
        : frame.succeed({ leases: moving.map(({ lease }) => lease) });
    const forgotten = (how === 2 ? this.#held : rest).filter(
      ({ lease, pins }) => pins.length === 0 && lease.store.loan === 0,
    );
    if ((result.leaks?.length ?? 0) !== forgotten.length) {
      throw new Error(
        `${forgotten.length} leases were forgotten, ${result.leaks?.length ?? 0} were reported`,
      );
    }
    this.#orphans.push(...this.#held.flatMap(({ pins }) => pins));
    this.#held = [];
    this.#task = 0;
    this.result = this.#machine.book.ship(result, transfer, `result of ${this.name}`);
  }

  #some(act: (held: { lease: Lease; pins: Pin[] }) => unknown): void {
    if (this.#held.length > 0) act(this.#held[this.#machine.scheduler.choices.pick(this.#held.length)]);
  }
}

export function buffersOf(message: FromWorker): ArrayBuffer[] {
  if (message.kind === 'surrender') return message.buffers;
  return message.kind === 'loan' ? [message.buffer] : [];
}

/** Undefined when memory was refused; any other error is one. */
export function refusable<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isMillpondError(error) && (REFUSALS.includes(error.code) || error.code === 'ERR_LEASE_PINNED'))
      return undefined;
    throw error;
  }
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (isMillpondError(error)) return error.code;
    throw error;
  }
}
