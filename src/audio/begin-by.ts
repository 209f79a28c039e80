/**
 * A job that is to begin by some time or not at all: whoever asked for it may act only until then, and cannot
 * say so in time, since it may be stopped together with the thread that the job waits for. Pure.
 */
import { machineMs } from '../timers.ts';

export interface BeginBy {
  /** By the clock of all processes of this machine, `machineMs`. Default: whenever a thread is free. */
  readonly beginByMs?: number;
}

/** It has not begun, and nothing was done. */
export interface TooLate {
  readonly isTooLate: true;
}

/** Asked by the thread that would begin, when it would: what waits longer is not begun any more. */
export function isTooLate({ beginByMs = Number.POSITIVE_INFINITY }: BeginBy): boolean {
  return machineMs() >= beginByMs;
}
