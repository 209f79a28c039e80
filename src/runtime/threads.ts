/**
 * Piscina, as far as a runtime uses it: it starts the threads, has them load their first file and lets go of
 * those that end. Main thread only.
 * Invariant: after the first threads it starts none by itself, since it would never again once one has failed
 * to load; which thread starts when is decided in `worker-pool.ts`, and ends in nobody's hands but there.
 */
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { FixedQueue, Piscina } from 'piscina';
import type { Hello, WorkerStart } from '../messages/start.ts';
import type { RuntimeLimits } from './options.ts';
import { isHello } from './side-channel.ts';

export interface StartSettings {
  readonly threads: number;
  /** What each worker is started with. */
  readonly start: WorkerStart;
  readonly resourceLimits: RuntimeLimits | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** Of this very file: .ts in the checkout, .js in the package. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export class Threads {
  readonly #piscina: Piscina;
  readonly #most: number;

  /** Starts all of them. */
  constructor({ threads, start, resourceLimits, env }: StartSettings, hello: (hello: Hello) => void) {
    this.#most = threads;
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL(`../thread/boot${EXTENSION}`, import.meta.url)),
      minThreads: threads,
      maxThreads: threads,
      // An idle worker must hear its port: with atomics it would sleep in Atomics.wait.
      atomics: 'disabled',
      idleTimeout: Infinity,
      recordTiming: false,
      // Piscina's own default is one queue object that all pools share.
      taskQueue: new FixedQueue(),
      // Its own tasks only ask for threads: no thread gets one.
      loadBalancer: (_task, _workers) => null,
      workerData: { millpond: start },
      ...(resourceLimits !== undefined && { resourceLimits }),
      ...(env !== undefined && { env }),
    });
    this.#piscina.options.minThreads = 0;
    this.#piscina.on('message', (message: unknown) => {
      if (isHello(message)) hello(message);
    });
    // Also raised for deaths that the workers' own listeners report.
    this.#piscina.on('error', () => {});
  }

  /** Those that Piscina counts, up to their `exit` or `error`. */
  get all(): readonly Worker[] {
    return this.#piscina.threads;
  }

  /** As many live as ever may: one that native code or a task keeps is not replaced. */
  get full(): boolean {
    return this.#piscina.threads.length >= this.#most;
  }

  /** Starts another one, unless as many as there may be have not ended. */
  begin(): void {
    // Piscina starts a thread for a task that finds none; the task itself is taken back at once.
    const task = new AbortController();
    this.#piscina.run(undefined, { signal: task.signal }).catch(() => {});
    task.abort();
  }
}
