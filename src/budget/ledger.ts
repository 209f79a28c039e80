/**
 * The ledger: who is charged for how much, over all threads, without a lock.
 *
 * Owns the shared words of `layout.ts`. Any thread may reserve and un-charge on its own row; only the
 * coordinator (main thread) calls `move`, `writeOff` and `release`.
 * Invariant: the sum of all rows is never below the live bytes, and no successful reservation saw a sum over
 * the budget. A function with more than one atomic step has no other side effect, so that a simulator can
 * stop it between two steps and run it again from the start.
 */
import { type Bytes, KiB } from '../bytes.ts';
import { LedgerHeader } from './header.ts';
import {
  BUDGET,
  CHARGED,
  FREE,
  ledgerBytes,
  MAIN_ROW,
  MOVES,
  OWNER,
  PEAK,
  ROW_WORDS,
  rowsIn,
  rowWord,
  WAKE,
} from './layout.ts';
import { AtomicMemory, type Memory } from './memory.ts';
import { LedgerRow } from './row.ts';

/** How long a reservation goes on before it is refused. */
interface Patience {
  /** How often a scan starts over when the coordinator keeps moving charges, before it gives up. */
  readonly scans: number;
  /** How often two reservations that refused each other try again. */
  readonly tries: number;
}

/** A request that has waited for long. */
interface Turn {
  readonly row: number;
  /** What it waits for. */
  readonly kib: number;
}

const PATIENCE: Patience = { scans: 64, tries: 3 };

export class Ledger {
  readonly shared: SharedArrayBuffer;
  /** By the indexes of the layout, for a `Memory`. Single words have names in `header` and `row`. */
  readonly words: Int32Array;
  readonly header: LedgerHeader;
  readonly rows: number;
  readonly #rows: (LedgerRow | undefined)[] = [];
  readonly #memory: Memory;
  readonly #random: () => number;
  readonly #patience: Patience;

  /** A new ledger, all rows free. `limitBytes` is rounded down to whole KiB. */
  static create(rows: number, limitBytes: Bytes): Ledger {
    const ledger = new Ledger(new SharedArrayBuffer(ledgerBytes(rows)));
    ledger.words[BUDGET] = Math.floor(limitBytes / KiB);
    return ledger;
  }

  /** Another thread's ledger over the same memory. `random` (0 to 1) spaces out retries. */
  constructor(
    shared: SharedArrayBuffer,
    memory?: Memory,
    random: () => number = Math.random,
    patience = PATIENCE,
  ) {
    this.shared = shared;
    this.words = new Int32Array(shared);
    this.header = new LedgerHeader(this.words);
    this.rows = rowsIn(shared.byteLength);
    this.#memory = memory ?? new AtomicMemory(this.words);
    this.#random = random;
    this.#patience = patience;
  }

  /** The named words of a row, the same object each time. */
  row(row: number): LedgerRow {
    this.#rows[row] ??= new LedgerRow(this.words, row);
    return this.#rows[row];
  }

  /** What all rows together may reach. A plain load: it was written before any other thread began. */
  get limitKib(): number {
    return this.words[BUDGET];
  }

  get peakKib(): number {
    return this.#memory.load(PEAK);
  }

  chargedKib(row: number): number {
    return this.#memory.load(rowWord(row) + CHARGED);
  }

  /** KiB charged to all rows, or `null` when the coordinator moved charges all the time. */
  sumKib(): number | null {
    const memory = this.#memory;
    for (let scan = 0; scan < this.#patience.scans; scan++) {
      // A move adds to the receiver before it subtracts from the donor. A scan that read the receiver before
      // and the donor after would miss the charge, so any scan that overlaps a move is thrown away.
      const before = memory.load(MOVES);
      if ((before & 1) === 1) continue;
      let sum = 0;
      for (let row = 0; row < this.rows; row++) sum += memory.load(rowWord(row) + CHARGED);
      if (memory.load(MOVES) === before) return sum;
    }
    return null;
  }

