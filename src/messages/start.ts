/** How a worker is started, says hello and is asked whether its file is a job. */
import type { MessagePort } from 'node:worker_threads';
import type { PoolOptions } from '../pool/options.ts';

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

/** What a worker gets before its first task: only what `defineJob` returned answers it, with `READY`. */
export interface Probe {
  readonly millpond: 'probe';
}
export const PROBE: Probe = { millpond: 'probe' };
export const READY = 'millpond ready';

export function isProbe(message: unknown): message is Probe {
  return typeof message === 'object' && message !== null && 'millpond' in message;
}
