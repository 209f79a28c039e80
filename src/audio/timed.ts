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

export type TimedByPart<Result> = Timed<Result> & {
  /** Of `workMs`, what went into kernels and encoder; the rest is reading, decoding and what is checked. */
  readonly encodeMs: number;
};

/** @param work is given what gets the milliseconds of kernels and encoder */
export function timedByPart<Result extends object>(
  work: (encoded: (ms: number) => void) => Result,
): TimedByPart<Result> {
  let encodeMs = 0;
  const result = timed(() =>
    work((ms) => {
      encodeMs += ms;
    }),
  );
  return { ...result, encodeMs };
}
