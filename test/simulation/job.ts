/**
 * A job that is a choice at a time: what it does with its memory, and how it ends. Runs on one simulated
 * worker.
 */
import { KiB } from '../../src/bytes.ts';
import type { Lease } from '../../src/pool/lease.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Pin } from '../../src/pool/store.ts';
import { capacityFor } from '../../src/pool/tiers.ts';
import type { Emitter } from '../../src/thread/emitter.ts';
import type { TaskEnding, TaskFrame } from '../../src/thread/task-frame.ts';
import { Aside } from './aside.ts';
import type { Machinery } from './machinery.ts';
import { codeOf, MOST_UNREAD } from './promises.ts';
import { refusable } from './refusals.ts';
import type { Thread } from './scheduler.ts';
import type { SimulatedSupply } from './thread.ts';

/** So often among what a job may do else. */
const EMITS = [0, 1, 2, 3];

interface Held {
  readonly lease: Lease;
  readonly pins: Pin[];
  /** It left the reserve, and so may outlive its task. */
  lasting: boolean;
}

interface ThreadParts {
  readonly main: Thread;
  readonly supply: SimulatedSupply;
  readonly shard: Shard;
  readonly frame: TaskFrame;
  readonly emitter: Emitter;
  progress(thousandths: number): void;
  /** The thread ends. */
  exit(): never;
}

export class SimulatedJob {
  /** Pins whose task has ended. */
  readonly orphans: Pin[] = [];
  readonly aside = new Aside();
  readonly #machine: Machinery;
  readonly #main: Thread;
  readonly #supply: SimulatedSupply;
  readonly #shard: Shard;
  readonly #frame: TaskFrame;
  readonly #emitter: Emitter;
  #name = '';
  /** Somebody reads what it emits. */
  #read = false;
  #emitted = 0;
  readonly #progress: (thousandths: number) => void;
  readonly #exit: () => never;
  #held: Held[] = [];
  #task = 0;
  /** Takes what the task that runs comes to; null while none runs. */
  #settle: ((ending: TaskEnding) => void) | null = null;

  constructor(machine: Machinery, { main, supply, shard, frame, emitter, progress, exit }: ThreadParts) {
    this.#machine = machine;
    this.#main = main;
    this.#supply = supply;
    this.#shard = shard;
    this.#frame = frame;
    this.#emitter = emitter;
    this.#progress = progress;
    this.#exit = exit;
  }

  /** KiB of its own that it may return, or has returned and its thread has not posted. */
  get lastingKib(): number {
    let kib = this.aside.lastingKib;
    for (const { lasting, lease } of this.#held) {
      const { store, generation } = lease;
      // Those that end at this moment have ended.
      if (lasting && store.loan === 0 && store.generation === generation) kib += store.capacity / KiB;
    }
    return kib;
  }

  /** A task is under way. */
  get running(): boolean {
    return this.#settle !== null;
  }

