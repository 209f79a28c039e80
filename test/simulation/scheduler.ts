/**
 * One thread that plays many: it decides who runs next, and may do so again between any two atomic steps of a
 * ledger call.
 *
 * A call of the ledger is run by replay: from its start, with the answers it already had, up to its next new
 * step. So a call that was interrupted is data, and goes on whenever its thread is chosen, whatever runs
 * above it on the stack. What a thread does after such a call waits until those that interrupted it have
 * returned; all other orders are played.
 * Invariant: a thread that was killed makes no further step.
 */
import { Ledger } from '../../src/budget/ledger.ts';
import { AtomicMemory, type Memory } from '../../src/budget/memory.ts';
import type { Shard } from '../../src/pool/shard.ts';
import type { Choices } from './choices.ts';

/** Thrown through the code of a thread that was killed. */
export class Killed extends Error {}

class Halt extends Error {}
/** One for all: a stack for each would cost more than the step. */
const HALT = new Halt();

/** A logical thread. */
export interface Thread {
  readonly name: string;
  dead: boolean;
  /** It is somewhere on the stack: interrupted in a ledger call, or waiting. */
  busy: boolean;
  /** The ledger call that it is in, if it was interrupted there. */
  call: LedgerCall | null;
  /** Null until it has started. */
  readonly shard: Shard | null;
}

export interface LedgerCall {
  /** Makes one atomic step more. */
  step(): void;
  readonly done: boolean;
}

/** Turns of others in one wait: what needs more is never over. */
const MOST_ROUNDS = 20_000;

export class Scheduler {
  readonly choices: Choices;
  /** Lets one other thread do something, or ends the one that is interrupted; false when none can. */
  turn: (except: Thread) => boolean = () => false;
  /** Called after every atomic step. */
  check: (by: Thread) => void = () => {};
  steps = 0;
  readonly #interruptEvery: number;
  readonly #switchEvery: number;

  /**
   * @param interruptEvery one ledger call in so many is made step by step
   * @param switchEvery others have a turn before one in so many of these steps
   */
  constructor(choices: Choices, interruptEvery: number, switchEvery: number) {
    this.choices = choices;
    this.#interruptEvery = interruptEvery;
    this.#switchEvery = switchEvery;
  }

