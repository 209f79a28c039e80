/** How answers ended, where Node does not know: what log and metrics say of them. Holds marks only. */
import type { ServerResponse } from 'node:http';

/** The client was gone before it was answered. */
const GONE = 499;

const whole = new WeakSet<ServerResponse>();
const cut = new WeakMap<ServerResponse, number>();

/** All of it was written, though it is not ended yet: whoever leaves now has been answered. */
export function markWhole(answer: ServerResponse): void {
  whole.add(answer);
}

/** It is cut off in its middle, for what would have had this status. */
export function markCut(answer: ServerResponse, status: number): void {
  cut.set(answer, status);
}

export function wasCut(answer: ServerResponse): boolean {
  return cut.has(answer);
}

/** Of one that is closed. */
export function endStatus(answer: ServerResponse): number {
  const isAnswered = answer.writableFinished || whole.has(answer);
  return cut.get(answer) ?? (isAnswered ? answer.statusCode : GONE);
}
