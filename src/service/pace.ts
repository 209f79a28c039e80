/** Ends what goes too slowly, in either direction: a connection costs memory, or a file, while it lasts. */
import type { Bytes } from '../bytes.ts';
import { clearTimeout, nowMs, setTimeout } from '../timers.ts';

/** A client has so long before its rate counts. */
const GRACE_MS = 5000;
const LOOK_MS = 1000;

interface Pace {
  /** Bytes a second, once it has gone on for a while. */
  readonly minRate: Bytes;
  /** All bytes so far. */
  moved(): Bytes;
  /** Nothing is there that could move: then nobody is slow. */
  idle?(): boolean;
  /** Is told once, of how many there were in how long. */
  tooSlow(bytes: Bytes, tookMs: number): void;
}

export function keepPace({ minRate, moved, idle, tooSlow }: Pace): Disposable {
  let [startMs, before] = [nowMs(), moved()];
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const tookMs = nowMs() - startMs;
    const bytes = moved() - before;
    // What went quickly before is not saved up: a gigabyte would let its client stand still for a day.
    if (idle?.() || bytes >= (minRate * tookMs) / 1000) [startMs, before] = [nowMs(), moved()];
    else if (bytes < (minRate * (tookMs - GRACE_MS)) / 1000) {
      tooSlow(bytes, tookMs);
      return;
    }
    timer = setTimeout(look, LOOK_MS).unref();
  };
  timer = setTimeout(look, LOOK_MS).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