  /**
   * Charges `kib` to `row` if the budget holds it and `leaveKib` are left then. Called by the row's own
   * thread.
   */
  reserve(row: number, kib: number, leaveKib = 0): boolean {
    const memory = this.#memory;
    const charged = rowWord(row) + CHARGED;
    const mostKib = this.limitKib - leaveKib;
    for (let attempt = 0; attempt < this.#patience.tries; attempt++) {
      // What can never fit must not be added even for a moment: it would make others' requests fail.
      const used = this.sumKib();
      if (used === null || used + kib > mostKib) return false;

      // Add first, then look: the later of two racing adders sees both in its sum, so never do both pass.
      memory.add(charged, kib);
      const sum = this.sumKib();
      if (sum !== null && sum <= mostKib) {
        this.#raisePeak(sum);
        return true;
      }
      // Another request may have been refused because of this charge, so taking it back is an event to wake
      // for.
      this.uncharge(row, kib);
      for (let spin = this.#random() * 64 * (attempt + 1); spin > 0; spin--);
    }
    return false;
  }

  /**
   * The request whose turn is the earliest, of all that wait on other rows than this one and had theirs
   * before `turn` (0 for after all). Null where there is none, or what its own row holds and what the main
   * thread holds keeps it from the memory: nobody helps it then by giving way. A hint.
   */
  firstTurn(row: number, turn = 0): Turn | null {
    // Nobody waits.
    if (this.header.hungerKib === 0) return null;
    let first = turn;
    let at = -1;
    for (let other = 0; other < this.rows; other++) {
      if (other === row) continue;
      const drawn = this.row(other).turn;
      if (drawn === 0 || !isBefore(drawn, first)) continue;
      first = drawn;
      at = other;
    }
    if (at < 0) return null;
    const kib = this.row(at).starvingKib;
    let staysKib = at === MAIN_ROW ? 0 : this.chargedKib(at);
    // What the main thread holds may wait for tasks to run. Its own requests know nothing of that.
    if (row !== MAIN_ROW) staysKib += this.chargedKib(MAIN_ROW);
    return staysKib + kib <= this.limitKib ? { row: at, kib } : null;
  }

  /** Takes `kib` off `row`: the memory must be free already. Called by the row's own thread. */
  uncharge(row: number, kib: number): void {
    this.#memory.add(rowWord(row) + CHARGED, -kib);
    this.wake();
  }

  /** Wakes everyone who waits for memory. */
  wake(): void {
    // The change comes before the notification: who read the old value is woken, or does not sleep.
    this.#memory.add(WAKE, 1);
    this.#memory.notify(WAKE);
  }

  wakeWord(): number {
    return this.#memory.load(WAKE);
  }

  /** Moves charges between rows; coordinator only. */
  move(from: number, to: number, kib: number): void {
    if (from === to || kib === 0) return;
    const memory = this.#memory;
    memory.add(MOVES, 1);
    memory.add(rowWord(to) + CHARGED, kib);
    memory.add(rowWord(from) + CHARGED, -kib);
    memory.add(MOVES, 1);
  }

  /**
   * Takes a free row for a thread and returns its number, or -1 when none is free.
   * `owner` is a thread id (0 or more). The row of a dead thread comes free when the coordinator releases it.
   */
  claim(owner: number): number {
    const memory = this.#memory;
    for (let row = 0; row < this.rows; row++) {
      if (memory.compareExchange(rowWord(row) + OWNER, FREE, owner + 1) === FREE) return row;
    }
    return -1;
  }

  /** The row that a thread claimed, or -1. */
  rowOf(owner: number): number {
    for (let row = 0; row < this.rows; row++) {
      if (this.#memory.load(rowWord(row) + OWNER) === owner + 1) return row;
    }
    return -1;
  }

  /** Drops every charge of a row whose thread is gone with its memory; returns the KiB. Coordinator only. */
  writeOff(row: number): number {
    const charged = this.#memory.load(rowWord(row) + CHARGED);
    this.#memory.store(rowWord(row) + CHARGED, 0);
    this.wake();
    return charged;
  }

  /** Makes a row that was written off free for another thread. Coordinator only. */
  release(row: number): void {
    const first = rowWord(row);
    this.row(row).counters.values.fill(0);
    for (let word = first + OWNER + 1; word < first + ROW_WORDS; word++) this.words[word] = 0;
    // Last, so that whoever claims the row finds it clean.
    this.#memory.store(first + OWNER, FREE);
  }

  #raisePeak(sum: number): void {
    let peak = this.#memory.load(PEAK);
    while (sum > peak) {
      const seen = this.#memory.compareExchange(PEAK, peak, sum);
      if (seen === peak) return;
      peak = seen;
    }
  }
}

/** Whether a turn was drawn before another one; 0 is after all. */
export function isBefore(turn: number, other: number): boolean {
  return other === 0 || ((turn - other) | 0) < 0;
}
