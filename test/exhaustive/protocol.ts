/**
 * The order of steps that the coordinator and the workers keep, as the enumeration runs it.
 *
 * Invariant: `PROTOCOL` does what `Coordinator`, `Links` and `IdleMemory` do, in their order;
 * `coordinator-order.test.ts` holds the two together. Mutants are made by exchanging one entry.
 */
import { Ledger } from '../../src/budget/ledger.ts';
import type { MakeLedger } from './calls.ts';
import { type Job, job } from './jobs.ts';

export interface Protocol {
  readonly ledger: MakeLedger;
  /** A worker gives memory back to the system. */
  free(kib: number): Job[];
  /** The coordinator sends a buffer that it holds. */
  give(at: number, kib: number): Job[];
  /** The same, where the post throws. */
  failingGive(at: number, kib: number): Job[];
  /** The coordinator hears that the task of a worker failed. Its thread is still there. */
  rejected(at: number): Job[];
  /** The thread of a worker is gone. */
  bury(at: number): Job[];
}

export const PROTOCOL: Protocol = {
  ledger: (shared, memory, random, patience) => new Ledger(shared, memory, random, patience),
  free: (kib) => [job('free', { kib })],
  give: (at, kib) => [job('charge', { at, kib }), job('post', { at, kib })],
  failingGive: (at, kib) => [job('charge', { at, kib }), job('chargeBack', { at, kib })],
  rejected: () => [],
  bury: (at) => [
    job('drain', { at }),
    job('settleLoans', { at }),
    job('write off', { at }),
    job('buried', { at }),
    job('release', { at }),
  ],
};
