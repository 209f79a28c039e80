/**
 * What the threads do with the ledger and with memory: each operation is a list of jobs, each job at most one
 * call of the ledger with what happens before its first atomic step and after its last.
 *
 * The order within a job and of the jobs is the protocol of ARCHITECTURE.md; a mutant exchanges one of these
 * lists. Memory goes as late as the order allows and comes as early, so that a budget which holds here holds
 * with any delay.
 */
import type { Ledger } from '../../src/budget/ledger.ts';
import { BURIED, GONE, sum, type Thread, type World } from './world.ts';

/** A job by number, so that worlds are quick to compare: kind, thread and KiB. */
export type Job = number;

interface Kind {
  readonly name: string;
  /** No step of its own: done together with the job after it. */
  readonly silent?: boolean;
  /** `by` is the thread that does it, `at` another one, `kib` the size of the buffer. */
  before?(world: World, by: number, at: number, kib: number): void;
  /** The ledger's part; without it the job is one step by itself. */
  call?(
    world: World,
    by: number,
    at: number,
    kib: number,
  ): { name: string; run(ledger: Ledger): unknown } | null;
  /** Returns true to do the job again. */
  after?(world: World, by: number, at: number, kib: number, result: unknown): boolean | undefined;
}

const reserve: Kind = {
  name: 'reserves',
  call: (world, by, _at, kib) => {
    const { row } = world.threads[by];
    return { name: `reserve ${row} ${kib}`, run: (ledger) => ledger.reserve(row, kib) };
  },
  after: (world, by, _at, kib, result) => {
    if (result) put(world.own(by), kib);
    return undefined;
  },
};

const uncharge: Kind = {
  name: 'un-charges',
  call: (world, by, _at, kib) => {
    const { row } = world.threads[by];
    return { name: `uncharge ${row} ${kib}`, run: (ledger) => ledger.uncharge(row, kib) };
  },
};

const drop: Kind = {
  name: 'frees the memory of',
  before: (world, by, _at, kib) => take(world.own(by), kib),
};

/** Frees, then un-charges; the memory lives until the moment before the charge falls. */
const free: Kind = { name: 'frees', before: drop.before, call: uncharge.call };

/** What those that keep memory beyond their task leave to others. */
export const RESERVE_KIB = 2;

const keep: Kind = {
  name: 'reserves for longer',
  call: (world, by, _at, kib) => {
    const { row } = world.threads[by];
    return { name: `keep ${row} ${kib}`, run: (ledger) => ledger.reserve(row, kib, RESERVE_KIB) };
  },
  after: (world, by, _at, kib, result) => {
    const thread = world.own(by);
    if (result) thread.lasting = [...thread.lasting, kib].sort((a, b) => a - b);
    return undefined;
  },
};

const letGo: Kind = {
  name: 'frees what it kept',
  before: (world, by, _at, kib) => {
    const thread = world.own(by);
    thread.lasting = without(thread.lasting, kib);
  },
  call: uncharge.call,
};

const send: Kind = {
  name: 'sends',
  before: (world, by, _at, kib) => {
    const thread = world.own(by);
    take(thread, kib);
    thread.port = [...thread.port, kib];
  },
};

const giveBack: Kind = {
  name: 'returns the loan of',
  before: (world, by, _at, kib) => {
    const thread = world.own(by);
    thread.loans = without(thread.loans, kib);
    thread.port = [...thread.port, -kib];
  },
};

const open: Kind = {
  name: 'opens its mailbox',
  before: (world, by) => {
    const thread = world.own(by);
    const [parcel, ...rest] = thread.inbox;
    thread.inbox = rest;
    if (parcel > 0) put(thread, parcel);
    else thread.loans = [...thread.loans, -parcel].sort((a, b) => a - b);
  },
};

/** What a worker sent stays in its port, and alive, until it is charged to the main thread. */
const receive: Kind = {
  name: 'receives from',
  call: (world, _by, at) => {
    const { row, port } = world.threads[at];
    return port[0] < 0 ? null : moveCall(row, 0, port[0]);
  },
  after: (world, by, at) => {
    const from = world.own(at);
    const [parcel, ...rest] = from.port;
    from.port = rest;
    if (parcel < 0) {
      const loan = world.open.findIndex(({ kib, holder }) => kib === -parcel && holder === at);
      if (loan < 0) throw new Error('A loan came home that nobody had lent.');
      world.open = world.open.toSpliced(loan, 1);
    }
    put(world.own(by), Math.abs(parcel));
    return undefined;
  },
};

