/**
 * The places of all who wait for one piece of work, until one of them gets a thread for it. Owned by the
 * front process's thread.
 * Invariants: the work begins once, and is refused only when no place is left that it could be done at; of
 * the places that wait no more than two are kept, the most urgent one and the one that can wait for longest;
 * each place ends once.
 */
import type { Place } from './turns.ts';

interface Waiting {
  readonly place: Place;
  /** By then it has to be done, by the clock. */
  readonly untilMs: number;
  readonly leave: AbortController;
}

interface Work {
  readonly signal: AbortSignal;
  begin(place: Place): void;
  refused(error: unknown): void;
}

export class SharedTurn implements Disposable {
  #waiting: Waiting[] = [];
  /** Null before {@link take}. */
  #work: Work | null = null;
  #over = false;

  /** Takes a place over: it may be the one that gets the turn. */
  add(place: Place, untilMs: number): void {
    if (this.#over) {
      place[Symbol.dispose]();
      return;
    }
    const added = { place, untilMs, leave: new AbortController() };
    const all = [...this.#waiting, added].sort((one, other) => one.untilMs - other.untilMs);
    this.#waiting = all.filter((_, at) => at === 0 || at === all.length - 1);
    for (const one of all.slice(1, -1)) drop(one);
    if (this.#waiting.includes(added)) this.#wait(added);
  }

  /**
   * Runs work at the first turn that comes.
   * @throws Refusal where the last place cannot be in time any more; the signal's reason; what `work` throws
   */
  async take<T extends { readonly workMs: number }>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#work = {
      signal,
      begin: (place) => place.run(work).then(resolve, reject),
      refused: reject,
    };
    for (const one of this.#waiting) this.#wait(one);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#over = true;
    for (const one of this.#waiting.splice(0)) drop(one);
  }

  #wait(one: Waiting): void {
    const work = this.#work;
    if (work === null) return;
    const { place, leave } = one;
    place.turn(AbortSignal.any([work.signal, leave.signal])).then(
      () => {
        if (this.#over || leave.signal.aborted) return;
        this.#over = true;
        for (const other of this.#waiting.splice(0)) if (other !== one) drop(other);
        work.begin(place);
      },
      (error) => {
        if (!this.#waiting.includes(one)) return;
        this.#waiting = this.#waiting.filter((other) => other !== one);
        drop(one);
        if (this.#waiting.length === 0) work.refused(error);
      },
    );
  }
}

function drop({ place, leave }: Waiting): void {
  leave.abort(new Error('another place is kept for it'));
  place[Symbol.dispose]();
}
