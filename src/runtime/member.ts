/** One worker thread, as the pool of them and those who give it tasks see it. Main thread only. */
import { MessagePort, type Worker } from 'node:worker_threads';

export interface Member {
  readonly worker: Worker;
  readonly threadId: number;
  /** Its row in the ledger, -1 before it claimed one. */
  row: number;
  /** It said hello: its job is defined. */
  introduced: boolean;
  /** It has loaded its file, job or not: from here on its thread can be ended between tasks. */
  loaded: boolean;
  /** It has loaded its job, which is one, and can take tasks. */
  ready: boolean;
  busy: boolean;
  /** The name of its last task, if any. */
  task: string | undefined;
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
  /** Piscina's end of its task port, once that is known. */
  port: MessagePort | undefined;
  /** Ends the wait for the result of its task, which came and cannot be read. */
  unread: (error: Error) => void;
  /** Resolves after its row was cleared. */
  readonly gone: PromiseWithResolvers<void>;
}

export function newMember(worker: Worker): Member {
  return {
    worker,
    threadId: worker.threadId,
    row: -1,
    introduced: false,
    loaded: false,
    ready: false,
    busy: false,
    task: undefined,
    retiring: false,
    ending: false,
    dying: false,
    dismissed: false,
    cause: undefined,
    port: undefined,
    unread: () => {},
    gone: Promise.withResolvers<void>(),
  };
}

/**
 * The port over which Piscina gives a worker its tasks. Piscina shows it to nobody, and drops what cannot be
 * read there; only who listens to the port itself hears of that. Undefined where a Piscina keeps it
 * elsewhere.
 *
 * @param shown the worker as Piscina shows it to others
 */
export function taskPortOf(shown: object): MessagePort | undefined {
  for (const key of Object.getOwnPropertySymbols(shown)) {
    const hidden = (shown as Record<symbol, unknown>)[key];
    if (typeof hidden === 'object' && hidden !== null && 'port' in hidden) {
      if (hidden.port instanceof MessagePort) return hidden.port;
    }
  }
  return undefined;
}

/** A result came that this thread cannot read; what it held is gone with its message. */
export class UnreadableResult extends Error {}
