/** How the stress test waits: for turns and for what settles, never for a time to pass. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Without a single task settling. Only ends what would hang for ever. */
const HANG_MS = 120_000;

/** A number of turns of the event loop, not a time. */
export function afterTurns(turns: number, then: () => void): void {
  if (turns === 0) then();
  else setImmediate(() => afterTurns(turns - 1, then));
}

export async function orHang<T>(promise: Promise<T>, why = () => 'nothing settled'): Promise<T> {
  const hang = Promise.withResolvers<never>();
  const timer = setTimeout(() => hang.reject(new Error(`${why()} after ${HANG_MS / 1000} s`)), HANG_MS);
  try {
    return await Promise.race([promise, hang.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What this thread set aside is freed, so that the next round counts from nothing. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  for (let turn = 0; turn < 3; turn++) {
    gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
