/**
 * A whole runtime on one thread: production ledger, shards, coordinator, loans and tasks under a scheduler
 * that permutes messages, timers, waits, faults and deaths. After every step live bytes are compared with the
 * budget and the ledger; at the end everything must have come home.
 */

import { MAIN_ROW } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import type { Coordinator } from '../../src/coordinator/coordinator.ts';
import { writeTasks } from '../../src/messages/wire.ts';
import { resolvePoolOptions } from '../../src/pool/options.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Admission } from '../../src/regulation/admission.ts';
import type { Heartbeat } from '../../src/runtime/heartbeat.ts';
import { resolveQueueOptions } from '../../src/runtime/queue-options.ts';
import type { Tasks, TaskWorkers } from '../../src/runtime/tasks.ts';
import type { WaitingTasks } from '../../src/runtime/waiting-tasks.ts';
import { wireMainThread } from '../../src/runtime/wire-main-thread.ts';
import type { LogEvent } from '../../src/telemetry/log.ts';
import { Checks } from './checks.ts';
import type { Choices } from './choices.ts';
import { Clockwork } from './clockwork.ts';
import type { Machinery } from './machinery.ts';
import { MemoryBook } from './memory-book.ts';
import { Promises } from './promises.ts';
import { SimulatedRegulator } from './regulator.ts';
import { type LedgerCall, ScheduledLedger, Scheduler, type Thread } from './scheduler.ts';
import { SimulatedSupply } from './thread.ts';
import { Turns } from './turns.ts';
import { Users } from './users.ts';
import { SimulatedWorker } from './worker.ts';
import type { WorldOptions } from './worlds.ts';

const KiB = 1024;
const KILLED = new Error('killed');
const STOP_MS = 20;

export class World implements Thread {
  readonly name = 'main';
  readonly dead = false;
  busy = false;
  call: LedgerCall | null = null;
  readonly machine: Machinery;
  readonly coordinator: Coordinator;
  readonly tasks: Tasks;
  readonly heartbeat: Heartbeat;
  readonly shard: Shard;
  readonly ledger: ScheduledLedger;
  readonly workers: SimulatedWorker[] = [];
  supply!: SimulatedSupply;
  readonly turns: Turns;
  readonly checks: Checks;
  readonly waiting: WaitingTasks;
  readonly users: Users;
  readonly #log: LogEvent[] = [];
  #lastId = 0;
  readonly admission: Admission;
  readonly clockwork: Clockwork;
  readonly #serveStarving: () => void;
  readonly #regulator: SimulatedRegulator;
  ending = false;
  closing = false;

