/**
 * Pauses of the garbage collector on the thread that makes one of these.
 *
 * Owns a PerformanceObserver. Node hands the pauses over from the event loop: those of a long synchronous
 * task arrive together after it, and `flush` inside one brings nothing. Without a collection it costs
 * nothing; it does not keep the thread alive. To start it takes 0.3 ms, and 0.6 more where nothing has loaded
 * `node:perf_hooks` yet.
 */
import { constants, type PerformanceNodeEntry, PerformanceObserver } from 'node:perf_hooks';
import { GC_KINDS, type GcKind } from './series.ts';

/** V8's flags for a kind of collection. */
const KINDS: Readonly<Record<number, GcKind>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  // The other collector of the young generation (--minor-ms).
  [constants.NODE_PERFORMANCE_GC_MINOR_MARK_SWEEP]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
};

export class GcWatch {
  readonly #record: (kind: number, nanoseconds: number) => void;
  readonly #observer: PerformanceObserver;

  /** `record` gets the index of the kind in `GC_KINDS`. */
  constructor(record: (kind: number, nanoseconds: number) => void) {
    this.#record = record;
    this.#observer = new PerformanceObserver((list) =>
      this.#take(list.getEntries() as PerformanceNodeEntry[]),
    );
    this.#observer.observe({ type: 'gc' });
  }

  /** Records what is there but not delivered yet. */
  flush(): void {
    this.#take(this.#observer.takeRecords() as PerformanceNodeEntry[]);
  }

  /** Records what is left, and no more. */
  stop(): void {
    this.flush();
    this.#observer.disconnect();
  }

  #take(entries: readonly PerformanceNodeEntry[]): void {
    for (const entry of entries) {
      const kind = KINDS[entry.detail.kind];
      if (kind !== undefined) this.#record(GC_KINDS.indexOf(kind), Math.round(entry.duration * 1e6));
    }
  }
}
