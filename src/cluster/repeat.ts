/** What is done again and again beside something else, until that is over. Holds nothing. */
import type { HostClock } from './host-events.ts';

/** Whether it succeeds or not. @returns what ends it */
export function repeat(clock: HostClock, everyMs: number, action: () => Promise<unknown>): Disposable {
  let stop = clock.after(everyMs, again);
  function again(): void {
    stop = clock.after(everyMs, again);
    void action().catch(() => {});
  }
  return { [Symbol.dispose]: () => stop() };
}
