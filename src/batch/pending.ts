/**
 * The files of a batch that wait for a thread, the longest first, while more are listed. Owns them until they
 * are taken, and those who wait for one: as many as the runner takes at once. Main thread.
 */
import { Heap } from '../runtime/heap.ts';
import { type Endings, endedOf } from './endings.ts';
import type { Decision, PlannedFile, QueuedFile } from './plan.ts';

/** What was listed so far. */
interface Totals {
  /** Files that are done or refused, and folders that cannot be read. */
  readonly files: number;
  readonly seconds: number;
  /** All is listed. */
  readonly isExact: boolean;
}

export class PendingFiles {
  readonly #files = new Heap<QueuedFile>(isLonger);
  readonly #takers: PromiseWithResolvers<PlannedFile | null>[] = [];
  #askers: { readonly least: number; answer(is: boolean): void }[] = [];
  readonly #totals = { files: 0, seconds: 0, isExact: false };
  #toDo = 0;
  #failure: { readonly error: unknown } | null = null;

  #isCut = false;

  get totals(): Totals {
    return this.#totals;
  }

  /** The listing was cancelled: there may be files that nobody knows of. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The longest that is known; null when all was taken. Rejects then with what ended the listing early. */
  take(): Promise<PlannedFile | null> {
    const taker = Promise.withResolvers<PlannedFile | null>();
    this.#takers.push(taker);
    this.#serve();
    return taker.promise;
  }

  /**
   * Whether there are so many files to do. Answers as soon as that is known, which may be at the end of the
   * listing; files that wait for that end are among them.
   */
  atLeast(least: number): Promise<boolean> {
    if (this.#toDo >= least) return Promise.resolve(true);
    if (this.#totals.isExact) return Promise.resolve(false);
    return new Promise((answer) => this.#askers.push({ least, answer }));
  }

  /** Rejects with what ended the listing early, if it has; resolves else. */
  async failed(): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error;
  }

  /**
   * Takes what is decided, until all is. What is left out has ended already. Never rejects: files that were
   * listed before an error are done all the same.
   */
  async list(
    decisions: AsyncIterable<readonly Decision[]>,
    endings: Endings,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for await (const some of decisions) {
        for (const decision of some) this.#count(decision);
        // What is left out ends at once.
        for (const decision of some) {
          if (decision.to === 'skip') await endings.add({ ...decision.file, state: 'skipped' });
          else if (decision.to === 'refuse') {
            const { code, message } = decision.refusal;
            await endings.add({ ...endedOf(decision.file), state: 'failed', code, message, callMs: null });
          }
        }
        this.#serve();
        this.#answer();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#totals.isExact = true;
    this.#isCut = signal.aborted;
    this.#answer();
    this.#serve();
  }

  #count(decision: Decision): void {
    if (decision.to === 'skip') return;
    const { to, file, waited = false } = decision;
    if (!waited) this.#totals.files++;
    if (to === 'do') this.#files.add(file);
    // One that waited was counted, and may turn out to be refused.
    const change = Number(to !== 'refuse') - Number(waited);
    this.#toDo += change;
    this.#totals.seconds += change * file.estimatedSeconds;
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      const { first } = this.#files;
      if (first === undefined && !this.#totals.isExact) return;
      const taker = this.#takers.shift();
      if (first !== undefined) {
        this.#files.remove(first);
        taker?.resolve(first);
      } else if (this.#failure === null) taker?.resolve(null);
      else taker?.reject(this.#failure.error);
    }
  }

  #answer(): void {
    const isAnswered = ({ least }: { least: number }) => this.#toDo >= least || this.#totals.isExact;
    const answered = this.#askers.filter(isAnswered);
    this.#askers = this.#askers.filter((asker) => !isAnswered(asker));
    for (const { least, answer } of answered) answer(this.#toDo >= least);
  }
}

function isLonger(a: QueuedFile, b: QueuedFile): boolean {
  const longer = a.estimatedSeconds - b.estimatedSeconds;
  return longer > 0 || (longer === 0 && a.number < b.number);
}
