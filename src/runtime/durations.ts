/**
 * How long tasks of each job take in their worker, which decides how many of them one message may have. Owned
 * by the tasks of the main thread.
 */

/** Of longer ones a message has one. */
const SHORT_NS = 200_000;
/** All tasks of one message together. */
const MESSAGE_NS = 500_000;
const MOST_TASKS = 32;
/** What ended its thread may do so again, and takes what shares its message along: it counts as so long. */
const DEADLY_NS = 60e9;
/** A longest time counts ever less, by this share with each message after it. */
const FORGETTING = 1 / 16;

export class Durations {
  /** By the number of the job; the longest of late. */
  readonly #ns: number[] = [];

  /** A message with tasks of this job had one that took so long at most. */
  took(job: number, nanoseconds: number): void {
    const before = this.#ns[job] ?? 0;
    this.#ns[job] = Math.max(nanoseconds, before - (before - nanoseconds) * FORGETTING);
  }

  /** A task of this job was the last that its thread ran. */
  died(job: number): void {
    this.#ns[job] = DEADLY_NS;
  }

  /** How many tasks of a job one message may have; 1 for those of unknown length. */
  most(job: number): number {
    const ns = this.#ns[job];
    if (ns === undefined || ns >= SHORT_NS) return 1;
    return Math.max(1, Math.min(MOST_TASKS, Math.floor(MESSAGE_NS / ns)));
  }
}
