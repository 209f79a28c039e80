/**
 * What will become of a piece of work, by a run through all that is here.
 *
 * Owned by `Admission`; it keeps nothing of its own.
 */
import type { Lanes } from './lanes.ts';
import type { Line } from './line.ts';
import { type Lane, type Planned, RunThrough } from './predict.ts';

interface Prospect {
  readonly startMs: number;
  /** Something that was promised before would start too late by it. */
  readonly breaks: boolean;
}

export class Forecast {
  readonly #lanes: Lanes;
  readonly #line: Line;
  readonly #run: RunThrough;

  constructor(lanes: Lanes, line: Line) {
    this.#lanes = lanes;
    this.#line = line;
    this.#run = new RunThrough(lanes.threads, lanes.cores);
  }

  /** How many times longer work will take, with one more than is here. */
  get slowing(): number {
    return this.#lanes.slowingAmong(this.#lanes.running.size + this.#line.length + 1);
  }

  /** This, with all that is here and more that may come. */
  of(work: Planned, more: readonly Planned[], nowMs: number): Prospect {
    let startMs = Infinity;
    const late: Planned[] = [];
    this.#runThrough([...more, work], nowMs, (other, atMs) => {
      if (other === work) startMs = atMs;
      else if (startMs < Infinity && atMs > other.startByMs) late.push(other);
      return false;
    });
    if (late.length === 0) return { startMs, breaks: false };
    // They may be late without it, too.
    let before = 0;
    this.#runThrough(more, nowMs, (other, atMs) => {
      if (atMs > other.startByMs && late.includes(other)) before++;
      return before === late.length;
    });
    return { startMs, breaks: before < late.length };
  }

  /** Until work would start that comes last. */
  waitMs(lane: Lane, nowMs: number): number {
    const work = { lane, key: Infinity, readyMs: nowMs, startByMs: Infinity, workMs: 0 };
    return this.of(work, [], nowMs).startMs - nowMs;
  }

  #runThrough(
    more: readonly Planned[],
    nowMs: number,
    starts: (planned: Planned, startMs: number) => boolean,
  ): void {
    const { slowing } = this;
    this.#line.wait(nowMs);
    this.#run.begin(nowMs);
    for (const entry of this.#lanes.running) {
      this.#run.runs(entry.lane, this.#lanes.leftMs(entry, nowMs) * slowing);
    }
    this.#run.go(this.#line.planned(more), slowing, starts);
  }
}