  /** What the task comes to: at once, or as soon as {@link act} ends it. */
  begin(task: number, input: unknown): TaskEnding | PromiseLike<TaskEnding> {
    this.#machine.promises.begins(task);
    this.#task = task;
    const { leases, name, read } = input as { leases: Lease[]; name: string; read: boolean };
    this.#name = name;
    this.#read = read;
    this.#emitted = 0;
    this.#held = leases.map((lease) => ({ lease, pins: [], lasting: false }));
    const { choices } = this.#machine.scheduler;
    if (this.#machine.exits()) this.#exit();
    if (choices.once(4)) {
      if (choices.once(2)) this.#acquire([this.#size()]);
      return this.#end(choices.pick(3));
    }
    return {
      // biome-ignore lint/suspicious/noThenProperty: unlike a promise it settles at once.
      then: (settle: (ending: TaskEnding) => void) => {
        this.#settle = settle;
      },
    } as PromiseLike<TaskEnding>;
  }

  /** Does one thing, which may be the last of the task. */
  act(finishing: boolean): void {
    const ending = this.#step(finishing);
    if (ending === null) return;
    const settle = this.#settle;
    this.#settle = null;
    settle?.(ending);
  }

  #step(finishing: boolean): TaskEnding | null {
    const { choices } = this.#machine.scheduler;
    const { requests, releases, ends } = this.#machine.world;
    this.#machine.promises.cancels(this.#task, () => this.#supply.cancelled());
    const what = finishing ? 10 : choices.pick(10);
    if (what < requests) this.#acquire(what === 0 ? [this.#size(), this.#size()] : [this.#size()]);
    else if (what < requests + releases) this.#release();
    else if (finishing || what < requests + releases + ends) return this.#end(choices.pick(3));
    else {
      const others = [
        () => this.#resize(),
        () =>
          this.#some(({ lease, pins }) => (pins.length > 0 ? pins.pop()?.release() : pins.push(lease.pin()))),
        () => this.#misuse(),
        () => this.#progress(choices.pick(1001)),
      ];
      if (this.#machine.world.emitEvery > 0) others.push(...EMITS.map(() => () => this.#emit()));
      const other = choices.pick(others.length + 1);
      if (other === others.length) return this.#end(choices.pick(3));
      others[other]();
    }
    return null;
  }

  #size(): number {
    const { sizes } = this.#machine.world;
    return sizes[this.#machine.scheduler.choices.pick(sizes.length)];
  }

  /** A request gets its memory or a typed error, and one for want of memory neither early nor late. */
  #acquire(lengths: number[]): void {
    const { options, world } = this.#machine;
    const timeoutMs = [0, 10, world.longestMs][this.#machine.scheduler.choices.pick(3)];
    const bytes = lengths.reduce((sum, length) => sum + capacityFor(length, options.tiers), 0);
    const lasting = options.reserveBytes > 0 && this.#machine.scheduler.choices.pick(4) > 0;
    const tries = lasting && lengths.length === 1 && this.#machine.scheduler.choices.once(2);
    using _asking = this.#asks(lengths, tries ? 0 : timeoutMs, lasting);
    if (tries) {
      const lease = refusable(() => this.#shard.tryAcquire(lengths[0]));
      if (lease) this.#held.push({ lease, pins: [], lasting });
      return;
    }
    const most = this.#machine.world.budgetKib * KiB - (lasting ? options.reserveBytes : 0);
    const hopeless = bytes > most;
    this.#supply.deadline = this.#machine.clock + timeoutMs * 1e6;
    const leases = refusable(
      () => this.#shard.acquireAll(lengths, { timeoutMs, leaveReserve: lasting }),
      (code) => {
        if (hopeless !== (code === 'ERR_REQUEST_TOO_LARGE'))
          throw new Error(`promise 7: ${bytes} bytes were refused with ${code}`);
        if (code === 'ERR_BUDGET_EXHAUSTED' && this.#machine.clock < this.#supply.deadline - 1)
          throw new Error('promise 7: a request was given up before its deadline');
      },
    );
    if (hopeless && leases !== undefined) throw new Error(`promise 7: ${bytes} bytes were served`);
    for (const lease of leases ?? []) this.#held.push({ lease, pins: [], lasting });
  }

  /** A request begins; it is over when what this returns is disposed. */
  #asks(lengths: readonly number[], timeoutMs: number, lasting: boolean): Disposable {
    const leaveKib = lasting ? this.#machine.options.reserveBytes / KiB : 0;
    const holds = this.#held.length > 0 || this.aside.holds;
    return this.#supply.ask(lengths, { timeoutMs, leaveKib, holds });
  }

  #resize(): void {
    this.#supply.deadline = this.#machine.clock + this.#machine.options.acquireTimeoutMs * 1e6;
    this.#some((held) => {
      const { lasting, lease } = held;
      const { store } = lease;
      const length = this.#size();
      using _asking = this.#asks([length], this.#machine.options.acquireTimeoutMs, false);
      // A larger one is memory like any other, from the moment that the lease has it.
      held.lasting = false;
      refusable(() => lease.resize(length));
      held.lasting = lasting && lease.store === store;
      if (lease.store !== store && store.loan > 0) this.aside.stays = true;
    });
  }

  #release(): void {
    this.#some((held) => {
      const pinned = held.pins.length > 0;
      const loan = held.lease.store.loan > 0;
      const code = codeOf(() => held.lease.release());
      if (code !== (pinned ? 'ERR_LEASE_PINNED' : undefined)) throw new Error(`a release ended with ${code}`);
      if (pinned) return;
      if (loan) this.aside.stays = true;
      this.#held.splice(this.#held.indexOf(held), 1);
      this.#machine.promises.ended(held.lease, 'ERR_LEASE_RELEASED');
    });
  }

  /** What is wrong stays wrong, whatever goes on around it. */
  #misuse(): void {
    this.#some((held) => {
      const { lease, pins } = held;
      const foreign = codeOf(() => this.#machine.otherShard().leases.detach(lease));
      if (foreign !== 'ERR_LEASE_FOREIGN')
        throw new Error(`promise 4: another shard took a lease: ${foreign}`);
      if (pins.length > 0) return;
      this.#held.splice(this.#held.indexOf(held), 1);
      if (lease.store.loan > 0) this.aside.stays = true;
      lease.release();
      const codes = [() => lease.release(), () => lease.bytes, () => this.#shard.leases.detach(lease)].map(
        codeOf,
      );
      if (codes.some((code) => code !== 'ERR_LEASE_RELEASED'))
        throw new Error(`promise 4: misuse was let pass: ${codes}`);
    });
  }

  /** A value with a lease or none; once it was told to stop the job hears of that instead. */
  #emit(): void {
    const { choices } = this.#machine.scheduler;
    const { emitted, read } = this.#machine.promises.values(this.#name);
    // All threads are on one stack: a main thread that is halted beneath this call could never make room.
    if (this.#read && this.#main.busy && emitted - read >= MOST_UNREAD) return;
    const movable = this.#held.filter(({ pins }) => pins.length === 0);
    const moving = movable.slice(0, choices.pick(2));
    const value = { name: this.#name, at: this.#emitted, leases: moving.map(({ lease }) => lease) };
    // It waits as long as its reader does.
    this.#supply.deadline = Number.POSITIVE_INFINITY;
    this.#supply.sleeps = () => {
      // Between what was said and what wakes for it, the main thread is busy.
      if (!this.#main.busy && this.#main.call === null) this.#machine.promises.sleeps(this.#task, this.#name);
    };
    try {
      this.#emitter.emit(value, this.#task);
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
      if (!this.#supply.cancelled()) throw new Error('emit: a task hears of a cancel that is not its own');
      return;
    } finally {
      this.#supply.sleeps = () => {};
    }
    this.#emitted++;
    if (this.#read) this.#machine.promises.emits(this.#name);
    this.#held = this.#held.filter((held) => !moving.includes(held));
    if (!this.#read && moving.some(({ lease }) => lease.store.loan > 0)) this.aside.stays = true;
    const code = this.#read ? 'ERR_LEASE_MOVED' : 'ERR_LEASE_RELEASED';
    for (const { lease } of moving) this.#machine.promises.ended(lease, code);
  }

  /** The job returns some of its leases, or throws; the rest is forgotten. */
  #end(how: number): TaskEnding {
    const movable = this.#held.filter(({ pins }) => pins.length === 0);
    // What outlives the task has left the reserve to others, or was lent to it.
    const reserves = this.#machine.options.reserveBytes > 0;
    const outliving = movable.filter(({ lease, lasting }) => lasting || !reserves || lease.store.loan > 0);
    const moving = how === 1 ? outliving.slice(0, 2) : [];
    const forgotten = movable.filter((held) => !moving.includes(held) && held.lease.store.loan === 0);
    const ending =
      how === 2
        ? this.#frame.fail(new Error('the job threw'))
        : this.#frame.succeed({ leases: moving.map(({ lease }) => lease) });
    const reported = ending.result.leaks?.length ?? 0;
    if (reported !== forgotten.length)
      throw new Error(`promise 5: ${forgotten.length} leases were forgotten, ${reported} were reported`);
    for (const held of this.#held) {
      this.#machine.promises.ended(
        held.lease,
        moving.includes(held) ? 'ERR_LEASE_MOVED' : 'ERR_LEASE_RELEASED',
      );
      this.orphans.push(...held.pins);
    }
    this.#held = [];
    this.aside.ends(ending.result);
    return ending;
  }

  #some(act: (held: Held) => unknown): void {
    if (this.#held.length > 0) act(this.#held[this.#machine.scheduler.choices.pick(this.#held.length)]);
  }
}
