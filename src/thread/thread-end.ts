/**
 * What a thread does before it ends: some native objects hang a thread that still has them
 * (docs/decisions/054), and jobs may have a teardown. Module state, so each thread has its own. Invariant:
 * what is registered is called once, on its own thread, whatever another of them throws.
 */

const steps = new Set<() => unknown>();

/**
 * Calls `step` when this thread is about to end: retired, by `process.exit`, or by an error that nobody
 * caught. Only where it is retired is a promise waited for, which `step` returned.
 */
export function atThreadEnd(step: () => unknown): void {
  if (steps.size === 0) process.once('exit', () => void endThread());
  steps.add(step);
}

/**
 * To be called once no task runs here any more. More calls do nothing. Returns what is still under way; none
 * of it rejects.
 */
export function endThread(failed: (error: unknown) => void = () => {}): Promise<void>[] {
  const underWay: Promise<void>[] = [];
  for (const step of steps) {
    steps.delete(step);
    try {
      const returned = step();
      if (returned instanceof Promise) underWay.push(returned.then(() => {}, failed));
    } catch (error) {
      failed(error);
    }
  }
  return underWay;
}
