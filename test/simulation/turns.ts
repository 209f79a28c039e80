/**
 * Who takes a turn in a simulated runtime: any thread that can, or death. Owned by its world. Invariant:
 * after the first promise that is broken nothing moves.
 */
import type { Machinery } from './machinery.ts';
import { Killed, type Thread } from './scheduler.ts';
import type { SimulatedWorker } from './worker.ts';

/** The thread that all the others belong to. */
interface MainThread extends Thread {
  readonly workers: readonly SimulatedWorker[];
  /** Nobody dies any more. */
  readonly ending: boolean;
  /** Does one of the things that it may do now, if there are any. */
  act(): boolean;
}

export class Turns {
  readonly #main: MainThread;
  readonly #machine: Machinery;

  constructor(main: MainThread, machine: Machinery) {
    this.#main = main;
    this.#machine = machine;
  }

  /** Lets one thread do something, or ends the one that is interrupted; false when none can. */
  take(except: Thread, top = false): boolean {
    let moved = false;
    this.note(() => {
      moved = this.#next(except, top);
    });
    if (top) this.tell();
    return moved;
  }

  /**
   * What is broken is told between two turns: the listener of an abort would swallow it and end the process.
   */
  note(action: () => void): void {
    if (this.#machine.broken !== null) return;
    try {
      action();
    } catch (error) {
      this.#machine.broken ??= error as Error;
    }
  }

  tell(): void {
    if (this.#machine.broken !== null) throw this.#machine.broken;
  }

  #next(except: Thread, top: boolean): boolean {
    const { choices } = this.#machine.scheduler;
    const threads: Thread[] = [this.#main, ...this.#main.workers];
    const start = choices.pick(threads.length);
    for (let at = 0; at < threads.length; at++) {
      const thread = threads[(start + at) % threads.length];
      if (thread === except && !top) {
        // It may end here, between two of its own steps.
        if (this.#kill(thread)) return true;
        continue;
      }
      if (this.#let(thread)) {
        this.#machine.promises.turn(thread);
        return true;
      }
    }
    return false;
  }

  #kill(thread: Thread): boolean {
    if (this.#main.ending || thread === this.#main || thread.dead) return false;
    if (!this.#machine.scheduler.choices.once(this.#machine.world.killEvery)) return false;
    (thread as SimulatedWorker).kill();
    return true;
  }

  #let(thread: Thread): boolean {
    const main = this.#main;
    if (this.#kill(thread)) return true;
    if (thread.dead) return this.#finishDeath(thread as SimulatedWorker);
    if (thread.call !== null) {
      thread.call.step();
      return true;
    }
    if (thread.busy) return false;
    if (thread !== main) return this.#run(thread as SimulatedWorker);
    main.busy = true;
    try {
      return main.act();
    } finally {
      main.busy = false;
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
}
