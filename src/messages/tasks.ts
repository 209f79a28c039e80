/**
 * What travels with tasks and results. Structured-cloneable; buffers are always transferred, never copied.
 */
import type { Bytes } from '../bytes.ts';
import type { SpooledCrate } from '../files/spool.ts';
import type { Leak } from '../pool/leases.ts';
import type { ErrorRecord } from './error-record.ts';

/** One lease on its way. */
export interface Crate {
  readonly buffer: ArrayBuffer;
  readonly tier: number;
  /** Tier of the request, by which its release is counted. */
  readonly asked: number;
  readonly length: Bytes;
  /** The lender's number for a loan, 0 for memory whose charge moves with it. */
  readonly loan: number;
}

/**
 * Idle buffers that travel with a task to the worker that they go back to, and to which they are charged
 * already.
 */
export interface Gift {
  readonly tier: number;
  readonly buffers: ArrayBuffer[];
}

/**
 * Where in a value a lease stood: a path of keys for each place, with the index of its crate. Spooled files
 * count on behind the leases.
 */
export type Places = readonly (readonly [crate: number, ...path: (string | number)[]])[];

export interface Task {
  /** 1 to 2^31 - 1. */
  readonly task: number;
  /** Which of the runtime's jobs it is for, from 0. */
  readonly job: number;
  readonly input: unknown;
  readonly crates: readonly Crate[];
  readonly places: Places;
  readonly gifts: readonly Gift[];
}

/** All that leaves with a task. */
export function taskBuffers({ crates, gifts }: Task): ArrayBuffer[] {
  const buffers = crates.map((crate) => crate.buffer);
  for (const gift of gifts) buffers.push(...gift.buffers);
  return buffers;
}

/** How a task ended; what is empty is left out. Loans go home with a result and with an error alike. */
export interface TaskResult {
  readonly task: number;
  readonly value?: unknown;
  readonly error?: ErrorRecord;
  readonly crates?: readonly Crate[];
  readonly places?: Places;
  readonly files?: readonly SpooledCrate[];
  readonly homebound?: readonly Crate[];
  readonly leaks?: readonly Leak[];
  readonly pinned?: number;
  /** It has not ended: this is one of the values that it emits, in its order, alone in its message. */
  readonly more?: true;
}
