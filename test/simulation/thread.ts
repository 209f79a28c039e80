/**
 * A simulated thread's way to memory: the production supply, with time, waiting and the allocator in the
 * scheduler's hands.
 */

import { MAIN_ROW } from '../../src/budget/layout.ts';
import type { Ledger } from '../../src/budget/ledger.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { Need } from '../../src/pool/supply.ts';
import { type Surroundings, ThreadSupply } from '../../src/thread/supply.ts';
import type { MemoryBook } from './memory-book.ts';
import { Killed, type Scheduler, type Thread } from './scheduler.ts';

/** What all threads of a world share. */
export interface Machine {
  readonly scheduler: Scheduler;
  readonly book: MemoryBook;
  readonly options: PoolOptions;
  /** Nanoseconds; jumps. */
  clock: number;
  /** Whether this allocation or post fails: never at the end of a schedule. */
  fails(): boolean;
  /** Whether a thread ends here by itself: never at the end of a schedule. */
  exits(): boolean;
  /** What was found broken where nobody waits. */
  broken: Error | null;
  /** Called when time passes for a sleeper, with what was charged when it last looked. */
  slept: (chargedKib: number) => void;
  /** The sum of all rows, read outside of the schedule. */
  chargedKib(): number;
}

/** What the job of a worker asks for, as far as giving way goes. */
interface Wanted {
  /** KiB that it leaves to running tasks. */
  readonly leaveKib: number;
  readonly timeoutMs: number;
  /** Its thread has memory that may wait for this request. */
  readonly holds: boolean;
}

interface Asking extends Wanted {
  /** On the clock of all. */
  readonly startNs: number;
  readonly direct: boolean;
}

export class SimulatedSupply extends ThreadSupply {
  readonly #machine: Machine;
  readonly #thread: Thread;
  readonly #ledger: Ledger;
  /** When the request of this thread is over, at the latest; of several, the last. */
  deadline = 0;
  /** The request of this worker, while it makes one. */
  asking: Asking | null = null;
  readonly #row: number;
  /** It was to have a turn when it last told what it lacks. */
  #due = false;
  /** It has not reserved since it looked. */
  #looked = false;
  /** Called when time passes while this thread sleeps. */
  sleeps: () => void = () => {};
  /** What was charged when the wake word was last read. */
  #chargedKib = 0;
  /** Requests of this thread that wait without blocking it. */
  readonly sleepers: { seen: number; until: number; wake: () => void }[] = [];

  constructor(machine: Machine, thread: Thread, ledger: Ledger, row: number, around: Surroundings) {
    super(ledger, row, around);
    this.#machine = machine;
    this.#thread = thread;
    this.#ledger = ledger;
    this.#row = row;
  }

  /** Whom it gives way to, and to whom not. */
  override reserve(kib: number, leaveKib = 0): boolean {
    if (this.asking !== null && this.#looked && kib > 0) {
      const due = Math.max(this.asking.leaveKib, this.#owedKib(this.asking));
      if (leaveKib !== due) {
        const { name } = this.#thread;
        throw new Error(`turn: ${name} leaves ${leaveKib} KiB to those before it, ${due} are due`);
      }
    }
    this.#looked = false;
    return super.reserve(kib, leaveKib);
  }

  /** Begins a request of this worker's job; over when it is disposed. */
  ask(lengths: readonly number[], { timeoutMs, leaveKib, holds }: Wanted): Disposable {
    const { asking } = this;
    const [, , { capacity }] = this.#machine.options.tiers;
    const direct = lengths.some((length) => length > capacity);
    this.asking = { timeoutMs, leaveKib, holds, direct, startNs: this.#machine.clock };
    this.#due = false;
    return {
      [Symbol.dispose]: () => {
        this.asking = asking;
      },
    };
  }

  override allocate(capacity: number): ArrayBuffer {
    this.#alive();
    if (this.#machine.fails()) throw new RangeError('Array buffer allocation failed');
    return this.#machine.book.allocate(capacity, this.#thread.name);
  }

  override safepoint(): void {
    this.#alive();
    super.safepoint();
    this.#looked = true;
  }

  override starve(need: Need): void {
    this.#alive();
    super.starve(need);
    if (this.asking === null) return;
    const { timeoutMs, startNs, direct } = this.asking;
    const waited = this.#machine.clock - startNs;
    this.#due = waited >= Math.min(100, timeoutMs / 2) * 1e6 && !(direct && this.critical);
  }

  override fed(need: Need): void {
    // Also reached by the unwinding of a thread that was killed, which writes nothing any more.
    if (!this.#thread.dead) super.fed(need);
  }

  override wakeWord(): number {
    this.#chargedKib = this.#machine.chargedKib();
    return super.wakeWord();
  }

  override wait(seen: number, milliseconds: number): void {
    if (this.asking !== null && this.#due && this.#ledger.row(this.#row).turn === 0)
      throw new Error(`turn: ${this.#thread.name} has waited for long and has none`);
    const until = this.#until(milliseconds);
    this.#machine.scheduler.wait(
      this.#thread,
      () => this.#over(seen, until),
      () => {
        this.#machine.slept(this.#chargedKib);
        this.sleeps();
        this.passTime();
      },
    );
  }

  override waitAsync(seen: number, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const until = this.#until(milliseconds);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    this.sleepers.push({ seen, until, wake: resolve });
    return promise;
  }

  /** Wakes one of the requests that waited long enough; false when there is none. */
  wakeSleeper(): boolean {
    const at = this.sleepers.findIndex(({ seen, until }) => this.#over(seen, until));
    if (at < 0) return false;
    this.sleepers.splice(at, 1)[0].wake();
    return true;
  }

  override now(): number {
    return this.#machine.clock;
  }

  /** By a little, or by much. */
  passTime(): void {
    const { choices } = this.#machine.scheduler;
    this.#machine.clock += [1e6, 5e6, 26e6, 200e6][choices.pick(4)];
  }

  /** By what all rows show now. */
  #owedKib({ holds, timeoutMs, startNs }: Asking): number {
    const ledger = this.#ledger;
    const own = ledger.row(this.#row);
    const late = timeoutMs > 0 && this.#machine.clock - startNs >= timeoutMs * 5e5;
    if (holds || late || own.declared) return 0;
    let first = own.turn === 0 ? Number.POSITIVE_INFINITY : own.turn;
    let kib = 0;
    for (let row = 0; row < ledger.rows; row++) {
      const { turn, starvingKib } = ledger.row(row);
      if (turn === 0 || turn >= first) continue;
      first = turn;
      const stays = ledger.chargedKib(MAIN_ROW) + (row === MAIN_ROW ? 0 : ledger.chargedKib(row));
      kib = stays + starvingKib > ledger.limitKib ? 0 : starvingKib;
    }
    return kib;
  }

  #until(milliseconds: number): number {
    const until = this.#machine.clock + milliseconds * 1e6;
    // Milliseconds have been divided: what is over by less than a nanosecond is not.
    if (until > this.deadline + 1) throw new Error('promise 7: a request waits beyond its deadline');
    return until;
  }

  #over(seen: number, until: number): boolean {
    return this.#ledger.wakeWord() !== seen || this.#machine.clock >= until;
  }

  #alive(): void {
    if (this.#thread.dead) throw new Killed();
  }
}
