/**
 * Whether work leaves the last thread to smaller work that was admitted and whose body is about to come:
 * bodies do not come in the order that was planned, and what is small could not wait for what is large. Pure.
 */
import type { Entry } from './entry.ts';
import type { Lanes } from './lanes.ts';
import type { Line } from './line.ts';

/** Of its own time, what work may wait so. */
const YIELDS = 0.4;
/** A core would be idle for long work that waits. */
const MOST_MS = 1_000;

export function yields(entry: Entry, lanes: Lanes, line: Line, nowMs: number): boolean {
  const { lane } = entry;
  if (!lanes.isLast(lane)) return false;
  entry.yieldsFromMs ??= nowMs;
  if (nowMs >= yieldsUntilMs(entry)) return false;
  let freeMs = entry.workMs;
  for (const other of lanes.running) {
    if (lane === 'short' || other.lane === 'long') freeMs = Math.min(freeMs, lanes.leftMs(other, nowMs));
  }
  return line.coming.some(
    (comes) =>
      comes.lane === lane &&
      comes.readyMs < nowMs + Math.min(MOST_MS, entry.workMs) &&
      comes.startByMs - comes.readyMs < freeMs,
  );
}

/** Until then it may; it is asked anew when it could have started. */
export function yieldsUntilMs({ yieldsFromMs, startByMs, workMs }: Entry): number {
  return yieldsFromMs === null
    ? -Infinity
    : Math.min(startByMs, yieldsFromMs + Math.min(MOST_MS, workMs * YIELDS));
}
