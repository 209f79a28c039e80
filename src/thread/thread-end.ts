/**
 * What a thread does before it ends: some native objects hang a thread that still has them
 * (docs/decisions/054). Module state, so each thread has its own. Invariant: what is registered is called
 * once, on its own thread.
 *
 */

const steps = new Set<() => void>();

/**
 * Calls `step` when this thread is about to end: retired, by `process.exit`, or by an error that nobody
 * caught.
 */
export function atThreadEnd(step: () => void): void {
  if (steps.size === 0) process.once('exit', endThread);
  steps.add(step);
}

/** To be called once no task runs here any more. More calls do nothing. */
export function endThread(): void {
  for (const step of steps) {
    steps.delete(step);
    step();
  }
}
