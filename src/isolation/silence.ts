/**
 * Finds processes that do not answer: the main thread of one only hands over, so where it is silent for long
 * the whole process stands, as one that was stopped does. Owned by an isolated runner.
 * Invariant: a process is asked, and has all of the time to answer while this thread runs, too; where the
 * rounds come late, as after the sleep of a machine, the time begins anew.
 */

interface Asked {
  /** It was asked, and has not answered. */
  readonly isAsked: boolean;
  look(): void;
}

/** Rounds that a process may be silent for: a minute. */
const MOST_ROUNDS = 12;
export const ROUND_MS = 5000;

export class Silence<P extends Asked> {
  readonly #rounds = new Map<P, number>();
  #lastMs: number | null = null;

  /** To be called every `ROUND_MS`. @returns those that do not answer */
  round(processes: Iterable<P>, nowMs: number): P[] {
    const isLate = this.#lastMs !== null && nowMs - this.#lastMs > 2 * ROUND_MS;
    this.#lastMs = nowMs;
    const silent: P[] = [];
    const there = new Set(processes);
    for (const process of this.#rounds.keys()) if (!there.has(process)) this.#rounds.delete(process);
    for (const process of there) {
      const rounds = process.isAsked && !isLate ? (this.#rounds.get(process) ?? 0) + 1 : 0;
      this.#rounds.set(process, rounds);
      if (rounds > MOST_ROUNDS) silent.push(process);
      else process.look();
    }
    return silent;
  }
}
