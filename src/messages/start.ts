/** How a worker is started, and says hello. */
import type { MessagePort } from 'node:worker_threads';
import type { PoolOptions } from '../pool/options.ts';

/** A worker's only word on its parent port, when its jobs are loaded; all others go over its own ports. */
export interface Hello {
  readonly millpond: 'hello';
  readonly threadId: number;
  /** The row that the worker claimed. */
  readonly row: number;
  /** For the coordinator, which is heard in the middle of a task, too. */
  readonly port: MessagePort;
  /** For tasks, between two of them. */
  readonly tasks: MessagePort;
}

/** What a worker is started with, as `workerData.millpond`. */
export interface WorkerStart {
  readonly ledger: SharedArrayBuffer;
  readonly options: PoolOptions;
  /** Addresses of the job files. A task says by its number in this list which one it is for. */
  readonly jobs: readonly string[];
}
