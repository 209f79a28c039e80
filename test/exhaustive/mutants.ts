/**
 * Protocols that are wrong in one thing each. An enumeration that finds nothing wrong with one of them proves
 * nothing.
 */
import { CHARGED, MOVES, PEAK, rowWord } from '../../src/budget/layout.ts';
import { Ledger } from '../../src/budget/ledger.ts';
import type { Memory } from '../../src/budget/memory.ts';
import type { Patience } from './calls.ts';
import { job } from './jobs.ts';
import { PROTOCOL, type Protocol } from './protocol.ts';
import type { Broken } from './search.ts';

class WrongLedger extends Ledger {
  protected readonly memory: Memory;

  constructor(shared: SharedArrayBuffer, memory: Memory, random: () => number, patience: Patience) {
    super(shared, memory, random, patience);
    this.memory = memory;
  }
}

class SubtractsFirst extends WrongLedger {
  override move(from: number, to: number, kib: number): void {
    this.memory.add(MOVES, 1);
    this.memory.add(rowWord(from) + CHARGED, -kib);
    this.memory.add(rowWord(to) + CHARGED, kib);
    this.memory.add(MOVES, 1);
  }
}

class IgnoresMoves extends WrongLedger {
  override sumKib(): number {
    let sum = 0;
    for (let row = 0; row < this.rows; row++) sum += this.memory.load(rowWord(row) + CHARGED);
    return sum;
  }
}

class TrustsNoSum extends WrongLedger {
  override sumKib(): number {
    return super.sumKib() ?? 0;
  }
}

class NarrowCounter extends Ledger {
  constructor(shared: SharedArrayBuffer, memory: Memory, random: () => number, patience: Patience) {
    const narrow: Memory = {
      load: (at) => (at === MOVES ? memory.load(at) % 4 : memory.load(at)),
      store: (at, value) => memory.store(at, value),
      add: (at, value) => memory.add(at, value),
      compareExchange: (at, expected, value) => memory.compareExchange(at, expected, value),
      notify: (at) => memory.notify(at),
    };
    super(shared, narrow, random, patience);
  }
}

class ChecksFirst extends WrongLedger {
  override reserve(row: number, kib: number): boolean {
    const used = this.sumKib();
    if (used === null || used + kib > this.limitKib) return false;
    this.memory.add(rowWord(row) + CHARGED, kib);
    return true;
  }
}

class LooksAtReserveFirst extends WrongLedger {
  override reserve(row: number, kib: number, leaveKib = 0): boolean {
    const used = this.sumKib();
    if (used === null || used + kib > this.limitKib - leaveKib) return false;
    return super.reserve(row, kib);
  }
}

class KeepsRefused extends WrongLedger {
  override reserve(row: number, kib: number): boolean {
    const used = this.sumKib();
    if (used === null || used + kib > this.limitKib) return false;
    this.memory.add(rowWord(row) + CHARGED, kib);
    const sum = this.sumKib();
    return sum !== null && sum <= this.limitKib;
  }
}

class StoresPeak extends WrongLedger {
  override reserve(row: number, kib: number): boolean {
    this.memory.add(rowWord(row) + CHARGED, kib);
    const sum = this.sumKib();
    if (sum === null || sum > this.limitKib) {
      this.uncharge(row, kib);
      return false;
    }
    if (sum > this.memory.load(PEAK)) this.memory.store(PEAK, sum);
    return true;
  }
}

type LedgerClass = new (...of: Parameters<Protocol['ledger']>) => Ledger;

function withLedger(Wrong: LedgerClass): Protocol {
  return { ...PROTOCOL, ledger: (...of) => new Wrong(...of) };
}

const OVERSHOOT = 'live memory is over the budget';
const UNDERCOUNT = 'the ledger undercounts';
const LEAK = 'a row at rest is not what its thread holds';

/** What is wrong, the protocol, the case that finds it, and what breaks there first. */
export const MUTANTS: readonly (readonly [string, Protocol, string, Broken])[] = [
  [
    'a move subtracts before it adds',
    withLedger(SubtractsFirst),
    'two workers, four operations each, and either may die at any step',
    UNDERCOUNT,
  ],
  [
    'a scan does not look at the move counter',
    withLedger(IgnoresMoves),
    'two workers, four operations each, and either may die at any step',
    OVERSHOOT,
  ],
  [
    'a scan that moves disturbed counts for an empty ledger',
    withLedger(TrustsNoSum),
    'two workers, four operations each, and either may die at any step',
    OVERSHOOT,
  ],
  [
    'the move counter has two bits and wraps in a scan',
    withLedger(NarrowCounter),
    'two workers, four operations each, and either may die at any step',
    OVERSHOOT,
  ],
  [
    'a reservation checks, then adds',
    withLedger(ChecksFirst),
    'three workers, two operations each',
    OVERSHOOT,
  ],
  [
    'a refused reservation stays charged',
    withLedger(KeepsRefused),
    'three workers, two operations each',
    LEAK,
  ],
  [
    'a reservation looks at the reserve before it adds, and not after',
    withLedger(LooksAtReserveFirst),
    'three workers that keep and reserve',
    'what outlives its task is of the reserve',
  ],
  ['the peak is stored, not exchanged', withLedger(StoresPeak), 'the peak', 'the peak is below what is live'],
  [
    'the row is zeroed before the port is drained',
    {
      ...PROTOCOL,
      bury: (at) => [
        job('write off', { at }),
        job('drain', { at }),
        job('settleLoans', { at }),
        job('buried', { at }),
        job('release', { at }),
      ],
    },
    'two workers, four operations each, and either may die at any step',
    UNDERCOUNT,
  ],
  [
    'the row is freed before it is zeroed',
    {
      ...PROTOCOL,
      bury: (at) => [
        job('drain', { at }),
        job('settleLoans', { at }),
        job('release', { at }),
        job('write off', { at }),
        job('buried', { at }),
      ],
    },
    'a new worker takes the row of the dead',
    OVERSHOOT,
  ],
  [
    'a loan is un-charged when the run rejects',
    { ...PROTOCOL, rejected: (at) => [job('hear', { at }), job('settleLoans', { at })] },
    'two workers with a loan or a gift each, and both die',
    UNDERCOUNT,
  ],
  [
    'a worker is buried when the run rejects',
    { ...PROTOCOL, rejected: (at) => [job('hear', { at }), ...PROTOCOL.bury(at)] },
    'two workers with a loan or a gift each, and both die',
    UNDERCOUNT,
  ],
  [
    'a loan that died with its worker is never un-charged',
    {
      ...PROTOCOL,
      bury: (at) => [
        job('drain', { at }),
        job('write off', { at }),
        job('buried', { at }),
        job('release', { at }),
      ],
    },
    'two workers with a loan or a gift each, and both die',
    LEAK,
  ],
  [
    'memory is un-charged before it is freed',
    { ...PROTOCOL, free: (kib) => [job('uncharge', { kib }), job('drop', { kib })] },
    'three workers, two operations each',
    UNDERCOUNT,
  ],
  [
    'the charge of a gift that could not be posted stays with the receiver',
    { ...PROTOCOL, failingGive: (at, kib) => [job('charge', { at, kib })] },
    'gifts that cannot be posted',
    LEAK,
  ],
];
