/**
 * What a task emits, as an async iterable.
 *
 * Owns the values that arrived and were not read; on the thread that called `stream`. Invariant: there are no
 * more than `mostUnread`, since a value counts as read only when the reader gets it; once the stream is over
 * there are none, and the leases of those that nobody got were released.
 */
import { releaseLeases } from '../messages/release-leases.ts';
import type { ValueReader } from './entry.ts';
import type { InputOf, JobFile, ResultOf } from './jobs.ts';
import type { Given, RunOptions, Untyped } from './runner.ts';

export interface StreamOptions extends RunOptions {
  /** So many values may have been emitted and not read, 1 or more; then the job waits. Default 4. */
  readonly unread?: number;
}

/** For one `for await`, or one reader of another kind. The task is accepted with the first read. */
export interface TaskStream<Value = unknown, Result = unknown>
  extends AsyncIterableIterator<Value, Result, undefined>,
    AsyncDisposable {
  /** What the task comes to, also the last value of the iterator. Settles only once it is read, or ended. */
  readonly result: Promise<Result>;
  /** Ends it, as `break` does: cancels the task and releases what was not read. */
  return(): Promise<IteratorReturnResult<Result>>;
}

/** How a task is streamed, by what is known of the jobs' types. */
export type StreamCall<Jobs> = Jobs extends Untyped
  ? <Value = unknown, Result = unknown>(input?: unknown, options?: StreamOptions) => TaskStream<Value, Result>
  : Jobs extends JobFile<infer Input, infer Result>
    ? <Value = unknown>(...given: Given<Input, StreamOptions>) => TaskStream<Value, Result>
    : <Name extends keyof Jobs & string>(
        input: InputOf<Jobs[Name]>,
        options: StreamOptions & { readonly job: Name },
      ) => TaskStream<unknown, ResultOf<Jobs[Name]>>;

type Step = IteratorResult<unknown, unknown>;

/** Has the task accepted. */
type Accept = (options: RunOptions, reader: ValueReader) => Promise<unknown>;

const DEFAULT_UNREAD = 4;

/** The options must have been checked. */
export function streamOf(accept: Accept, options: StreamOptions): TaskStream<never, never> {
  return new Stream(accept, options) as TaskStream as TaskStream<never, never>;
}

class Stream implements TaskStream {
  readonly #accept: Accept;
  readonly #options: RunOptions;
  readonly #mostUnread: number;
  readonly #stop = new AbortController();
  readonly #result = Promise.withResolvers<unknown>();
  readonly #unread: { readonly value: unknown; readonly read: () => void }[] = [];
  readonly #readers: PromiseWithResolvers<Step>[] = [];
  #state: 'new' | 'open' | 'over' = 'new';
  /** What the read after the last value gets, once. */
  #end: { readonly result: unknown } | { readonly error: unknown } | null = null;

  constructor(accept: Accept, { unread = DEFAULT_UNREAD, ...options }: StreamOptions) {
    this.#accept = accept;
    this.#options = options;
    this.#mostUnread = unread;
    // Whoever reads the values alone is told by them.
    this.#result.promise.catch(() => {});
  }

  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  next(): Promise<Step> {
    const reader = Promise.withResolvers<Step>();
    this.#readers.push(reader);
    if (this.#state === 'new') this.#run();
    this.#deliver();
    return reader.promise;
  }

  async return(): Promise<IteratorReturnResult<unknown>> {
    const running = this.#state === 'open';
    this.#state = 'over';
    this.#end = null;
    this.#drop();
    if (running) this.#stop.abort();
    this.#result.reject(new DOMException('This operation was aborted', 'AbortError'));
    this.#deliver();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #run(): Promise<void> {
    this.#state = 'open';
    const { signal } = this.#options;
    const aborted = (): void => {
      this.#drop();
      this.#stop.abort(signal?.reason);
    };
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', aborted, { once: true });
      const options = { ...this.#options, signal: this.#stop.signal };
      this.#ended({ result: await this.#accept(options, this.#reader) });
    } catch (error) {
      this.#ended({ error });
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }

  get #reader(): ValueReader {
    return {
      mostUnread: this.#mostUnread,
      take: (value, read) => {
        this.#unread.push({ value, read });
        if (this.#state === 'over') this.#drop();
        else this.#deliver();
      },
    };
  }

  #ended(end: { readonly result: unknown } | { readonly error: unknown }): void {
    if (this.#state === 'over') {
      if ('result' in end) releaseLeases(end.result);
      return;
    }
    this.#state = 'over';
    this.#end = end;
    if ('result' in end) this.#result.resolve(end.result);
    else this.#result.reject(end.error);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#readers.length > 0) {
      const next = this.#unread.shift();
      if (next === undefined && this.#state === 'open') return;
      const reader = this.#readers.shift() as PromiseWithResolvers<Step>;
      if (next !== undefined) {
        next.read();
        reader.resolve({ done: false, value: next.value });
        continue;
      }
      const end = this.#end;
      this.#end = null;
      if (end !== null && 'error' in end) reader.reject(end.error);
      else reader.resolve({ done: true, value: end?.result });
    }
  }

  #drop(): void {
    for (const { value } of this.#unread.splice(0)) releaseLeases(value);
  }
}