  /** Runs a ledger call of a thread to its end, with others in between. */
  run<T>(thread: Thread, whole: () => T, steps: SteppedMemory, stepwise: () => T): T {
    if (thread.dead) throw new Killed();
    if (this.choices.pick(this.#interruptEvery) !== this.#interruptEvery - 1) {
      const value = whole();
      this.#stepped(thread);
      return value;
    }
    const call = new Replay(steps, stepwise, () => this.#stepped(thread));
    const { call: outer, busy } = thread;
    thread.call = call;
    thread.busy = true;
    try {
      for (;;) {
        // After the last step too: what the thread does with the answer comes later.
        if (this.choices.once(this.#switchEvery)) this.turn(thread);
        if (thread.dead) throw new Killed();
        if (call.done) break;
        call.step();
      }
    } finally {
      thread.call = outer;
      thread.busy = busy;
    }
    return call.value as T;
  }

  /** A moment outside of the ledger at which others may run: around a port, say. */
  pause(thread: Thread): void {
    if (!this.choices.once(this.#interruptEvery * this.#switchEvery)) return;
    const { busy } = thread;
    thread.busy = true;
    try {
      this.turn(thread);
    } finally {
      thread.busy = busy;
    }
    if (thread.dead) throw new Killed();
  }

  /** Lets others run for as long as a thread waits for something. */
  wait(thread: Thread, over: () => boolean, passTime: () => void): void {
    const { busy } = thread;
    thread.busy = true;
    try {
      for (let rounds = 0; !over(); rounds++) {
        if (thread.dead) throw new Killed();
        if (rounds === MOST_ROUNDS) throw new Error(`promise 7: ${thread.name} waits for ever`);
        const moved = this.turn(thread);
        // By default time passes, so that a shrunk schedule comes to its end.
        if (!over() && (!moved || this.choices.pick(4) === 0)) passTime();
      }
      if (thread.dead) throw new Killed();
    } finally {
      thread.busy = busy;
    }
  }

  #stepped(by: Thread): void {
    this.steps++;
    this.check(by);
  }
}

class Replay<T> implements LedgerCall {
  done = false;
  value: T | undefined;
  readonly #answers: number[] = [];
  readonly #steps: SteppedMemory;
  readonly #call: () => T;
  readonly #stepped: () => void;

  constructor(steps: SteppedMemory, call: () => T, stepped: () => void) {
    this.#steps = steps;
    this.#call = call;
    this.#stepped = stepped;
  }

  step(): void {
    this.#steps.begin(this.#answers);
    try {
      this.value = this.#call();
      this.done = true;
    } catch (error) {
      if (!(error instanceof Halt)) throw error;
    }
    this.#stepped();
  }
}

/** Gives the answers that a call already had, makes one new step, and halts it at the next. */
class SteppedMemory implements Memory {
  readonly #real: AtomicMemory;
  #answers: number[] = [];
  #at = 0;
  #fresh = false;

  constructor(words: Int32Array) {
    this.#real = new AtomicMemory(words);
  }

  begin(answers: number[]): void {
    this.#answers = answers;
    this.#at = 0;
    this.#fresh = false;
  }

  load(index: number): number {
    return this.#known() ? this.#next() : this.#made(this.#real.load(index));
  }

  store(index: number, value: number): void {
    if (this.#known()) {
      this.#next();
      return;
    }
    this.#real.store(index, value);
    this.#made(0);
  }

  add(index: number, value: number): number {
    return this.#known() ? this.#next() : this.#made(this.#real.add(index, value));
  }

  compareExchange(index: number, expected: number, replacement: number): number {
    return this.#known()
      ? this.#next()
      : this.#made(this.#real.compareExchange(index, expected, replacement));
  }

  /** Whoever waits is woken by the scheduler. */
  notify(): void {}

  #known(): boolean {
    if (this.#at < this.#answers.length) return true;
    if (this.#fresh) throw HALT;
    return false;
  }

  #next(): number {
    return this.#answers[this.#at++];
  }

  #made(answer: number): number {
    this.#fresh = true;
    this.#answers.push(answer);
    this.#at++;
    return answer;
  }
}

/** The production ledger, as one thread sees it: each of its calls is scheduled. */
export class ScheduledLedger extends Ledger {
  readonly #scheduler: Scheduler;
  readonly #thread: Thread;
  readonly #whole: Ledger;
  readonly #steps: SteppedMemory;
  readonly #stepwise: Ledger;

  constructor(shared: SharedArrayBuffer, scheduler: Scheduler, thread: Thread) {
    super(shared);
    this.#scheduler = scheduler;
    this.#thread = thread;
    this.#whole = new Ledger(shared, undefined, () => 0);
    this.#steps = new SteppedMemory(this.words);
    this.#stepwise = new Ledger(shared, this.#steps, () => 0);
  }

  override sumKib(): number | null {
    return this.#scheduled((ledger) => ledger.sumKib());
  }

  override reserve(row: number, kib: number, leaveKib = 0): boolean {
    return this.#scheduled((ledger) => ledger.reserve(row, kib, leaveKib));
  }

  override uncharge(row: number, kib: number): void {
    this.#scheduled((ledger) => ledger.uncharge(row, kib));
  }

  override move(from: number, to: number, kib: number): void {
    this.#scheduled((ledger) => ledger.move(from, to, kib));
  }

  override claim(owner: number): number {
    return this.#scheduled((ledger) => ledger.claim(owner));
  }

  override writeOff(row: number): number {
    return this.#scheduled((ledger) => ledger.writeOff(row));
  }

  override wake(): void {
    this.#scheduled((ledger) => ledger.wake());
  }

  #scheduled<T>(call: (ledger: Ledger) => T): T {
    return this.#scheduler.run(
      this.#thread,
      () => call(this.#whole),
      this.#steps,
      () => call(this.#stepwise),
    );
  }
}
