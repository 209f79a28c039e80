/** One worker thread, as the pool of them and those who give it tasks see it. Main thread only. */
import type { MessagePort, Worker } from 'node:worker_threads';
import type { JobTraits } from '../messages/start.ts';

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
  /** The job of that task, where the runtime has several. */
  job: string | undefined;
  /** It has begun a task at some time. */
  worked: boolean;
  /** It gets no more tasks: its thread is ended as soon as it has loaded its file and runs none. */
  retiring: boolean;
  /** Its shard was asked to close, or its thread to end. */
  ending: boolean;
  /** Its thread failed or ended; the row is cleared a moment later. */
  dying: boolean;
  /** A task does not stop there, or native code keeps it from its end: nothing can be done with it now. */
  lost: boolean;
  /** No native code can be under way or left there: the thread may be ended in the middle of a task. */
  endable: boolean;
  /** Of each job that it has, what only the thread knows. */
  jobs: readonly JobTraits[];
  /** So many tasks it may still be given. */
  tasksLeft: number;
  /** Since when it has nothing to do; of a clock of milliseconds. */
  idleSinceMs: number;
  /** It ended because it was to, not because of a fault. */
  dismissed: boolean;
  /** What killed it, or why it retires, if that is known. */
  cause: Error | undefined;
  /** This end of its port for tasks, once it said hello. */
  tasks: MessagePort | undefined;
  /** Resolves after its row was cleared. */
  readonly gone: PromiseWithResolvers<void>;
}

export function newMember(worker: Worker, tasksLeft: number): Member {
  return {
    worker,
    threadId: worker.threadId,
    row: -1,
    introduced: false,
    ready: false,
    busy: false,
    task: undefined,
    job: undefined,
    worked: false,
    retiring: false,
    ending: false,
    dying: false,
    lost: false,
    endable: false,
    jobs: [],
    tasksLeft,
    idleSinceMs: Number.POSITIVE_INFINITY,
    dismissed: false,
    cause: undefined,
    tasks: undefined,
    gone: Promise.withResolvers<void>(),
  };
}

/** It can take a task now. */
export function isFree({ ready, busy, dying, retiring }: Member): boolean {
  return ready && !busy && !dying && !retiring;
}
