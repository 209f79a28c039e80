/** Results as they come, on stdout. Owns nothing but what waits there for a slow reader. */
import type { EndingListener } from '../batch/endings.ts';
import { resultLine } from '../batch/results.ts';

/** A file counts as ended when its line has room; once the signal comes, nobody waits for a reader. */
export function resultsToStdout(signal: AbortSignal): EndingListener {
  const { stdout } = process;
  let room: Promise<void> | null = null;

  function roomOrSignal(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = (): void => {
      for (const event of ['drain', 'close']) stdout.off(event, go);
      signal.removeEventListener('abort', go);
      room = null;
      resolve();
    };
    for (const event of ['drain', 'close']) stdout.on(event, go);
    signal.addEventListener('abort', go);
    return promise;
  }

  return async (ending) => {
    if (stdout.write(resultLine(ending)) || signal.aborted || stdout.destroyed) return;
    room ??= roomOrSignal();
    await room;
  };
}
