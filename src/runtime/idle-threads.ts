/**
 * Which threads have had nothing to do for so long that they are ended. Owned by the worker pool, on the main
 * thread. Piscina's own idle timeout would end them in the middle of our tasks, of which it knows nothing.
 * Invariant: one timer is pending at most, and none where threads are to stay.
 */
import type { StartTimer } from './heartbeat.ts';
import type { Member } from './member.ts';

interface IdleParts {
  /** Infinity: they stay. */
  readonly idleThreadMs: number;
  now(): number;
  readonly startTimer: StartTimer;
  /** Members that could take a task. */
  free(): Member[];
  /** Ends one, unless as few are there as may be. */
  end(member: Member): void;
}

export class IdleThreads {
  readonly #parts: IdleParts;
  #timer: Disposable | null = null;

  constructor(parts: IdleParts) {
    this.#parts = parts;
  }

  /** It has nothing to do from now on, until it is given something. */
  rests(member: Member): void {
    const { idleThreadMs, now } = this.#parts;
    if (idleThreadMs === Infinity) return;
    member.idleSinceMs = now();
    if (this.#timer === null) this.#schedule(idleThreadMs);
  }

  end(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  #schedule(afterMs: number): void {
    const timer = this.#parts.startTimer(() => this.#look(), afterMs);
    timer.unref();
    this.#timer = timer;
  }

  #look(): void {
    this.#timer = null;
    const { free, now, idleThreadMs, end } = this.#parts;
    const idle = free().sort((a, b) => a.idleSinceMs - b.idleSinceMs);
    for (const member of idle) {
      const leftMs = member.idleSinceMs + idleThreadMs - now();
      if (leftMs > 0) {
        this.#schedule(leftMs);
        return;
      }
      end(member);
    }
  }
}
