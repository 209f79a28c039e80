/**
 * `map`: inputs of any number through `run`, a few at a time.
 *
 * Owns what was pulled from the source and has not been read as a result; on the thread that called `map`.
 * Invariant: that is at most `concurrency` + `unread` inputs, and each of them runs, waits to be run, or has
 * ended. Once it is over none is left: their leases were released, or went with a run. It knows `run` alone,
 * so that every runner can have it.
 */
import { releaseLeases } from '../messages/release-leases.ts';
import { clearTimeout, setTimeout } from '../timers.ts';
import { fullForMs, isOfRunner } from './map-errors.ts';
import { dropItem, type Item, MapItems } from './map-items.ts';
import { MapSource } from './map-source.ts';
import type { Inputs, MapOptions, MapResults, RunOptions } from './runner.ts';

/** What `map` is made of. */
interface MapParts {
  /** As `Runner.threads`. */
  readonly threads: number;
  /** As `Runner.run`. */
  readonly run: (input: unknown, options: RunOptions) => Promise<unknown>;
  readonly startTimer?: typeof setTimeout;
  readonly stopTimer?: typeof clearTimeout;
}

type Step = IteratorResult<Item, undefined>;

interface Pulled {
  readonly index: number;
  readonly input: unknown;
}

interface Reader {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

const END: Step = Object.freeze({ done: true, value: undefined });
/** At each end of a task: one in its place, and one to find out whether there is more room by now. */
const TRIES = 2;

/** The options must have been checked. */
export function mapOver(
  parts: MapParts,
  inputs: Inputs<unknown>,
  options: MapOptions<never>,
): MapResults<never> {
  return new Mapping(
    parts,
    inputs,
    options as MapOptions<unknown>,
  ) as MapResults<unknown> as MapResults<never>;
}

class Mapping implements MapResults<Item> {
  readonly #parts: MapParts;
  readonly #inputs: Inputs<unknown>;
  readonly #options: MapOptions<unknown>;
  /** Of all its runs. */
  readonly #runOptions: RunOptions;
  readonly #concurrency: number;
  readonly #most: number;
  readonly #stop = new AbortController();

  /** From the first read on. */
  #source: MapSource | null = null;
  #pulling = false;

  #pulled = 0;
  #running = 0;
  /** Inputs that the queue had no room for, and what was pulled meanwhile, by index. */
  readonly #waiting: Pulled[] = [];
  readonly #items: MapItems;
  readonly #readers: Reader[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  #over: PromiseWithResolvers<void> | null = null;
  #drained = (): void => {};
  /** What the next read is to throw. */
  #failure: { readonly error: unknown } | null = null;
  /** What the source threw when it was ended. */
  #closeFailure: { readonly error: unknown } | null = null;

  constructor(parts: MapParts, inputs: Inputs<unknown>, options: MapOptions<unknown>) {
    this.#parts = parts;
    this.#inputs = inputs;
    this.#options = options;
    const { concurrency = 2 * parts.threads, unread = concurrency } = options;
    this.#concurrency = concurrency;
    this.#most = concurrency + unread;
    this.#items = new MapItems(options.ordered === true);
    const { concurrency: _1, unread: _2, ordered: _3, errors: _4, each: _5, ...shared } = options;
    this.#runOptions = { ...shared, signal: this.#stop.signal };
  }

  async next(): Promise<Step> {
    if (this.#over !== null) return this.#last();
    if (this.#source === null && !this.#open()) return this.#last();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#goOn(0);
    });
  }

  async return(): Promise<Step & { done: true }> {
    const own = this.#over === null;
    await this.#end(null);
    this.#failure = null;
    if (own && this.#closeFailure !== null) throw this.#closeFailure.error;
    return END as Step & { done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** What a read gets when it is over. */
  async #last(): Promise<Step> {
    await this.#over?.promise;
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.error;
    return END;
  }

  #open(): boolean {
    const { signal } = this.#options;
    try {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', this.#aborted, { once: true });
      this.#source = new MapSource(this.#inputs);
    } catch (error) {
      this.#end({ error });
    }
    return this.#over === null;
  }

  readonly #aborted = (): void => {
    this.#end({ error: this.#options.signal?.reason });
  };

  /** Does whatever can be done now, after something has changed. */
  #goOn(tries: number): void {
    for (let left = tries; left > 0 && this.#waiting.length > 0 && this.#mayRun; left--) {
      this.#run(this.#waiting.shift() as Pulled);
    }
    this.#deliver();
    if (this.#over !== null) return;
    this.#pull();
  }

