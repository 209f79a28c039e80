/**
 * The AbortSignal of one task. Owned by the worker's thread; lives until the task ends.
 * A synchronous job never returns to the event loop, so no event can tell it that it was cancelled: `aborted`
 * and `throwIfAborted` look at the shared word themselves, and abort the signal on the spot when it is set.
 */
export class TaskSignal {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();

  /** `cancelled` reads the shared word. */
  constructor(cancelled: () => boolean) {
    const { signal } = this.#controller;
    const prototype = AbortSignal.prototype;
    const aborted = Object.getOwnPropertyDescriptor(prototype, 'aborted')?.get as (
      this: AbortSignal,
    ) => boolean;
    const isAborted = (): boolean => {
      if (!aborted.call(signal) && cancelled()) this.abort();
      return aborted.call(signal);
    };
    Object.defineProperties(signal, {
      aborted: { get: isAborted },
      throwIfAborted: {
        value: () => {
          if (isAborted()) throw signal.reason;
        },
      },
    });
    this.signal = signal;
  }

  abort(): void {
    this.#controller.abort();
  }
}
