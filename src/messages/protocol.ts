/**
 * What the coordinator and the workers say to each other over each worker's own port, and what travels with
 * tasks and results. Everything here is structured-cloneable; buffers are always transferred, never copied.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Bytes } from '../bytes.ts';
import type { Leak } from '../pool/leases.ts';
import type { PoolOptions } from '../pool/options.ts';
import type { Interval } from '../telemetry/recorder.ts';

export type ToWorker =
  /** Idle buffers, charged to the receiver already. */
  | { readonly kind: 'gift'; readonly tier: number; readonly buffers: ArrayBuffer[] }
  /** Send up to `count` idle buffers of a tier back, in a `surrender`. */
  | { readonly kind: 'want'; readonly ticket: number; readonly tier: number; readonly count: number }
  /** Free up to `kib` of idle memory; answered by `trimmed`. */
  | { readonly kind: 'trim'; readonly ticket: number; readonly kib: number }
  /** Free up to so many idle buffers of each tier; answered by `trimmed`. */
  | { readonly kind: 'clear'; readonly ticket: number; readonly counts: readonly number[] }
  /** Keep at most `quota` idle buffers of a tier; answered by `quota-set` with what was freed for it. */
  | { readonly kind: 'quota'; readonly ticket: number; readonly tier: number; readonly quota: number }
  /** The task was cancelled (for jobs that wait in their event loop; a busy one reads the shared word). */
  | { readonly kind: 'cancel'; readonly task: number }
  /** Give everything back; answered by `closed`. */
  | { readonly kind: 'close' };

export type FromWorker =
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
  | { readonly kind: 'recorded'; readonly interval: Interval }
  | { readonly kind: 'closed'; readonly interval: Interval | null; readonly leaks: Leak[] };

/** A worker's first word, on its parent port when its job is defined; all others go over `port`. */
export interface Hello {
  readonly millpond: 'hello';
  readonly threadId: number;
  /** The row that the worker claimed. */
  readonly row: number;
  readonly port: MessagePort;
}

/** What a worker is started with, as `workerData.millpond`. */
export interface WorkerStart {
  readonly ledger: SharedArrayBuffer;
  readonly options: PoolOptions;
}

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

/** Idle buffers that travel with a task to the worker that they go back to, and to which they are charged already. */
export interface Gift {
  readonly tier: number;
  readonly buffers: ArrayBuffer[];
}

/** Where in a value a lease stood: a path of keys for each place, with the index of its crate. */
export type Places = readonly (readonly [crate: number, ...path: (string | number)[]])[];

/** What a worker is given before its first task: only what `defineJob` returned knows the answer, which is `READY`. */
export interface Probe {
  readonly millpond: 'probe';
}
export const PROBE: Probe = { millpond: 'probe' };
export const READY = 'millpond ready';

export function isProbe(message: unknown): message is Probe {
  return typeof message === 'object' && message !== null && 'millpond' in message;
}

export interface Task {
  readonly task: number;
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
  readonly value?: unknown;
  readonly error?: ErrorRecord;
  readonly crates?: readonly Crate[];
  readonly places?: Places;
  readonly homebound?: readonly Crate[];
  readonly leaks?: readonly Leak[];
  readonly pinned?: number;
}

/** An error in a form that keeps its code when cloned. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  readonly stack: string | undefined;
}
