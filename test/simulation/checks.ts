/**
 * What must be true of a simulated runtime as a whole, beside the promises of each of its threads. Owned by
 * its world.
 */
import { MAIN_ROW } from '../../src/budget/layout.ts';
import type { Ledger } from '../../src/budget/ledger.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Admission } from '../../src/regulation/admission.ts';
import type { Heartbeat } from '../../src/runtime/heartbeat.ts';
import type { Tasks } from '../../src/runtime/tasks.ts';
import type { WaitingTasks } from '../../src/runtime/waiting-tasks.ts';
import type { Clockwork } from './clockwork.ts';
import type { Machinery } from './machinery.ts';
import type { Thread } from './scheduler.ts';
import type { SimulatedWorker } from './worker.ts';

/** What is looked at, as it is at the time. */
interface Seen extends Thread {
  readonly shard: Shard;
  readonly ledger: Ledger;
  readonly admission: Admission;
  readonly tasks: Tasks;
  readonly waiting: WaitingTasks;
  readonly heartbeat: Heartbeat;
  readonly clockwork: Clockwork;
  readonly workers: readonly SimulatedWorker[];
}

/** A schedule that is not over by then hangs. */
const MOST_STEPS = 20_000;

export class Checks {
  readonly #world: Seen;
  readonly #machine: Machinery;

  constructor(world: Seen, machine: Machinery) {
    this.#world = world;
    this.#machine = machine;
  }

  /** Some thread made an atomic step. */
  step(by: Thread): void {
    this.#machine.promises.step(by);
    this.#places();
    this.#reserve();
    this.#turns();
    const declared = this.#world.admission.declaredKib;
    if (declared > this.#machine.world.budgetKib)
      throw new Error(
        `admission: ${declared} KiB were declared, ${this.#machine.world.budgetKib} are allowed`,
      );
    if (this.#machine.scheduler.steps > MOST_STEPS) throw new Error('promise 7: the schedule does not end');
  }

  /** A runtime that rests has nothing to do, unless it is about to hear of it. */
  rest(): void {
    const { heartbeat, tasks, waiting, ledger, clockwork } = this.#world;
    if (!heartbeat.resting) return;
    const { hungerKib, starvedWord } = ledger.header;
    const { queued, running } = tasks.counts;
    if (queued + running > 0)
      throw new Error(`rest: ${queued} tasks wait and ${running} run, without rounds`);
    if (waiting.entrance.awaited) throw new Error('rest: somebody waits for room, without rounds');
    if (hungerKib > 0 && starvedWord === clockwork.servedWord)
      throw new Error(`rest: a shard starves for ${hungerKib} KiB, without rounds`);
  }

  /** A beat looks at what is leased, so it ends in rest only where nothing is; a hit at rest waits for it. */
  beaten(): void {
    const { heartbeat, shard } = this.#world;
    if (heartbeat.resting && shard.leases.lent)
      throw new Error('rest: it begins, or goes on, while the main thread holds leases');
    this.#counts();
  }

  /** Each task is counted for its job; those that wait, without a look at the queue. */
  #counts(): void {
    const { tasks } = this.#world;
    const [[, own]] = tasks.byJob;
    const { queued, running, succeeded, failed, cancelled, lost } = tasks.counts;
    const same = own.queued === queued && own.running === running && own.succeeded === succeeded;
    if (!same || own.failed !== failed || own.cancelled !== cancelled || own.lost !== lost)
      throw new Error(`counts: ${JSON.stringify(own)} by job, ${JSON.stringify(tasks.counts)} in all`);
  }

  /** Between two turns of the main thread, what waits for running tasks has left them their reserve. */
  #reserve(): void {
    const { ledger, workers, busy } = this.#world;
    const { budgetBytes, reserveBytes } = this.#machine.options;
    if (busy || reserveBytes === 0) return;
    let kib = ledger.chargedKib(MAIN_ROW);
    for (const worker of workers) if (!worker.gone) kib += worker.lastingKib;
    const most = (budgetBytes - reserveBytes) / 1024;
    if (kib > most) throw new Error(`reserve: ${kib} KiB outlive their tasks, ${most} are allowed`);
  }

  /** Nobody has a turn who does not wait. */
  #turns(): void {
    const { ledger } = this.#world;
    for (let at = 0; at < ledger.rows; at++) {
      const row = ledger.row(at);
      if (row.turn !== 0 && (row.starvingKib === 0 || !row.taken))
        throw new Error(`turn: row ${at} has one and waits for nothing`);
    }
  }

  /** Idle buffers of all threads, and those on their way between two, are no more than the tier may keep. */
  #places(): void {
    const { shard, workers } = this.#world;
    for (const [tier, { maxIdle }] of this.#machine.options.tiers.entries()) {
      let idle = shard.idle.lists[tier].length;
      let moving = 0;
      for (const worker of workers) {
        if (!worker.gone) idle += worker.shard?.idle.lists[tier].length ?? 0;
        moving += worker.moving(tier);
      }
      if (idle + moving > maxIdle)
        throw new Error(
          `quota: ${idle} buffers of tier ${tier} are idle and ${moving} move, ${maxIdle} are allowed`,
        );
    }
  }

  /** Nothing may have come free behind the back of one that sleeps on. */
  slept(sumKib: number): void {
    const settled = [this.#world, ...this.#world.workers].every(
      (thread) => thread.call === null && !thread.dead,
    );
    const now = this.#machine.chargedKib();
    if (settled && now < sumKib)
      throw new Error(`wake: ${sumKib - now} KiB came free, and one that waits was not woken`);
  }

  /** With nothing on its way, what the threads say they hold is what they are charged. */
  hands(): void {
    for (const { name, row, gone } of [
      { name: 'main', row: MAIN_ROW, gone: false },
      ...this.#world.workers,
    ]) {
      if (row < 0 || gone) continue;
      const held = this.#world.ledger.row(row).counters.allHeldKib;
      const charged = this.#world.ledger.chargedKib(row);
      if (held !== charged) throw new Error(`held: ${name} holds ${held} KiB and is charged ${charged}`);
    }
  }
}