  constructor(choices: Choices, options: WorldOptions) {
    const scheduler = new Scheduler(choices, options.interruptEvery, options.switchEvery);
    const pool = resolvePoolOptions(
      {
        budgetBytes: options.budgetKib * KiB,
        blockBytes: KiB,
        reserveBytes: options.reserveKib * KiB,
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
      fails: () => !this.ending && choices.once(options.failEvery),
      exits: () => !this.ending && options.exitEvery > 0 && choices.once(options.exitEvery),
      slept: (sum) => this.checks.slept(sum),
      chargedKib: () => this.#chargedKib(),
      options: pool,
      world: options,
      promises: new Promises(book, options.budgetKib, () => this.#chargedKib()),
      otherShard: () => this.shard,
      broken: null,
    };
    this.turns = new Turns(this, this.machine);
    this.checks = new Checks(this, this.machine);
    const { shared } = Ledger.create(1 + 2 * options.workers, pool.budgetBytes);
    this.ledger = new ScheduledLedger(shared, scheduler, this);
    new Ledger(shared).claim(0);
    this.clockwork = new Clockwork(this.machine, this.ledger);
    const { workers } = this;
    const main = wireMainThread({
      ledger: this.ledger,
      options: pool,
      threads: options.workers,
      stopMs: STOP_MS,
      jobs: [{ name: 'job', address: '' }],
      recorder: { record: () => {}, lifetime: () => {} },
      queue: resolveQueueOptions(options.queue),
      workers: {
        get able() {
          return workers.some((worker) => worker.takesTasks);
        },
        idle: () => workers.find((worker) => worker.takesTasks && !worker.member.busy)?.member,
        post: (member, tasks, transfer) => {
          this.#dispatch(member, tasks, transfer);
          return true;
        },
        done: (member) => {
          member.busy = false;
          member.lost = false;
        },
        spare: false,
        want: () => {},
        stop: (member) => workers.find((worker) => worker.member === member)!.stop(STOP_MS),
      },
      events: { rebalanced: () => {}, refused: () => {}, closed: () => {} },
      // A schedule is short.
      rebalance: { leastMisses: 1, firstMovedTier: 0 },
      log: { write: (event) => void this.#log.push(event), close: () => {} },
      observers: [],
      supply: (around) => {
        this.supply = new SimulatedSupply(this.machine, this, this.ledger, MAIN_ROW, around);
        return this.supply;
      },
      now: () => this.machine.clock / 1e6,
      startTimer: (fire, milliseconds) => {
        return this.clockwork.startTimer(() => {
          fire();
          this.checks.beaten();
        }, milliseconds);
      },
      // As soon as it may.
      settleMs: 0,
      look: () => {},
      unsettled: () => choices.once(2),
      watched: () => false,
      woken: () => {},
    });
    this.heartbeat = main.heartbeat;
    this.#serveStarving = main.serveStarving;
    this.shard = main.shard;
    this.coordinator = main.coordinator;
    this.machine.promises.watchCancels(main.coordinator, () => this.machine.clock);
    this.tasks = main.tasks;
    this.admission = main.admission;
    this.#regulator = new SimulatedRegulator(main, choices);
    this.waiting = main.waiting;
    this.users = new Users(this.machine, this.supply, this);
    for (let worker = 0; worker < options.workers; worker++) this.#startWorker();
    scheduler.turn = (except) => this.turns.take(except);
    scheduler.check = (by) => this.turns.note(() => this.checks.step(by));
  }

  /** From now on everybody finishes, and nothing goes wrong any more. */
  beginEnd(): void {
    this.ending = true;
    this.#regulator.endEmergency();
  }

  act(): boolean {
    const { scheduler, world } = this.machine;
    const { choices } = scheduler;
    const actions = this.#duties();
    if (!this.ending) actions.push(...this.#timers());
    if (!this.ending && choices.pick(world.usersEvery) === 0) actions.push(...this.users.actions());
    if (actions.length === 0) return false;
    actions[choices.pick(actions.length)]();
    this.checks.rest();
    return true;
  }

  /** For everybody, when nothing else moves. */
  passTime(): void {
    this.clockwork.pass(30, this.#serveStarving);
    this.checks.rest();
    this.checks.step(this);
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
      if (worker.results.length > 0 && !worker.gone) actions.push(() => this.#settle(worker));
      if (worker.dead && !worker.noticed) {
        actions.push(() => {
          member.dying = true;
          while (worker.results.length > 0) this.#settle(worker);
          worker.noticed = true;
          if (worker.introduced) this.tasks.lost(member, KILLED);
          if (!this.closing) this.#startWorker();
        });
      }
      if (worker.gone) actions.push(() => this.#bury(worker));
    }
    if (this.users.reading.due) actions.push(() => this.users.reading.read());
    if (this.supply.sleepers.length > 0) actions.push(() => void this.supply.wakeSleeper());
    return actions;
  }

  /** What the runtime does by itself: timers may go off at any time. */
  #timers(): (() => void)[] {
    const own = [
      () => this.clockwork.hear(this.#serveStarving),
      () => this.clockwork.beat(),
      () => this.supply.passTime(),
      () => this.#regulator.act(),
      () => this.#retire(),
    ];
    // Where the runtime rests nothing else drives it; elsewhere each part may have its turn by itself.
    if (this.machine.world.rests) return own;
    return [
      ...own,
      () => this.coordinator.tick(),
      () => this.coordinator.serve(),
      () => this.tasks.reportProgress(),
      () => this.tasks.limit(),
      () => this.tasks.pump(),
    ];
  }

  /** A worker that something is wrong with is replaced between two tasks. */
  #retire(): void {
    const worker = this.workers.find(({ member }) => member.ready && !member.busy && !member.retiring);
    if (worker === undefined || !this.machine.scheduler.choices.once(8)) return;
    worker.member.retiring = true;
    void this.coordinator.close(worker.row).then(() => worker.kill());
  }

  #startWorker(): void {
    const worker = new SimulatedWorker(++this.#lastId, this.ledger.shared, this.machine, this);
    worker.finishing = this.ending;
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
    const results = worker.hear((unbegun) => this.tasks.unbegun(worker.member, unbegun));
    if (results.length === 0) return;
    this.#log.length = 0;
    this.tasks.ended(worker.member, results);
    // What a task forgot is told with its name.
    const told = this.#log.map((event) => event.event === 'leak' && `${event.leases} of ${event.task}`);
    const due = results.flatMap(({ task, leaks }) =>
      leaks === undefined ? [] : `${leaks.length} of ${this.tasks.nameOf(task).task}`,
    );
    if (told.join() !== due.join())
      throw new Error(`promise 5: leaks told are '${told}', there were '${due}'`);
  }

  #bury(worker: SimulatedWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    const row = worker.member.row >= 0 ? worker.member.row : this.ledger.rowOf(worker.id);
    if (row >= 0) this.coordinator.bury(row);
    this.tasks.pump();
  }

  #dispatch(...[member, tasks, transfer]: Parameters<TaskWorkers['post']>): void {
    const worker = this.workers.find((worker) => worker.member === member) as SimulatedWorker;
    if (this.machine.fails()) throw new Error('it cannot be cloned');
    for (const { input } of tasks) this.users.line.starts((input as { name: string }).name);
    member.busy = true;
    worker.given = tasks[0].task;
    worker.dispatched = this.machine.book.ship(writeTasks(tasks), transfer, `to ${worker.name}`);
  }

  #chargedKib(): number {
    let charged = 0;
    for (let row = 0; row < this.ledger.rows; row++) charged += this.ledger.chargedKib(row);
    return charged;
  }
}
