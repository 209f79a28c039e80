/**
 * Guards a lease: the stack of its acquiring call is kept, its views end with it, and at full safety whoever
 * still reads its memory then, a socket or a thread of libuv, reads a sentence that says so. Owns the memory
 * of its thread that is set aside for that.
 * Invariant: what is set aside is beside the budget, and 8 MiB at most.
 */
import { type Bytes, MiB } from '../bytes.ts';
import type { Store } from './store.ts';
import type { Supply } from './supply.ts';

/** Callers that a guarded lease remembers; a deeper stack takes longer to walk. */
const CALLERS = 6;
/** Frames of the pool's own above them: where idle memory served at once, and where the ladder did. */
export const HIT_FRAMES = 4;
export const LADDER_FRAMES = 10;

/** What the memory of a released lease holds, again and again. */
const NOTE = Buffer.from('This lease was let go before its bytes had gone: use lease.writeTo(). ');

/** Memory of an ended lease. */
interface Kept {
  readonly memory: ArrayBuffer;
}

const MOST_KEPT: Bytes = 8 * MiB;
/** In the order in which the leases ended. */
const kept = new Set<Kept>();
let keptBytes: Bytes = 0;

/**
 * Whoever reads memory that he was given has the view, or it might be collected under him; so the memory is
 * kept as long as the buffer of its views may be in use, and freed when that was collected.
 */
const collected = new FinalizationRegistry<Kept>((one) => {
  if (take(one)) one.memory.transfer(0);
});

function take(one: Kept): boolean {
  if (!kept.delete(one)) return false;
  keptBytes -= one.memory.byteLength;
  collected.unregister(one);
  return true;
}

/** Its views are detached at the release, and a leak report says where it was acquired. */
export function guard(store: Store, ownFrames: number): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = ownFrames + CALLERS;
  store.trace = new Error('acquired here');
  Error.stackTraceLimit = stackTraceLimit;
  store.plain = false;
}

/**
 * Ends the views of a store, which goes on with other memory, with `content` in it: fresh, or what was set
 * aside first where as much is as may be. This is for tests. False, and nothing happened, when the buffer was
 * marked untransferable.
 */
export function setAside(store: Store, supply: Supply, content?: Uint8Array): boolean {
  const { buffer, capacity } = store;
  const other = otherMemory(capacity, supply);
  if (other === null) return store.rehome();
  if (content !== undefined) new Uint8Array(other).set(content);
  const memory = store.exchange(other);
  if (memory === null) {
    other.transfer(0);
    return false;
  }
  Buffer.from(memory).fill(NOTE);
  const one: Kept = { memory };
  kept.add(one);
  keptBytes += capacity;
  collected.register(buffer, one, one);
  return true;
}

function otherMemory(capacity: Bytes, supply: Supply): ArrayBuffer | null {
  if (keptBytes + capacity <= MOST_KEPT) {
    try {
      return supply.allocate(capacity);
    } catch {
      return null;
    }
  }
  for (const one of kept) if (one.memory.byteLength === capacity && take(one)) return one.memory;
  return null;
}
