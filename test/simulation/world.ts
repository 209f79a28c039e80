/**
 * A whole runtime on one thread: production ledger, shards, coordinator, loans and tasks under a scheduler that permutes
 * messages, timers, waits, faults and deaths. After every step live bytes are compared with the budget and the ledger;
 * at the end everything must have come home.
 */
import { CHARGED, MAIN_ROW, rowWord, WAKE } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import { Coordinator } from '../../src/coordinator/coordinator.ts';
import { Quotas } from '../../src/coordinator/quotas.ts';
import { RowCounts, shardWords } from '../../src/coordinator/supply.ts';
import { type PoolOptions, resolvePoolOptions } from '../../src/options.ts';
import type { Lease } from '../../src/pool/lease.ts';
import { Shard } from '../../src/pool/shard.ts';
import { Tasks, type TaskWorkers } from '../../src/tasks.ts';
import type { Choices } from './choices.ts';
import { MemoryBook } from './memory-book.ts';
import { Killed, type LedgerCall, ScheduledLedger, Scheduler, type Thread } from './scheduler.ts';
import { SimulatedSupply } from './thread.ts';
import { type Machinery, refusable, SimulatedWorker } from './worker.ts';

const KiB = 1024;
/** A schedule that is not over by then hangs. */
const MOST_STEPS = 60_000;
const MOST_ROUNDS = 5000;

export interface WorldOptions {
  readonly workers: number;
  /** Turns before the end begins. */
  readonly turns: number;
  readonly budgetKib: number;
  /** Bytes of requests. */
  readonly sizes: readonly number[];
  /** Idle buffers of 1, 2 and 8 KiB, over all shards. */
  readonly maxIdle: readonly [number, number, number];
  /** One ledger call in so many is interrupted between its steps. */
  readonly interruptEvery: number;
  /** Of ten things a job does, how many are requests and how many releases; the rest is everything else. */
  readonly requests: number;
  readonly releases: number;
  /** A thread is killed once in so many of its turns. */
  readonly killEvery: number;
}

/** Kinds of worlds, each good at another kind of trouble. */
export const WORLDS: Readonly<Record<string, WorldOptions>> = {
  /** A little of everything. */
  mixed: {
    workers: 2,
    turns: 40,
    budgetKib: 24,
    sizes: [1, 1024, 2000, 2048, 5000, 8192, 9000, 16_384],
    maxIdle: [6, 6, 4],
    interruptEvery: 4,
    requests: 4,
    releases: 2,
    killEvery: 60,
  },
  /** Large buffers that move while others count what is left. */
  tight: {
    workers: 3,
    turns: 40,
    budgetKib: 32,
    sizes: [8192, 8192, 8192, 2048],
    maxIdle: [2, 2, 4],
    interruptEvery: 2,
    requests: 4,
    releases: 1,
    killEvery: 200,
  },
  /** Many small requests, few idle buffers: quota moves. */
  churning: {
    workers: 2,
    turns: 150,
    budgetKib: 24,
    sizes: [1024, 1024, 1024, 2048],
    maxIdle: [5, 3, 1],
    interruptEvery: 16,
    requests: 5,
    releases: 4,
    killEvery: 400,
  },
};

export class World implements Thread {
  readonly name = 'main';
  readonly dead = false;
  busy = false;
  call: LedgerCall | null = null;
  readonly machine: Machinery;
  readonly coordinator: Coordinator;
  readonly tasks: Tasks;
  readonly shard: Shard;
  readonly ledger: ScheduledLedger;
  readonly workers: SimulatedWorker[] = [];
  readonly #supply: SimulatedSupply;
  readonly #options: WorldOptions;
  readonly #scheduler: Scheduler;
  readonly #held: Lease[] = [];
  readonly #runs: { controller: AbortController; settled: boolean }[] = [];
  #asking = 0;
  #lastId = 0;
  #ending = false;
  #closing = false;
  #closedRows = 0;

