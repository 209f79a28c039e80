/**
 * What a job takes, by the clock of its thread: whoever called it only knows how long it waited in all. Pure.
 */
import { nowMs } from '../timers.ts';

export type Timed<Result> = Result & {
  /** Milliseconds. */
  readonly workMs: number;
};

export function timed<Result extends object>(work: () => Result): Timed<Result> {
  const startMs = nowMs();
  const result = work();
  return { ...result, workMs: nowMs() - startMs };
}
