/** A smaller file that shows the same fault: stretches are left out, halves first, as long as it does. */
import { nowMs } from '../../src/timers.ts';

/** Tries of one file, and the time that they may take together. */
const MOST_TRIES = 400;
const MOST_MS = 300_000;

export async function minimised(
  bytes: Buffer,
  isFault: (bytes: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  const until = nowMs() + MOST_MS;
  let tries = 0;
  let least = bytes;
  const over = () => tries >= MOST_TRIES || nowMs() > until;
  for (let parts = 2; parts <= least.length && !over(); ) {
    const length = Math.ceil(least.length / parts);
    let shorter = false;
    for (let at = least.length - length; at > -length && !over(); at -= length) {
      const without = Buffer.concat([least.subarray(0, Math.max(0, at)), least.subarray(at + length)]);
      tries++;
      if (!(await isFault(without))) continue;
      least = without;
      shorter = true;
    }
    if (!shorter) parts *= 2;
  }
  return least;
}