  get #mayRun(): boolean {
    return this.#over === null && this.#running < this.#concurrency;
  }

  get #mayPull(): boolean {
    return (
      this.#mayRun &&
      this.#source?.ended === false &&
      this.#waiting.length === 0 &&
      this.#pulled - this.#items.delivered < this.#most
    );
  }

  /** One input after the other: not every source bears two questions at once. */
  async #pull(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (this.#mayPull) {
        const source = this.#source!;
        const step = source.next();
        const { value } = step instanceof Promise ? await step : step;
        // One that was ended meanwhile may still give what it was asked for.
        if (this.#over !== null) releaseLeases(value);
        else if (!source.ended) this.#take(value);
      }
    } catch (error) {
      this.#end({ error });
    }
    this.#pulling = false;
    this.#deliver();
  }

  #take(input: unknown): void {
    const pulled = { index: this.#pulled++, input };
    if (this.#waiting.length === 0 && this.#mayRun) this.#run(pulled);
    else this.#waiting.push(pulled);
  }

  async #run(pulled: Pulled): Promise<void> {
    const { input, index } = pulled;
    let options: RunOptions;
    try {
      const { job, signal } = this.#runOptions;
      options = { ...this.#runOptions, ...this.#options.each?.(input, index), job, signal };
    } catch (error) {
      releaseLeases(input);
      this.#end({ error });
      return;
    }
    // `each` may have ended it.
    if (this.#over !== null) return releaseLeases(input);
    this.#running++;
    let item: Item;
    try {
      item = { ok: true, index, input, result: await this.#parts.run(input, options) };
    } catch (error) {
      item = { ok: false, index, input, error };
    }
    this.#running--;
    const fullMs = item.ok ? null : fullForMs(item.error);
    if (this.#over !== null) {
      dropItem(item);
      if (this.#running === 0) this.#drained();
    } else if (fullMs !== null) this.#refused(pulled, fullMs);
    else this.#settled(item);
  }

  /** The queue was full: the input is still here. */
  #refused(pulled: Pulled, fullMs: number): void {
    this.#waiting.push(pulled);
    this.#waiting.sort((a, b) => a.index - b.index);
    if (this.#running > 0 || this.#timer !== null) return;
    const { startTimer = setTimeout } = this.#parts;
    this.#timer = startTimer(() => {
      this.#timer = null;
      this.#goOn(TRIES);
    }, fullMs);
  }

  #settled(item: Item): void {
    if (!item.ok) {
      // What the run did not take.
      releaseLeases(item.input);
      if (this.#options.errors !== 'all' || isOfRunner(item.error)) {
        this.#end({ error: item.error });
        return;
      }
    }
    this.#items.put(item);
    this.#goOn(TRIES);
  }

  #deliver(): void {
    while (this.#over === null && this.#readers.length > 0) {
      const item = this.#items.take();
      if (item === undefined) break;
      this.#readers.shift()?.resolve({ done: false, value: item });
    }
    if (this.#source?.ended === true && !this.#pulling && this.#items.delivered === this.#pulled)
      this.#end(null);
  }

  /** Stops everything, once; resolves when all has stopped. */
  #end(failure: { readonly error: unknown } | null): Promise<void> {
    if (this.#over !== null) return this.#over.promise;
    this.#over = Promise.withResolvers();
    this.#failure = failure;
    this.#windUp(failure).then(this.#over.resolve);
    return this.#over.promise;
  }

  async #windUp(failure: { readonly error: unknown } | null): Promise<void> {
    const { stopTimer = clearTimeout } = this.#parts;
    if (this.#timer !== null) stopTimer(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    if (this.#running > 0) this.#stop.abort(failure?.error);
    const closed = this.#closeSource();
    this.#items.drop();
    for (const { input } of this.#waiting.splice(0)) releaseLeases(input);
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    await closed;
    const [first, ...others] = this.#readers.splice(0);
    if (this.#failure !== null && first !== undefined) {
      this.#failure = null;
      first.reject(failure?.error);
    } else first?.resolve(END);
    for (const reader of others) reader.resolve(END);
  }

  async #closeSource(): Promise<void> {
    try {
      await this.#source?.close();
    } catch (error) {
      this.#closeFailure = { error };
    }
  }
}
