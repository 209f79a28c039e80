/**
 * A request that was admitted, as admission knows it. Plain data; only `Admission` and its parts write it.
 */
import type { Planned } from './predict.ts';
import type { Estimate, Size } from './speeds.ts';

export interface Entry extends Planned {
  readonly client: string;
  readonly priority: number;
  readonly askedMs: number;
  /** By then it has to be done. */
  readonly dueMs: number;
  /** Its body comes; it waits for a thread; it has one; it is over. */
  state: 'coming' | 'waiting' | 'running' | 'over';
  /** Its client left while it was running. */
  left: boolean;
  /** It came with a ticket. */
  readonly held: boolean;
  /** As its head said, and as its body was found to be. */
  readonly headSize: Size;
  size: Size;
  readonly estimate: Estimate;
  /**
   * When it will be ended, as likely earlier as later; told when it was admitted, and refined by its body.
   */
  expectedEndMs: number;
  startedMs: number;
  /** Of its body, what is here, and since when. */
  cameBytes: number;
  cameMs: number;
  /** Admission's own, from here on: what it holds of the limit of bytes. */
  bytes: number;
  /** What it counts for in its client's share. */
  costMs: number;
  startedWorkMs: number;
  /** Since when it could have started, and left that to others. */
  yieldsFromMs: number | null;
}
