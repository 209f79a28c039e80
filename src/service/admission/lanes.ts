/**
 * Which threads there are for what: one more than cores, so that long work on all cores leaves one thread to
 * short work, and short work may have any.
 *
 * Owned by `Admission`; times come with the calls. More threads than cores slow each other, so time here is
 * also counted in milliseconds of a core that each one had: `workMs` of the clock goes on slower than time
 * while all threads are busy.
 * Invariant: of `threads` at most `cores` run long work.
 */

import type { Entry } from './entry.ts';
import type { Lane } from './predict.ts';

/** What runs follows a change of how much runs within this time. */
const BUSY_MS = 5_000;
const USUAL_SHARE = 1 / 20;
/** Of the cores: what is measured while little runs says little of when much does. */
const MOST_OTHERS = 1 / 2;
/** Of the time that an entry ran. */
const LEAST_LEFT = 1 / 5;

export class Lanes {
  readonly cores: number;
  readonly threads: number;
  readonly running = new Set<Entry>();
  #long = 0;
  /** What work of a lane takes lately, of a core. */
  readonly #usualMs = { short: 100, long: 5_000 };
  #nowMs: number;
  #workMs = 0;
  /** Of running work, as it was lately. */
  #usual = 0;
  /** What the cores spend on others. */
  #others = 0;

  constructor(cores: number, nowMs: number) {
    this.cores = cores;
    this.threads = cores + 1;
    this.#nowMs = nowMs;
  }

  /** By lane. */
  get counts(): Readonly<Record<Lane, number>> {
    return { short: this.running.size - this.#long, long: this.#long };
  }

  has(lane: Lane): boolean {
    return this.running.size < this.threads && (lane === 'short' || this.#long < this.cores);
  }

  /** Whether one more leaves no thread to others like it. */
  isLast(lane: Lane): boolean {
    const { size } = this.running;
    return lane === 'short' ? size === this.threads - 1 : this.#long === this.cores - 1;
  }

  begin(entry: Entry, nowMs: number): void {
    entry.startedWorkMs = this.workAt(nowMs);
    this.running.add(entry);
    if (entry.lane === 'long') this.#long++;
  }

  /** Returns what it had of a core. */
  end(entry: Entry, nowMs: number): number {
    const workMs = this.workAt(nowMs) - entry.startedWorkMs;
    this.running.delete(entry);
    if (entry.lane === 'long') this.#long--;
    this.#usualMs[entry.lane] += (workMs - this.#usualMs[entry.lane]) * USUAL_SHARE;
    return workMs;
  }

  /** What is expected of a running entry, of a core of its own, from now on. */
  leftMs(entry: Entry, nowMs: number): number {
    const doneMs = this.workAt(nowMs) - entry.startedWorkMs;
    // What takes longer than expected will go on for a while.
    return Math.max(entry.workMs - doneMs, doneMs * LEAST_LEFT);
  }

  /** Milliseconds of a core that one thread would have had until now, had it always been running. */
  workAt(nowMs: number): number {
    const passedMs = nowMs - this.#nowMs;
    if (passedMs > 0) {
      this.#nowMs = nowMs;
      this.#workMs += passedMs / this.slowing(this.running.size);
      this.#usual = this.running.size + (this.#usual - this.running.size) * Math.exp(-passedMs / BUSY_MS);
    }
    return this.#workMs;
  }

  /** The cores spend so much on others from now on. */
  others(cores: number, nowMs: number): void {
    this.workAt(nowMs);
    this.#others = Math.min(cores, this.cores * MOST_OTHERS);
  }

  /** How often one of a lane ends while all threads are busy, and long work has all that it may. */
  freesMs(lane: Lane): number {
    const places = lane === 'long' ? this.cores : 1;
    return (this.#usualMs[lane] * this.slowing(this.threads)) / places;
  }

  /** How many times longer work takes with so many running. */
  slowing(running: number): number {
    return Math.max(1, Math.min(running, this.threads) / (this.cores - this.#others));
  }

  /** As it will be for work that starts while so many are known to run or wait. */
  slowingAmong(known: number): number {
    return this.slowing(Math.max(known, this.#usual));
  }
}
