/** What the end of a process means, and what a task is told that it cost. Pure. */
import { MillpondError } from '../errors.ts';
import { escaped } from '../text/escaping.ts';
import type { ProcessEnd } from './runtime-process.ts';
import type { Death } from './trials.ts';

/** Of one that was not told to end. */
export function deathOf({ signal, outOfMemory }: ProcessEnd): Death {
  return signal === 'SIGKILL' || outOfMemory ? { by: 'kill' } : { by: 'crash' };
}

/** In words. */
export function causeOf({ code, signal, outOfMemory }: ProcessEnd): string {
  if (outOfMemory) return 'the kernel killed it for lack of memory';
  return signal === null ? `it exited with code ${code}` : `it ended by ${signal}`;
}

export function nativeCrash(name: string, end: ProcessEnd): MillpondError {
  return new MillpondError(
    'ERR_NATIVE_CRASH',
    `A task ends without its process; '${escaped(name)}' took it along twice, the second time with no other task in it: ${causeOf(end)}. It is left out, and all others go on; look at its input, which native code may not stand.`,
  );
}

export function stuckTask(name: string, timeoutMs: number | undefined, stopMs: number): MillpondError {
  return new MillpondError(
    'ERR_TASK_STUCK',
    `A job stops when its signal aborts; that of '${escaped(name)}' did not, twice, for ${stopMs} ms after its ${timeoutMs} ms, and its process was ended each time. It is left out, and all others go on; look at its input, or give it more time.`,
  );
}

export function lostTask(name: string, cause: string): MillpondError {
  return new MillpondError(
    'ERR_WORKER_LOST',
    `A task needs a process that lives as long; that of '${escaped(name)}' was ended from outside again and again, also with no other task in it: ${cause}. Nobody is to blame; look for who kills it, and for limits of memory.`,
  );
}
