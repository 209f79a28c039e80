/**
 * Everything that a small case consists of at one moment: the ledger's words, the threads with what they
 * really hold, and the messages on their way.
 *
 * A world is a plain value: it is copied for each transition and compared by its key. Invariant: two worlds
 * with one key have the same future. Memory is counted where it lies (held, on loan, in a port), never by
 * what the ledger says.
 */
import { CHARGED, MOVES, OWNER, PEAK, rowWord } from '../../src/budget/layout.ts';
import type { Node, Step } from './calls.ts';

/** Memory in a message: KiB whose charge travels with it, or below 0 for a loan. */
type Parcel = number;

/** In this order a thread ends. Stopped: runs no more, but its memory is still there. */
export const ALIVE = 0;
export const STOPPED = 1;
export const GONE = 2;
export const BURIED = 3;

export class Thread {
  /** -1 before it claimed one. */
  row: number;
  life = ALIVE;
  /** Operations that it may still begin. */
  left: number;
  /** The jobs of the operation that it is in, by number. */
  agenda: number[] = [];
  /** Where it is in the ledger's code, `null` between two calls. */
  node: Node | null = null;
  /** Where it is in a scan that the call makes, if it is in one. */
  scan: Node | null = null;
  /** KiB of each buffer that it holds and is charged for, smallest first. */
  own: number[] = [];
  /** KiB of each buffer that it is charged for and that outlives its task. */
  lasting: number[] = [];
  /** KiB of each loan that it holds. */
  loans: number[] = [];
  /** Messages from and to the coordinator, oldest first. */
  inbox: Parcel[] = [];
  port: Parcel[] = [];
  /** The coordinator has heard that its task failed. */
  rejected = false;

  constructor(row: number, left: number) {
    this.row = row;
    this.left = left;
  }

  copy(): Thread {
    const copy = new Thread(this.row, this.left);
    copy.life = this.life;
    copy.agenda = this.agenda;
    copy.node = this.node;
    copy.scan = this.scan;
    copy.own = this.own;
    copy.lasting = this.lasting;
    copy.loans = this.loans;
    copy.inbox = this.inbox;
    copy.port = this.port;
    copy.rejected = this.rejected;
    return copy;
  }

  get liveKib(): number {
    return sum(this.own) + sum(this.lasting) + sum(this.loans) + size(this.inbox) + size(this.port);
  }

  /** Bytes only, so that the key takes one for each. */
  write(key: number[]): void {
    const { row, life, left, agenda, rejected } = this;
    key.push(row + 1, life * 2 + (rejected ? 1 : 0), left, agenda.length);
    for (const number of [this.node?.id ?? 0, this.scan?.id ?? 0, ...agenda])
      key.push(number & 255, number >> 8);
    for (const list of [this.own, this.lasting, this.loans, this.inbox, this.port]) {
      key.push(list.length);
      for (const kib of list) key.push(kib & 255);
    }
  }
}

/** A loan that the coordinator has not settled. Its charge is on the coordinator's row. */
interface OpenLoan {
  readonly kib: number;
  /** The thread that it was sent to. */
  readonly holder: number;
}

export class World {
  /** The move counter, the peak, then the charge and the owner of each row. */
  words: number[];
  /** The first is the main thread, with the coordinator. */
  threads: Thread[];
  open: OpenLoan[] = [];
  kills: number;
  readonly rows: number;

  constructor(rows: number, threads: Thread[], kills: number) {
    this.rows = rows;
    this.words = new Array(2 + 2 * rows).fill(0);
    this.threads = threads;
    this.kills = kills;
  }

  copy(): World {
    const copy = new World(this.rows, [], this.kills);
    copy.words = this.words.slice();
    copy.threads = this.threads.slice();
    copy.open = this.open;
    return copy;
  }

  /** A thread of this world that may be changed: a copied world shares its threads until then. */
  own(at: number): Thread {
    const copy = this.threads[at].copy();
    this.threads[at] = copy;
    return copy;
  }

  chargedKib(row: number): number {
    return this.words[2 + row];
  }

  /** At the beginning. */
  charge(row: number, kib: number, owner: number): void {
    this.words[2 + row] = kib;
    this.words[2 + this.rows + row] = owner + 1;
    this.words[1] = this.sumKib;
  }

  /** The thread of a worker is gone: somebody may take its row. */
  get burying(): boolean {
    return this.threads.some(({ life }) => life >= GONE);
  }

  get sumKib(): number {
    let all = 0;
    for (let row = 0; row < this.rows; row++) all += this.words[2 + row];
    return all;
  }

  get peakKib(): number {
    return this.words[1];
  }

  /** What really exists: not one byte of it is known from the ledger. */
  get lastingKib(): number {
    return sum(this.threads.flatMap(({ lasting }) => lasting));
  }

  get liveKib(): number {
    let live = 0;
    for (const thread of this.threads) live += thread.liveKib;
    return live;
  }

  /** Does one atomic step and returns its answer. */
  step({ kind, at, value, replacement }: Step): number {
    const word = this.#word(at);
    const before = this.words[word];
    if (kind === 'add') this.words[word] = before + value;
    else if (kind === 'store') this.words[word] = value;
    else if (kind === 'exchange' && before === value) this.words[word] = replacement;
    return kind === 'store' ? 0 : before;
  }

  nameOf(at: number): string {
    if (at === MOVES) return 'the move counter';
    if (at === PEAK) return 'the peak';
    for (let row = 0; row < this.rows; row++) {
      if (at === rowWord(row) + CHARGED) return `row ${row}`;
      if (at === rowWord(row) + OWNER) return `the owner of row ${row}`;
    }
    throw new Error(`The enumeration knows no word ${at} of the ledger.`);
  }

  key(): string {
    const key: number[] = [this.kills];
    for (const word of this.words) key.push(word & 255);
    key.push(this.open.length);
    for (const { kib, holder } of this.open) key.push(kib * 16 + holder);
    for (const thread of this.threads) thread.write(key);
    return String.fromCharCode(...key);
  }

  #word(at: number): number {
    if (at === MOVES) return 0;
    if (at === PEAK) return 1;
    const row = Math.floor((at - rowWord(0)) / (rowWord(1) - rowWord(0)));
    const word = at - rowWord(row);
    if (row >= 0 && row < this.rows && word === CHARGED) return 2 + row;
    if (row >= 0 && row < this.rows && word === OWNER) return 2 + this.rows + row;
    throw new Error(`The enumeration knows no word ${at} of the ledger.`);
  }
}

export function sum(list: readonly number[]): number {
  let all = 0;
  for (const item of list) all += item;
  return all;
}

function size(parcels: readonly Parcel[]): number {
  let all = 0;
  for (const parcel of parcels) all += Math.abs(parcel);
  return all;
}
