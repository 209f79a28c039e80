/**
 * The small cases. Sizes are chosen so that every pair of buffers which must not live together is over the
 * budget by little, and every one that may is within it: one charge missed or taken back too early is then an
 * overshoot.
 */
type Operation =
  | 'reserve'
  | 'free'
  | 'keep'
  | 'let go'
  | 'send'
  | 'receive'
  | 'home'
  | 'give'
  | 'failing give'
  | 'lend';

export interface Role {
  /** How many operations the thread may do, in any order and any number of each. */
  readonly operations: number;
  readonly of: readonly Operation[];
  /** KiB that a reservation may have; sends, gifts and loans are of what is held. */
  readonly sizes?: readonly number[];
  /** KiB of each buffer that it holds at the beginning. */
  readonly holds?: readonly number[];
}

export interface Case {
  readonly name: string;
  readonly budgetKib: number;
  readonly main: Role;
  readonly workers: readonly Role[];
  /** How many workers may die, each at any step. */
  readonly kills?: number;
  /** Takes the row of the first that is buried. */
  readonly replacement?: Role;
  /** States that there are at least: fewer mean that something is not tried any more. */
  readonly least: number;
  /** As in the ledger, where production has 64 and 3. Default 1. */
  readonly scans?: number;
  readonly tries?: number;
  /** Switch threads at the steps that keep the peak, too. */
  readonly peak?: boolean;
}

const WORKER: readonly Operation[] = ['reserve', 'free', 'send', 'receive', 'home'];

function worker(operations: number, kib: number, of = WORKER): Role {
  return { operations, of, sizes: [kib] };
}

const NOBODY: Role = { operations: 0, of: [] };
/** Holds one buffer, and gives or lends it to one of the workers. */
const GIVER: Role = { operations: 1, of: ['give', 'lend'], holds: [2] };

/** Small enough for every run of the tests. */
export const CASES: readonly Case[] = [
  {
    name: 'two workers, four operations each, and either may die at any step',
    budgetKib: 5,
    main: GIVER,
    workers: [worker(4, 3), worker(4, 2)],
    kills: 1,
    least: 1_950_000,
  },
  {
    name: 'three workers, two operations each',
    budgetKib: 5,
    main: NOBODY,
    workers: [worker(2, 3), worker(2, 2), worker(2, 3)],
    least: 318_000,
  },
  {
    name: 'two workers with a loan or a gift each, and both die',
    budgetKib: 5,
    main: { operations: 2, of: ['give', 'lend'], holds: [2] },
    workers: [worker(1, 3), worker(1, 3)],
    kills: 2,
    least: 20_000,
  },
  {
    name: 'one worker dies while the main thread reserves',
    budgetKib: 5,
    main: { operations: 2, of: ['lend', 'reserve', 'free'], sizes: [3], holds: [2] },
    workers: [worker(3, 3)],
    kills: 1,
    least: 5_800,
  },
  {
    name: 'a new worker takes the row of the dead',
    budgetKib: 5,
    main: { operations: 1, of: ['lend'], holds: [2] },
    workers: [worker(2, 3), worker(1, 3)],
    replacement: worker(2, 3),
    kills: 1,
    least: 42_000,
  },
  {
    name: 'gifts that cannot be posted',
    budgetKib: 5,
    main: { operations: 2, of: ['give', 'failing give'], holds: [2] },
    workers: [worker(1, 3), worker(1, 3)],
    least: 400_000,
  },
  {
    name: 'scans that start over and reservations that try again',
    budgetKib: 5,
    main: { operations: 1, of: ['give'], holds: [2] },
    workers: [worker(2, 3), worker(1, 3)],
    scans: 2,
    tries: 2,
    least: 400_000,
  },
  {
    name: 'what outlives its task leaves a reserve, while charges move',
    budgetKib: 6,
    main: GIVER,
    workers: [
      { operations: 2, of: ['keep', 'let go', 'receive', 'home'], sizes: [2] },
      { operations: 2, of: ['keep', 'let go', 'reserve', 'free', 'receive', 'home'], sizes: [2] },
    ],
    least: 118_000,
  },
  {
    name: 'three workers that keep and reserve',
    budgetKib: 6,
    main: NOBODY,
    workers: [
      { operations: 2, of: ['keep', 'let go'], sizes: [2] },
      { operations: 2, of: ['keep', 'let go'], sizes: [3] },
      { operations: 2, of: ['reserve', 'free', 'keep'], sizes: [2] },
    ],
    least: 625_000,
  },
  {
    name: 'the peak',
    budgetKib: 5,
    main: NOBODY,
    workers: [worker(2, 3), worker(2, 2), worker(1, 2)],
    peak: true,
    least: 330_000,
  },
];

/** Minutes and gigabytes: `npm run enumerate -- large`. */
export const LARGE_CASES: readonly Case[] = [
  {
    name: 'three workers with a loan or a gift, and one dies at any step',
    budgetKib: 5,
    main: GIVER,
    workers: [worker(1, 3), worker(1, 3), worker(1, 2)],
    kills: 1,
    least: 2_000_000,
  },
  {
    name: 'both workers die, with loans and gifts under way, while the main thread reserves',
    budgetKib: 5,
    main: { operations: 3, of: ['give', 'lend', 'reserve', 'free'], sizes: [3], holds: [2] },
    workers: [worker(2, 3), worker(1, 2)],
    kills: 2,
    least: 2_000_000,
  },
];
