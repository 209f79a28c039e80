/**
 * A request that was admitted, as admission knows it. Plain data; only `Admission` and its parts write it.
 */
import type { Lane } from './lanes.ts';
import type { Estimate, Size } from './speeds.ts';

export interface Entry {
  readonly client: string;
  readonly priority: number;
  readonly askedMs: number;
  /** By then it has to be done. */
  readonly dueMs: number;
  /** Its body comes; it waits for a thread; it has one; it is over. */
  state: 'coming' | 'waiting' | 'running' | 'over';
  /** Its client left while it was running. */
  left: boolean;
  lane: Lane;
  size: Size;
  estimate: Estimate;
  /**
   * When it will be ended, as likely earlier as later; told when it was admitted, and refined by its body.
   */
  expectedEndMs: number;
  /** When its body is whole, or is expected to be. */
  readyMs: number;
  startedMs: number;
  /** Admission's own, from here on: what it holds of the limit of bytes. */
  bytes: number;
  /** What it counts for in its client's share, and whose turn it is by that. */
  costMs: number;
  tag: number;
  /** Its place among those of its client. */
  key: number;
  startedWorkMs: number;
}

/** What is expected of a thread that runs this, of a core of its own, from then on. */
export function leftMs(entry: Entry, workMs: number): number {
  const doneMs = workMs - entry.startedWorkMs;
  // What takes longer than expected will go on for a while.
  return Math.max(entry.estimate.medianMs - doneMs, doneMs * LEAST_LEFT);
}

const LEAST_LEFT = 1 / 5;
