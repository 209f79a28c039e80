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
  /** Of each job, in the order of {@link WorkerStart.jobs}. */
  readonly jobs: readonly JobTraits[];
}

/** What the runtime needs to know of a job, which only its file says. */
export interface JobTraits {
  /** It says that it is pure JavaScript: its thread may be ended while it runs. */
  readonly terminable: boolean;
  /** It does something in each thread before the first task. */
  readonly setUp: boolean;
}

/** What a worker is started with, as `workerData.millpond`. */
export interface WorkerStart {
  readonly ledger: SharedArrayBuffer;
  readonly options: PoolOptions;
  /** Addresses of the job files. A task says by its number in this list which one it is for. */
  readonly jobs: readonly string[];
  /** The user's own, for `setup` and the context of jobs. */
  readonly data: unknown;
  /** How far the thread gives way to others: 0 to 19. */
  readonly nice: number;
  /** Descriptor of the file of slots (slots.ts); not there where nobody reads it. */
  readonly slots?: number;
}
