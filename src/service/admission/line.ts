/**
 * What was admitted and has no thread yet: bodies that come, and whole ones that wait.
 *
 * Owned by `Admission`. Invariant: those that come are sorted by when they are ready, those that wait by key.
 */
import type { Entry } from './entry.ts';
import type { Planned } from './predict.ts';

/** Of the time that a body came already, or stands still. */
const MORE = 0.4;
/** A body that stands still for so long was not promised anything. */
const STILL_MS = 500;

export class Line {
  readonly coming: Entry[] = [];
  readonly waiting: Entry[] = [];

  get length(): number {
    return this.coming.length + this.waiting.length;
  }

  /** By its state. */
  add(entry: Entry): void {
    if (entry.state === 'coming') insert(this.coming, entry, ready);
    else insert(this.waiting, entry, key);
  }

  remove(entry: Entry): void {
    const entries = entry.state === 'coming' ? this.coming : this.waiting;
    entries.splice(entries.indexOf(entry), 1);
  }

  /**
   * Bodies that should be whole and are not. They go on as they came; those that stand still will do so for
   * as long again, and nobody waits for them: else who sends nothing kept the threads from all others.
   */
  wait(nowMs: number): void {
    for (let [first] = this.coming; first !== undefined && first.readyMs <= nowMs; [first] = this.coming) {
      const laterMs = nowMs - first.readyMs + Math.max(1, moreMs(first, nowMs));
      first.readyMs += laterMs;
      first.startByMs = nowMs - first.cameMs > STILL_MS ? Infinity : first.startByMs + laterMs;
      first.key += laterMs;
      this.coming.shift();
      insert(this.coming, first, ready);
    }
  }

  /** All that is to start, with more that may come, by when they are ready. */
  planned(more: readonly Planned[]): Planned[] {
    const all: Planned[] = [...this.waiting, ...this.coming];
    for (const planned of more) insert(all, planned, ready, this.waiting.length);
    return all;
  }
}

/** How long a body that is late will go on. */
function moreMs({ askedMs, cameMs, cameBytes, headSize: { bytes } }: Entry, nowMs: number): number {
  const stillMs = nowMs - cameMs;
  if (bytes === null || cameBytes === 0) return Math.max((nowMs - askedMs) * MORE, stillMs);
  return Math.max(((bytes - cameBytes) * (nowMs - askedMs)) / cameBytes, stillMs);
}

function ready({ readyMs }: Planned): number {
  return readyMs;
}

function key(planned: Planned): number {
  return planned.key;
}

/** Behind all that come before it or with it. */
function insert<T>(sorted: T[], item: T, by: (item: T) => number, from = 0): void {
  let to = sorted.length;
  for (let middle = (from + to) >> 1; from < to; middle = (from + to) >> 1) {
    if (by(sorted[middle]) <= by(item)) from = middle + 1;
    else to = middle;
  }
  sorted.splice(to, 0, item);
}