  constructor(choices: Choices, options: WorldOptions) {
    this.#options = options;
    const scheduler = new Scheduler(choices);
    this.#scheduler = scheduler;
    scheduler.interruptEvery = options.interruptEvery;
    const pool: PoolOptions = resolvePoolOptions(
      {
        budgetBytes: options.budgetKib * KiB,
        blockBytes: KiB,
        safety: 'off',
        tiers: [
          { capacity: KiB, maxIdle: options.maxIdle[0] },
          { capacity: 2 * KiB, maxIdle: options.maxIdle[1] },
          { capacity: 8 * KiB, maxIdle: options.maxIdle[2] },
        ],
      },
      1,
    );
    this.machine = {
      scheduler,
      book: new MemoryBook(),
      clock: 0,
      faults: true,
      slept: () => {},
      chargedKib: () => this.#chargedKib(),
      options: pool,
      world: options,
    };
    const { shared } = Ledger.create(1 + 2 * options.workers, pool.budgetBytes);
    this.ledger = new ScheduledLedger(shared, scheduler, this);
    new Ledger(shared).claim(0);
    this.#supply = new SimulatedSupply(this.machine, this, this.ledger, MAIN_ROW, {
      canBlock: false,
      safepoint: () => {},
      returnLoan: () => {},
      sendBack: (store) => this.coordinator.sendBack(store),
      currentTask: () => 0,
    });
    const quotas = new Quotas(pool.tiers, options.workers + 1);
    const words = shardWords(this.ledger, MAIN_ROW);
    const counts = new RowCounts(this.ledger, MAIN_ROW);
    this.shard = new Shard(pool, quotas.open(MAIN_ROW), words, this.#supply, counts, { record: () => {} });
    this.coordinator = new Coordinator(this.ledger, this.shard, pool, quotas, {
      latency: () => {},
      refused: () => {},
      closed: () => void this.#closedRows++,
    });
    const workers: TaskWorkers = {
      idle: () => this.workers.find(({ member }) => member.ready && !member.busy && !member.dying)?.member,
      post: (member, _name, task, transfer) => this.#dispatch(member, task, transfer),
      done: (member) => {
        member.busy = false;
      },
    };
    this.tasks = new Tasks(this.ledger, this.shard, this.coordinator, workers, {
      write: () => {},
      close: () => {},
    });
    for (let worker = 0; worker < options.workers; worker++) this.#hire();
    scheduler.turn = (except) => this.#turn(except);
    scheduler.check = () => this.#check();
    this.machine.slept = (sum) => this.#checkSleep(sum);
  }

  /** Plays a schedule to its end. @throws when a promise is broken */
  async play(): Promise<void> {
    for (let turn = 0; turn < this.#options.turns; turn++) {
      this.#turn(this, true);
      // What waits without blocking goes on between two turns.
      await null;
    }
    await this.#end();
  }

  // What may happen next.

  #turn(except: Thread, top = false): boolean {
    const { choices } = this.#scheduler;
    const threads: Thread[] = [this, ...this.workers];
    const start = choices.pick(threads.length);
    for (let at = 0; at < threads.length; at++) {
      const thread = threads[(start + at) % threads.length];
      if (thread === except && !top) continue;
      if (this.#let(thread)) {
        this.#check();
        return true;
      }
    }
    return false;
  }

  #let(thread: Thread): boolean {
    if (
      !this.#ending &&
      thread !== this &&
      !thread.dead &&
      this.#scheduler.choices.once(this.#options.killEvery)
    ) {
      (thread as SimulatedWorker).kill();
      return true;
    }
    if (thread.dead) return this.#mourn(thread as SimulatedWorker);
    if (thread.call !== null) {
      thread.call.step();
      return true;
    }
    if (thread.busy) return false;
    if (thread !== this) return this.#run(thread as SimulatedWorker);
    this.busy = true;
    try {
      return this.#main();
    } finally {
      this.busy = false;
    }
  }

  #run(worker: SimulatedWorker): boolean {
    try {
      return worker.turn();
    } catch (error) {
      if (error instanceof Killed) return true;
      throw error;
    }
  }

  /** A thread that was killed is gone some time later, whatever the main thread does meanwhile. */
  #mourn(worker: SimulatedWorker): boolean {
    if (worker.gone || !worker.noticed || worker.busy) return false;
    worker.vanish();
    return true;
  }

  #main(): boolean {
    const { choices } = this.#scheduler;
    const actions = this.#duties();
    if (!this.#ending) actions.push(...this.#work());
    if (actions.length === 0) return false;
    actions[choices.pick(actions.length)]();
    return true;
  }

  /** What the main thread owes: messages, results, deaths. */
  #duties(): (() => void)[] {
    const actions: (() => void)[] = [];
    for (const worker of this.workers) {
      const { member } = worker;
      if (worker.shard !== null && !worker.introduced && !worker.dead)
        actions.push(() => this.#greet(worker));
      if (worker.introduced && worker.fromWorker.length > 0 && !worker.gone) {
        actions.push(() => {
          const message = worker.receive();
          if (message !== undefined) this.coordinator.handle(worker.row, message);
        });
      }
      if (worker.result !== null && worker.settle !== null) actions.push(() => this.#settle(worker));
      if (worker.dead && !worker.noticed) {
        actions.push(() => {
          worker.noticed = true;
          member.dying = true;
          worker.settle?.lost(new Error('killed'));
          worker.settle = null;
          if (!this.#closing) this.#hire();
        });
      }
      if (worker.gone) actions.push(() => this.#bury(worker));
    }
    if (this.#supply.sleepers.length > 0) actions.push(() => void this.#supply.wakeSleeper());
    return actions;
  }

  /** What users of the main thread do, and its timers. */
  #work(): (() => void)[] {
    const { choices } = this.#scheduler;
    return [
      () => this.coordinator.tick(),
      () => this.coordinator.serve(),
      () => this.#supply.passTime(),
      () => this.#submit(),
      () => this.#submit(),
      () => {
        const lease = refusable(() => this.shard.acquire(this.#size()));
        if (lease !== undefined) this.#held.push(lease);
      },
      () => this.#ask(),
      () => this.#held.splice(choices.pick(this.#held.length), 1)[0]?.release(),
      () => this.#runs[choices.pick(this.#runs.length)]?.controller.abort(),
      () => {
        for (const { member } of this.workers) if (!member.busy) this.coordinator.returnTo(member.row);
      },
    ];
  }

  #size(): number {
    const { sizes } = this.#options;
    return sizes[this.#scheduler.choices.pick(sizes.length)];
  }

  #hire(): void {
    const worker = new SimulatedWorker(++this.#lastId, this.ledger.shared, this.machine);
    worker.finishing = this.#ending;
    this.workers.push(worker);
  }

  #greet(worker: SimulatedWorker): void {
    worker.introduced = true;
    worker.member.row = worker.row;
    this.coordinator.attach(worker.row, worker);
    worker.member.ready = true;
    this.tasks.pump();
  }

  #settle(worker: SimulatedWorker): void {
    const { result, settle } = worker;
    if (result === null || settle === null) return;
    worker.result = null;
    worker.settle = null;
    const buffers = [...(result.crates ?? []), ...(result.homebound ?? [])].map(({ buffer }) => buffer);
    this.machine.book.receive(`result of ${worker.name}`, buffers, this.name);
    settle.done(result);
  }

  #bury(worker: SimulatedWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    const row = worker.member.row >= 0 ? worker.member.row : this.ledger.rowOf(worker.id);
    if (row >= 0) this.coordinator.bury(row);
    this.tasks.pump();
  }

  #dispatch(
    member: SimulatedWorker['member'],
    task: Parameters<TaskWorkers['post']>[2],
    transfer: ArrayBuffer[],
  ): Promise<unknown> {
    const worker = this.workers.find((worker) => worker.member === member) as SimulatedWorker;
    if (worker.dead) throw new Error('the chosen worker is gone');
    member.busy = true;
    worker.dispatched = this.machine.book.ship(task, transfer, `to ${worker.name}`);
    // Called back when the main thread sees how it ended, in whatever turn that is.
    const then = (done: (value: unknown) => void, lost: (error: unknown) => void): void => {
      worker.settle = { done, lost };
    };
    return { then } as unknown as Promise<unknown>;
  }

  /** A task with some of this thread's leases; what comes back is held here. */
  #submit(): void {
    const { choices } = this.#scheduler;
    const leases = this.#held.splice(0, choices.pick(3));
    const run = { controller: new AbortController(), settled: false };
    this.#runs.push(run);
    this.tasks.accept({ leases }, { signal: run.controller.signal }).then(
      (value) => {
        run.settled = true;
        this.#held.push(...(value as { leases: Lease[] }).leases);
      },
      () => {
        run.settled = true;
      },
    );
  }

  #ask(): void {
    this.#asking++;
    this.shard.acquireAsync(this.#size(), { timeoutMs: 50 }).then(
      (lease) => {
        this.#asking--;
        this.#held.push(lease);
      },
      (error) => {
        this.#asking--;
        refusable(() => {
          throw error;
        });
      },
    );
  }

  // The promises.

  #check(): void {
    const charged = this.#chargedKib();
    const { liveKib } = this.machine.book;
    const limit = this.#options.budgetKib;
    if (liveKib > limit) throw new Error(`promise 1: ${liveKib} KiB are live, ${limit} are allowed`);
    if (charged < liveKib) throw new Error(`promise 1: ${liveKib} KiB are live, ${charged} are charged`);
    for (const [tier, { maxIdle }] of this.machine.options.tiers.entries()) {
      let idle = this.shard.idle.lists[tier].length;
      for (const { shard, gone } of this.workers) if (!gone) idle += shard?.idle.lists[tier].length ?? 0;
      if (idle > maxIdle)
        throw new Error(`quota: ${idle} buffers of tier ${tier} are idle, ${maxIdle} are allowed`);
    }
    if (this.#scheduler.steps > MOST_STEPS) throw new Error('promise 7: the schedule does not end');
  }

  /** Nothing may have come free behind the back of one that sleeps on. */
  #checkSleep(sumKib: number): void {
    const settled = [this, ...this.workers].every((thread) => thread.call === null && !thread.dead);
    const now = this.#chargedKib();
    if (settled && now < sumKib)
      throw new Error(`wake: ${sumKib - now} KiB came free, and one that waits was not woken`);
  }

  #chargedKib(): number {
    const { words, rows } = this.ledger;
    let charged = 0;
    for (let row = 0; row < rows; row++) charged += words[rowWord(row) + CHARGED];
    return charged;
  }

  async #end(): Promise<void> {
    this.#ending = true;
    this.machine.faults = false;
    await this.#settleAll();
    for (const lease of this.#held.splice(0)) lease.release();
    if (this.coordinator.loans.count > 0)
      throw new Error(`promise 2: ${this.coordinator.loans.count} loans never came home`);
    if (this.#runs.some(({ settled }) => !settled)) throw new Error('promise 7: a run never ended');

    this.#closing = true;
    const closing = this.coordinator.closeAll();
    await this.#settleAll();
    await closing;
    for (const worker of this.workers) worker.kill();
    await this.#settleAll();
    this.shard.close();
    this.shard.abandon();
    const charged = (this.ledger.sumKib() ?? Number.NaN) as number;
    const left = [...this.machine.book.live.values()];
    if (charged !== 0 || left.length > 0) {
      throw new Error(`promise 3: ${charged} KiB are charged after close, live are ${JSON.stringify(left)}`);
    }
  }

  /** Lets everybody finish, and time pass, until nothing is left to do. */
  async #settleAll(): Promise<void> {
    for (const worker of this.workers) worker.finishing = true;
    for (let quiet = 0, rounds = 0; quiet < 3; rounds++) {
      if (rounds > MOST_ROUNDS) throw new Error('promise 7: the end does not come');
      await null;
      if (this.#turn(this, true)) {
        if (this.#supply.sleepers.length === 0) continue;
      } else if (this.#asking === 0) quiet++;
      // A waiter that nobody serves any more must end by its own deadline.
      this.machine.clock += 30e6;
      Atomics.add(this.ledger.words, WAKE, 0);
      this.coordinator.serve();
      this.#check();
    }
  }
}
