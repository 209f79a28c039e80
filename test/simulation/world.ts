/**
 * A whole runtime on one thread: production ledger, shards, coordinator, loans and tasks under a scheduler that permutes
 * messages, timers, waits, faults and deaths. After every step live bytes are compared with the budget and the ledger;
 * at the end everything must have come home.
 */

import { MAIN_ROW } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import type { Coordinator } from '../../src/coordinator/coordinator.ts';
import type { TaskResult } from '../../src/messages/tasks.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Admission } from '../../src/regulation/admission.ts';
import type { Tasks, TaskWorkers } from '../../src/runtime/tasks.ts';
import { wireMainThread } from '../../src/runtime/wire-main-thread.ts';
import type { LogEvent } from '../../src/telemetry/log.ts';
import type { Choices } from './choices.ts';
import type { Machinery } from './machinery.ts';
import { MemoryBook } from './memory-book.ts';
import { Promises } from './promises.ts';
import { Killed, type LedgerCall, ScheduledLedger, Scheduler, type Thread } from './scheduler.ts';
import { SimulatedSupply } from './thread.ts';
import { Users, watch } from './users.ts';
import { SimulatedWorker } from './worker.ts';
import type { WorldOptions } from './worlds.ts';

const KiB = 1024;
/** A schedule that is not over by then hangs. */
const MOST_STEPS = 20_000;
const MOST_ROUNDS = 5000;

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
  #supply!: SimulatedSupply;
  readonly #options: WorldOptions;
  readonly #scheduler: Scheduler;
  readonly #users: Users;
  readonly #log: LogEvent[] = [];
  /** Posts that were refused: heard of before anything else happens on the main thread. */
  readonly #refusals: (() => void)[] = [];
  #lastId = 0;
  readonly #admission: Admission;
  #emergency = false;
  #ending = false;
  #closing = false;
  #closedRows = 0;

  constructor(choices: Choices, options: WorldOptions) {
    this.#options = options;
    const scheduler = new Scheduler(choices, options.interruptEvery, options.switchEvery);
    this.#scheduler = scheduler;
    const pool = resolvePoolOptions(
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
    const book = new MemoryBook();
    this.machine = {
      scheduler,
      book,
      clock: 0,
      fails: () => !this.#ending && choices.once(options.failEvery),
      slept: (sum) => this.#checkSleep(sum),
      chargedKib: () => this.#chargedKib(),
      options: pool,
      world: options,
      promises: new Promises(book, options.budgetKib, () => this.#chargedKib()),
      otherShard: () => this.shard,
      broken: null,
    };
    const { shared } = Ledger.create(1 + 2 * options.workers, pool.budgetBytes);
    this.ledger = new ScheduledLedger(shared, scheduler, this);
    new Ledger(shared).claim(0);
    const main = wireMainThread({
      ledger: this.ledger,
      options: pool,
      threads: options.workers,
      recorder: { record: () => {}, lifetime: () => {} },
      workers: {
        idle: () => this.workers.find(({ member }) => member.ready && !member.busy && !member.dying)?.member,
        post: (member, name, task, transfer) => this.#dispatch(member, name, task, transfer),
        done: (member) => {
          member.busy = false;
        },
      },
      events: { rebalanced: () => {}, refused: () => {}, closed: () => void this.#closedRows++ },
      log: { write: (event) => void this.#log.push(event), close: () => {} },
      observer: null,
      supply: (around) => {
        this.#supply = new SimulatedSupply(this.machine, this, this.ledger, MAIN_ROW, around);
        return this.#supply;
      },
      now: () => this.machine.clock / 1e6,
    });
    this.shard = main.shard;
    this.coordinator = main.coordinator;
    this.tasks = main.tasks;
    this.#admission = main.admission;
    watch(this.coordinator, this.machine);
    this.#users = new Users(this.machine, this.#supply, this.shard, this.tasks);
    for (let worker = 0; worker < options.workers; worker++) this.#startWorker();
    scheduler.turn = (except) => this.#turn(except);
    scheduler.check = (by) => this.#note(() => this.#check(by));
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
    let moved = false;
    this.#note(() => {
      moved = this.#next(except, top);
    });
    if (top) this.#tell();
    return moved;
  }

  /** What is broken is told between two turns: the listener of an abort would swallow it and end the process. */
  #note(action: () => void): void {
    if (this.machine.broken !== null) return;
    try {
      action();
    } catch (error) {
      this.machine.broken ??= error as Error;
    }
  }

  #tell(): void {
    if (this.machine.broken !== null) throw this.machine.broken;
  }

  #next(except: Thread, top: boolean): boolean {
    const { choices } = this.#scheduler;
    const threads: Thread[] = [this, ...this.workers];
    const start = choices.pick(threads.length);
    for (let at = 0; at < threads.length; at++) {
      const thread = threads[(start + at) % threads.length];
      if (thread === except && !top) {
        // It may end here, between two of its own steps.
        if (this.#kill(thread)) return true;
        continue;
      }
      if (this.#let(thread)) {
        this.machine.promises.turn(thread);
        return true;
      }
    }
    return false;
  }

  #kill(thread: Thread): boolean {
    if (this.#ending || thread === this || thread.dead) return false;
    if (!this.#scheduler.choices.once(this.#options.killEvery)) return false;
    (thread as SimulatedWorker).kill();
    return true;
  }

  #let(thread: Thread): boolean {
    if (this.#kill(thread)) return true;
    if (thread.dead) return this.#finishDeath(thread as SimulatedWorker);
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
  #finishDeath(worker: SimulatedWorker): boolean {
    if (worker.gone || !worker.noticed || worker.busy) return false;
    worker.vanish();
    return true;
  }

  #main(): boolean {
    const { choices } = this.#scheduler;
    const actions = this.#duties();
    if (!this.#ending) actions.push(...this.#timers(), ...this.#users.actions());
    if (actions.length === 0) return false;
    actions[choices.pick(actions.length)]();
    for (let refuse = this.#refusals.pop(); refuse !== undefined; refuse = this.#refusals.pop()) refuse();
    return true;
  }

  /** What the main thread owes: messages, results, deaths. */
  #duties(): (() => void)[] {
    const actions: (() => void)[] = [];
    for (const worker of this.workers) {
      const { member } = worker;
      if (worker.shard !== null && !worker.introduced && !worker.dead)
        actions.push(() => this.#introduce(worker));
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
          if (!this.#closing) this.#startWorker();
        });
      }
      if (worker.gone) actions.push(() => this.#bury(worker));
    }
    if (this.#supply.sleepers.length > 0) actions.push(() => void this.#supply.wakeSleeper());
    return actions;
  }

  /** The timers of the runtime: each may go off at any time. */
  #timers(): (() => void)[] {
    return [
      () => this.coordinator.tick(),
      () => this.coordinator.serve(),
      () => {
        for (const { member } of this.workers)
          if (!member.busy) this.coordinator.transfers.returnTo(member.row);
      },
      () => this.tasks.reportProgress(),
      () => this.#supply.passTime(),
      () => this.tasks.pump(),
      () => this.#regulate(),
    ];
  }

  /** What the regulator may do at any time: the promises hold whatever it decides. */
  #regulate(): void {
    const { choices } = this.#scheduler;
    const { cleanup } = this.coordinator;
    if (this.#emergency) this.#endEmergency();
    else if (choices.once(4)) {
      this.#emergency = true;
      this.coordinator.critical = true;
      this.#admission.hold(true);
      this.coordinator.drain();
    } else {
      for (const { row, unused } of cleanup.takeUse()) {
        cleanup.clear(row, unused);
        cleanup.lowerQuota(row, choices.pick(3), choices.pick(3));
      }
    }
  }

  #endEmergency(): void {
    if (!this.#emergency) return;
    this.#emergency = false;
    this.coordinator.critical = false;
    this.coordinator.cleanup.refill();
    this.#admission.hold(false);
    this.tasks.pump();
  }

  #startWorker(): void {
    const worker = new SimulatedWorker(++this.#lastId, this.ledger.shared, this.machine, this);
    worker.finishing = this.#ending;
    this.workers.push(worker);
  }

  #introduce(worker: SimulatedWorker): void {
    worker.introduced = true;
    worker.member.row = worker.row;
    this.coordinator.connect(worker.row, worker);
    worker.member.ready = true;
    this.tasks.pump();
  }

  #settle(worker: SimulatedWorker): void {
    const { result, settle, taskName } = worker;
    if (result === null || settle === null) return;
    worker.result = null;
    worker.settle = null;
    const buffers = [...(result.crates ?? []), ...(result.homebound ?? [])].map(({ buffer }) => buffer);
    this.machine.book.receive(`result of ${worker.name}`, buffers, this.name);
    this.#log.length = 0;
    settle.done(result);
    // What the task forgot is told with its name.
    const told = this.#log.map((event) => event.event === 'leak' && `${event.leases} of ${event.task}`);
    const due = result.leaks === undefined ? [] : [`${result.leaks.length} of ${taskName}`];
    if (told.join() !== due.join())
      throw new Error(`promise 5: leaks told are '${told}', there were '${due}'`);
  }

  #bury(worker: SimulatedWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    const row = worker.member.row >= 0 ? worker.member.row : this.ledger.rowOf(worker.id);
    if (row >= 0) this.coordinator.bury(row);
    this.tasks.pump();
  }

  #dispatch(
    member: SimulatedWorker['member'],
    name: string,
    task: Parameters<TaskWorkers['post']>[2],
    transfer: ArrayBuffer[],
  ): Promise<TaskResult> {
    const worker = this.workers.find((worker) => worker.member === member) as SimulatedWorker;
    // Of one that has died, the main thread may know or not.
    if (worker.dead && this.#scheduler.choices.once(2)) throw new Error('the chosen worker is gone');
    member.busy = true;
    worker.taskName = name;
    const refused = this.machine.fails();
    if (!refused) worker.dispatched = this.machine.book.ship(task, transfer, `to ${worker.name}`);
    // Called back when the main thread sees how it ended, in whatever turn that is.
    const then = (done: (value: unknown) => void, lost: (error: unknown) => void): void => {
      if (refused) this.#refusals.push(() => lost(new Error('it cannot be cloned')));
      else worker.settle = { done, lost };
    };
    return { then } as unknown as Promise<TaskResult>;
  }

  // The promises.

  #check(by: Thread): void {
    this.machine.promises.step(by);
    for (const [tier, { maxIdle }] of this.machine.options.tiers.entries()) {
      let idle = this.shard.idle.lists[tier].length;
      for (const { shard, gone } of this.workers) if (!gone) idle += shard?.idle.lists[tier].length ?? 0;
      if (idle > maxIdle)
        throw new Error(`quota: ${idle} buffers of tier ${tier} are idle, ${maxIdle} are allowed`);
    }
    const declared = this.#admission.declaredKib;
    if (declared > this.#options.budgetKib)
      throw new Error(`admission: ${declared} KiB were declared, ${this.#options.budgetKib} are allowed`);
    if (this.#scheduler.steps > MOST_STEPS) throw new Error('promise 7: the schedule does not end');
  }

  /** Nothing may have come free behind the back of one that sleeps on. */
  #checkSleep(sumKib: number): void {
    const settled = [this, ...this.workers].every((thread) => thread.call === null && !thread.dead);
    const now = this.#chargedKib();
    if (settled && now < sumKib)
      throw new Error(`wake: ${sumKib - now} KiB came free, and one that waits was not woken`);
  }

  /** With nothing on its way, what the threads say they hold is what they are charged. */
  #checkHands(): void {
    for (const { name, row, gone } of [{ name: 'main', row: MAIN_ROW, gone: false }, ...this.workers]) {
      if (row < 0 || gone) continue;
      const held = this.ledger.row(row).counters.allHeldKib;
      const charged =
        this.ledger.chargedKib(row) - this.coordinator.transfers.waitingKib * Number(row === MAIN_ROW);
      if (held !== charged) throw new Error(`held: ${name} holds ${held} KiB and is charged ${charged}`);
    }
  }

  #chargedKib(): number {
    let charged = 0;
    for (let row = 0; row < this.ledger.rows; row++) charged += this.ledger.chargedKib(row);
    return charged;
  }

  async #end(): Promise<void> {
    this.#ending = true;
    this.#endEmergency();
    await this.#settleAll();
    this.#users.releaseAll();
    if (this.coordinator.loans.count > 0)
      throw new Error(`promise 2: ${this.coordinator.loans.count} loans never came home`);
    if (this.#users.running > 0) throw new Error('promise 7: a run never ended');
    this.#checkHands();

    this.#closing = true;
    const closing = this.coordinator.closeAll();
    await this.#settleAll();
    await closing;
    for (const { name, row, dead } of this.workers) {
      const [kib, held] = [row < 0 ? 0 : this.ledger.chargedKib(row), this.machine.book.heldBy(name)];
      if (!dead && kib + held > 0)
        throw new Error(`promise 3: ${name} keeps ${held} buffers and ${kib} KiB after close`);
    }
    for (const worker of this.workers) worker.kill();
    await this.#settleAll();
    this.shard.close();
    this.shard.abandon();
    this.#tell();
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
      } else if (this.#users.asking === 0 && this.tasks.quiet) quiet++;
      // A waiter that nobody serves any more must end by its own deadline.
      this.machine.clock += 30e6;
      this.coordinator.serve();
      this.tasks.pump();
      this.#check(this);
    }
  }
}
