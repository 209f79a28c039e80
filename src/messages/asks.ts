/**
 * The messages between the coordinator and the workers, over each worker's own port. Structured-cloneable;
 * buffers are always transferred, never copied.
 */
import type { Leak } from '../pool/leases.ts';
import type { ErrorRecord } from './error-record.ts';
import type { Interval } from './interval.ts';

export type ToWorker =
  /** Idle buffers, charged to the receiver already, with their places: keep at most `quota` from now on. */
  | { readonly kind: 'gift'; readonly tier: number; readonly buffers: ArrayBuffer[]; readonly quota: number }
  /** Detach up to `count` idle buffers of a tier, keep at most `quota`, and send them in a `surrender`. */
  | {
      readonly kind: 'want';
      readonly ticket: number;
      readonly tier: number;
      readonly count: number;
      readonly quota: number;
    }
  /** Free up to `kib` of idle memory; answered by `trimmed`. */
  | { readonly kind: 'trim'; readonly ticket: number; readonly kib: number }
  /** Free up to so many idle buffers of each tier; answered by `trimmed`. */
  | { readonly kind: 'clear'; readonly ticket: number; readonly counts: readonly number[] }
  /** Keep at most `quota` idle buffers of a tier; answered by `quota-set` with what was freed for it. */
  | { readonly kind: 'quota'; readonly ticket: number; readonly tier: number; readonly quota: number }
  /** The task was cancelled (for jobs that wait in their event loop; a busy one reads the shared word). */
  | { readonly kind: 'cancel'; readonly task: number }
  /** Free everything; answered by `closed`. */
  | { readonly kind: 'close' };

/** What a worker answers to the coordinator. */
export type Answer =
  | {
      readonly kind: 'surrender';
      readonly ticket: number;
      readonly tier: number;
      readonly buffers: ArrayBuffer[];
    }
  | { readonly kind: 'trimmed'; readonly ticket: number; readonly kib: number }
  | { readonly kind: 'quota-set'; readonly ticket: number; readonly kib: number }
  /** A loan whose pin ended after its task. */
  | { readonly kind: 'loan'; readonly loan: number; readonly buffer: ArrayBuffer }
  | { readonly kind: 'closed'; readonly leaks: Leak[] };

// What a worker reports of itself is not for the coordinator.

interface Recorded {
  readonly kind: 'recorded';
  readonly interval: Interval;
}

/** Code that a task left behind threw after its end, or code of no task between two. */
export interface StrayError {
  readonly kind: 'stray';
  /** 0 where none is known. */
  readonly task: number;
  readonly error: ErrorRecord;
}

export type FromWorker = Answer | Recorded | StrayError;
