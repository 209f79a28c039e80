/**
 * An output that several hosts may make: its job makes it aside and gives it its place if nothing has that,
 * in its own thread, since what waits for a share should not be whoever looks after a host. Pure.
 */
import type { PlaceOnce } from '../files/link-whole.ts';

export interface MakeOnce {
  /** Where the output goes in the end. Default: it stays where it is. */
  readonly once?: PlaceOnce;
}

export type MadeOnce<Result> = Result & {
  /** False where the same was in its place. */
  readonly isFirst?: boolean;
};
