/**
 * Who is to blame for the death of a process, and what becomes of the tasks that it was given. Pure: it knows
 * tasks by their numbers, and has no clock.
 *
 * Invariants: a task is named only after two deaths for which it was a suspect, the last of them while it had
 * a process for itself; one that never began when a process died is no suspect, nor is any when somebody
 * killed the process from outside. Every task ends, or is tried again a bounded number of times.
 */

/** How a process ended. */
export type Death =
  /** By itself: a signal, an abort, an exit that nobody asked for. */
  | { readonly by: 'crash' }
  /** By SIGKILL that the supervisor did not send: the kernel for lack of memory, or somebody. */
  | { readonly by: 'kill' }
  /** Ended by the supervisor, since this task did not stop. */
  | { readonly by: 'hang'; readonly task: number }
  /** Ended by the supervisor, since the whole process did not answer. */
  | { readonly by: 'silence' };

/** What becomes of a task that a dead process was given. */
export type Verdict =
  /** It is tried again beside others. */
  | 'again'
  /** It is tried again in a process that is given nothing else. */
  | 'alone'
  /** It is left out: it crashed its process twice, did not stop twice, or was never let live. */
  | 'crash'
  | 'hang'
  | 'lost';

interface Record {
  /** Deaths for which it was a suspect. */
  suspected: number;
  /** Deaths of others' making, while it ran or waited. */
  lost: number;
  /** Of those, while it was alone. */
  lostAlone: number;
  alone: boolean;
}

/** A task that is named was a suspect so often. */
const NAMED_AFTER = 2;
/** So often a task is lost beside others, before it has to show that it is not the reason. */
const ALONE_AFTER = 3;
/** So often it may be lost alone. */
const LOST_AFTER = 3;

export class Trials {
  readonly #records = new Map<number, Record>();

  /** Tasks of which something is held against them. */
  get size(): number {
    return this.#records.size;
  }

  /** It is to have a process for itself. */
  isAlone(task: number): boolean {
    return this.#records.get(task)?.alone ?? false;
  }

  /** A task is over. */
  ended(task: number): void {
    this.#records.delete(task);
  }

  /**
   * A process died. `given` are its tasks that were not over, `begun` those of them that its threads had
   * begun and not ended, as far as is known.
   */
  died(death: Death, given: readonly number[], begun: ReadonlySet<number>): Map<number, Verdict> {
    const suspects = suspectsOf(death, begun);
    return new Map(given.map((task) => [task, this.#verdict(task, death, suspects, begun)]));
  }

  #verdict(task: number, death: Death, suspects: ReadonlySet<number>, begun: ReadonlySet<number>): Verdict {
    const record = this.#records.get(task) ?? { suspected: 0, lost: 0, lostAlone: 0, alone: false };
    if (suspects.has(task)) {
      record.suspected++;
      if (record.alone && record.suspected >= NAMED_AFTER)
        return this.#end(task, death.by === 'crash' ? 'crash' : 'hang');
      return this.#alone(task, record);
    }
    // One that waited in a process where others are suspects lost nothing.
    if (suspects.size > 0 || (begun.size > 0 && !begun.has(task)))
      return record.alone ? this.#alone(task, record) : 'again';
    record.lost++;
    if (record.alone && ++record.lostAlone >= LOST_AFTER) return this.#end(task, 'lost');
    if (record.alone || record.lost >= ALONE_AFTER) return this.#alone(task, record);
    this.#records.set(task, record);
    return 'again';
  }

  #alone(task: number, record: Record): Verdict {
    record.alone = true;
    this.#records.set(task, record);
    return 'alone';
  }

  #end(task: number, verdict: Verdict): Verdict {
    this.#records.delete(task);
    return verdict;
  }
}

function suspectsOf(death: Death, begun: ReadonlySet<number>): ReadonlySet<number> {
  switch (death.by) {
    case 'crash':
    case 'silence':
      return begun;
    case 'hang':
      return new Set([death.task]);
    case 'kill':
      return new Set();
  }
}
