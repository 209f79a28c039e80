/** Guards a lease: the stack of its acquiring call is kept, and its views end with it. */
import type { Store } from './store.ts';

/** Callers that a guarded lease remembers; a deeper stack takes longer to walk. */
const CALLERS = 6;
/** Frames of the pool's own above them: where idle memory served at once, and where the ladder did. */
export const HIT_FRAMES = 4;
export const LADDER_FRAMES = 10;

/** Its views are detached at the release, and a leak report says where it was acquired. */
export function guard(store: Store, ownFrames: number): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = ownFrames + CALLERS;
  store.trace = new Error('acquired here');
  Error.stackTraceLimit = stackTraceLimit;
  store.plain = false;
}
