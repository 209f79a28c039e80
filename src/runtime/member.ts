/** One worker thread, as the pool of them and those who give it tasks see it. Main thread only. */
import type { MessagePort, Worker } from 'node:worker_threads';

export interface Member {
  readonly worker: Worker;
  readonly threadId: number;
  /** Its row in the ledger, -1 before it claimed one. */
  row: number;
  /** It said hello: its jobs are loaded. */
  introduced: boolean;
  /** It has loaded its files, and can take tasks; from here on its thread can be ended between two. */
  ready: boolean;
  busy: boolean;
  /** The name of the last task that it was given, or was in the middle of. */
  task: string | undefined;
  /** It has begun a task at some time. */
  worked: boolean;
  /** It gets no more tasks: its thread is ended as soon as it has loaded its file and runs none. */
  retiring: boolean;
  /** Its shard was asked to close, or its thread to end. */
  ending: boolean;
  /** Its thread failed or ended; the row is cleared a moment later. */
  dying: boolean;
  /** It ended because it was to, not because of a fault. */
  dismissed: boolean;
  /** What killed it, or why it retires, if that is known. */
  cause: Error | undefined;
  /** This end of its port for tasks, once it said hello. */
  tasks: MessagePort | undefined;
  /** Resolves after its row was cleared. */
  readonly gone: PromiseWithResolvers<void>;
}

export function newMember(worker: Worker): Member {
  return {
    worker,
    threadId: worker.threadId,
    row: -1,
    introduced: false,
    ready: false,
    busy: false,
    task: undefined,
    worked: false,
    retiring: false,
    ending: false,
    dying: false,
    dismissed: false,
    cause: undefined,
    tasks: undefined,
    gone: Promise.withResolvers<void>(),
  };
}