/** The charge goes first, then the buffer. */
const charge: Kind = {
  name: 'moves the charge to',
  call: (world, _by, at, kib) => moveCall(0, world.threads[at].row, kib),
};

const post: Kind = {
  name: 'posts to',
  before: (world, by, at, kib) => {
    take(world.own(by), kib);
    deliver(world.own(at), kib);
  },
};

/** Nothing was detached by a post that threw. */
const chargeBack: Kind = {
  name: 'could not post and moves the charge back from',
  call: (world, _by, at, kib) => moveCall(world.threads[at].row, 0, kib),
};

const lend: Kind = {
  name: 'lends to',
  before: (world, by, at, kib) => {
    take(world.own(by), kib);
    world.open = [...world.open, { kib, holder: at }];
    deliver(world.own(at), -kib);
  },
};

const drain: Kind = {
  name: 'has emptied the port of',
  silent: true,
};

const settleLoans: Kind = {
  name: 'un-charges the loans of',
  call: (world, _by, at) => {
    const kib = sum(world.open.filter(({ holder }) => holder === at).map((loan) => loan.kib));
    return kib === 0 ? null : { name: `uncharge 0 ${kib}`, run: (ledger) => ledger.uncharge(0, kib) };
  },
  after: (world, _by, at) => {
    world.open = world.open.filter(({ holder }) => holder !== at);
    return undefined;
  },
};

const hear: Kind = {
  name: 'hears of the failed task of',
  silent: true,
  before: (world, _by, at) => {
    world.own(at).rejected = true;
  },
};

const writeOff: Kind = {
  name: 'zeroes the row of',
  call: (world, _by, at) => {
    const { row } = world.threads[at];
    return { name: `write off ${row}`, run: (ledger) => ledger.writeOff(row) };
  },
};

const release: Kind = {
  name: 'frees the row of',
  call: (world, _by, at) => {
    const { row } = world.threads[at];
    return { name: `release ${row}`, run: (ledger) => ledger.release(row) };
  },
};

const buried: Kind = {
  name: 'has buried',
  silent: true,
  before: (world, _by, at) => {
    world.own(at).life = BURIED;
  },
};

const claim: Kind = {
  name: 'claims a row',
  call: (_world, by) => ({ name: `claim ${by}`, run: (ledger) => ledger.claim(by) }),
  after: (world, by, _at, _kib, result) => {
    world.own(by).row = result as number;
    return result === -1;
  },
};

const KINDS = {
  reserve,
  uncharge,
  drop,
  free,
  send,
  giveBack,
  open,
  receive,
  charge,
  post,
  chargeBack,
  lend,
  drain,
  settleLoans,
  hear,
  'write off': writeOff,
  release,
  buried,
  claim,
  keep,
  letGo,
};
const NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];
const ALL = Object.values(KINDS) as Kind[];

export function job(kind: keyof typeof KINDS, { at = 0, kib = 0 } = {}): Job {
  return NAMES.indexOf(kind) * 1024 + at * 128 + kib;
}

export function kindOf(job: Job): Kind {
  return ALL[job >> 10];
}

export function threadOf(job: Job): number {
  return (job >> 7) & 7;
}

export function kibOf(job: Job): number {
  return job & 127;
}

/** The port of a dead worker is emptied message by message. */
export function expand(job: Job, world: World): Job[] {
  const at = threadOf(job);
  return kindOf(job) === drain && world.threads[at].port.length > 0
    ? [NAMES.indexOf('receive') * 1024 + at * 128, job]
    : [job];
}

function moveCall(from: number, to: number, kib: number): { name: string; run(ledger: Ledger): unknown } {
  return { name: `move ${from} ${to} ${kib}`, run: (ledger) => ledger.move(from, to, kib) };
}

function put(thread: Thread, kib: number): void {
  thread.own = [...thread.own, kib].sort((a, b) => a - b);
}

function take(thread: Thread, kib: number): void {
  thread.own = without(thread.own, kib);
}

/** A message to a thread that is gone is lost with its memory. */
function deliver(thread: Thread, parcel: number): void {
  if (thread.life < GONE) thread.inbox = [...thread.inbox, parcel];
}

function without(list: readonly number[], item: number): number[] {
  const at = list.indexOf(item);
  if (at < 0) throw new Error(`A buffer of ${item} KiB is not here.`);
  return list.toSpliced(at, 1);
}
