/**
 * Guards a lease: the stack of its acquiring call is kept, its views end with it, and at full safety whoever
 * still reads its memory then, a socket or a thread of libuv, reads a sentence that says so.
 */
import type { Store } from './store.ts';
import type { Supply } from './supply.ts';

/** Callers that a guarded lease remembers; a deeper stack takes longer to walk. */
const CALLERS = 6;
/** Frames of the pool's own above them: where idle memory served at once, and where the ladder did. */
export const HIT_FRAMES = 4;
export const LADDER_FRAMES = 10;

/** What the memory of a released lease holds, again and again. */
const NOTE = Buffer.from('This lease was let go before its bytes had gone: use lease.writeTo(). ');

/**
 * Memory of ended leases, by the buffer of their views. Whoever reads memory that he was given has the view,
 * or it might be collected under him; so the memory is kept as long as it may be read, and no longer.
 */
const keptFor = new WeakMap<ArrayBuffer, ArrayBuffer>();

/** Its views are detached at the release, and a leak report says where it was acquired. */
export function guard(store: Store, ownFrames: number): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = ownFrames + CALLERS;
  store.trace = new Error('acquired here');
  Error.stackTraceLimit = stackTraceLimit;
  store.plain = false;
}

/**
 * Ends the views of a store, which goes on with fresh memory, with `content` in it. The old memory is beside
 * the budget until the last view has gone, so this is for tests. False, and nothing happened, when it was
 * marked untransferable.
 */
export function setAside(store: Store, supply: Supply, content?: Uint8Array): boolean {
  const { buffer, capacity } = store;
  let fresh: ArrayBuffer;
  try {
    fresh = supply.allocate(capacity);
  } catch {
    return store.rehome();
  }
  if (content !== undefined) new Uint8Array(fresh).set(content);
  const memory = store.exchange(fresh);
  if (memory === null) return false;
  Buffer.from(memory).fill(NOTE);
  keptFor.set(buffer, memory);
  return true;
}
