/**
 * Guards a lease: the stack of its acquiring call is kept, its views end with it, and at full safety whoever
 * still reads its memory then, a socket or a thread of libuv, reads a sentence that says so. Owns the memory
 * of its thread that is set aside for that.
 * Invariant: what is set aside is beside the budget, and 8 MiB at most.
 */
import { type Bytes, KiB, MiB } from '../bytes.ts';
import type { Store } from './store.ts';
import type { Supply } from './supply.ts';
import type { Trace } from './trace.ts';

/** Its views are detached at the release, and a leak report says where it was acquired. */
export function guard(store: Store, trace: Trace): void {
  store.trace = trace;
  store.plain = false;
}

/** What the memory of a released lease holds, again and again. */
const NOTE = Buffer.from('This lease was let go before its bytes had gone: use lease.writeTo(). ');

/** Memory whose leases ended one after the other, in that order. */
type Batch = ArrayBuffer[];

/**
 * Whoever reads memory that he was given has the view, or it might be collected under him; so a detached
 * buffer, which is all that its views lead to, holds this, and when it was collected nobody reads any of the
 * batch. To watch each by itself would take longer than all the rest.
 */
interface Mark {
  readonly batch: Batch;
}

const MARK = Symbol('where its memory is kept');
const MOST_KEPT: Bytes = 8 * MiB;
const BATCH_BYTES: Bytes = 256 * KiB;
const batches = new Set<Batch>();
let keptBytes: Bytes = 0;
/** Of the last batch while it takes more, and how much it took. */
let open: Mark | null = null;
let openBytes: Bytes = 0;

const collected = new FinalizationRegistry<Batch>((batch) => {
  batches.delete(batch);
  for (const memory of batch.splice(0)) {
    keptBytes -= memory.byteLength;
    memory.transfer(0);
  }
});

/**
 * Ends the views of a store, which goes on with other memory, with `content` in it: fresh, or what was set
 * aside first where as much is as may be. This is for tests. False, and nothing happened, when the buffer was
 * marked untransferable.
 */
export function setAside(store: Store, supply: Supply, content?: Uint8Array): boolean {
  const { buffer, capacity } = store;
  const other = Object.isExtensible(buffer) ? otherMemory(capacity, supply) : null;
  if (other === null) return store.rehome();
  if (content !== undefined) new Uint8Array(other).set(content);
  const memory = store.exchange(other);
  if (memory === null) {
    other.transfer(0);
    return false;
  }
  Buffer.from(memory).fill(NOTE);
  (buffer as { [MARK]?: Mark })[MARK] = keep(memory);
  return true;
}

function keep(memory: ArrayBuffer): Mark {
  const mark = open ?? begin();
  mark.batch.push(memory);
  keptBytes += memory.byteLength;
  openBytes += memory.byteLength;
  if (openBytes >= BATCH_BYTES) open = null;
  return mark;
}

function begin(): Mark {
  const batch: Batch = [];
  open = { batch };
  openBytes = 0;
  batches.add(batch);
  collected.register(open, batch);
  return open;
}

function otherMemory(capacity: Bytes, supply: Supply): ArrayBuffer | null {
  if (capacity > MOST_KEPT) return null;
  if (keptBytes + capacity > MOST_KEPT) {
    const memory = taken(capacity);
    if (memory !== null) return memory;
    while (keptBytes + capacity > MOST_KEPT) taken()?.transfer(0);
  }
  try {
    return supply.allocate(capacity);
  } catch {
    return null;
  }
}

/** What was set aside first, of that size if one is named; null where there is none. */
function taken(capacity?: Bytes): ArrayBuffer | null {
  for (const batch of batches) {
    const at = batch.findIndex(({ byteLength }) => capacity === undefined || byteLength === capacity);
    if (at < 0) continue;
    const [memory] = batch.splice(at, 1);
    keptBytes -= memory.byteLength;
    if (batch.length === 0 && batch !== open?.batch) batches.delete(batch);
    return memory;
  }
  return null;
}
