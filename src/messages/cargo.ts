/**
 * Leases and spooled files inside the values that tasks bring and return. Plain objects and arrays are
 * searched; one found there leaves the value, travels as a crate, and gets its place back on the other side.
 */
import { SpooledFile } from '../files/spool.ts';
import { Lease } from '../pool/lease.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import { isContainer, isObject, isUncloneable, keysBeside, Search } from './search.ts';
import type { Crate, Places } from './tasks.ts';

export interface Packed {
  /** The value with `null` where leases were; the original itself when it held none, or is too deep. */
  readonly value: unknown;
  readonly leases: readonly Lease[];
  readonly files: readonly SpooledFile[];
  readonly places: Places;
  /** True when only a trial can tell whether the value can be cloned. */
  readonly doubtful: boolean;
  /** It has more levels than can be sent; its leases were all found nevertheless. */
  readonly tooDeep: boolean;
}

/**
 * Finds the leases of a value, ready to move. If it throws, all of them live on. Views that were taken of
 * them before are detached by the transfer; where that has to wait, by {@link detachViews}.
 * @throws MillpondError `ERR_LEASE_VIEW_MOVED`, `ERR_LEASE_UNTRANSFERABLE` and what `Leases.checkMovable`
 * throws
 */
export function pack(value: unknown, shard: Shard): Packed {
  if (!isObject(value)) {
    return { value, leases: [], files: [], places: [], doubtful: isUncloneable(value), tooDeep: false };
  }
  const { leases, files, places, doubtful, tooDeep } = new Search(value, shard.leases);
  const changed = leases.length + files.length > 0 && !tooDeep;
  const sent = changed ? withoutLeases(value, new Map()) : value;
  return { value: sent, leases, files, places, doubtful, tooDeep };
}

/**
 * A copy of the plain objects and arrays of a value, shared and cyclic as they were, with `null` for leases.
 */
function withoutLeases(part: unknown, copies: Map<object, object>): unknown {
  if (!isObject(part)) return part;
  if (part instanceof Lease || part instanceof SpooledFile) return null;
  if (!isContainer(part)) return part;
  const known = copies.get(part);
  if (known !== undefined) return known;
  if (Array.isArray(part)) return elementsWithoutLeases(part, copies);
  const copy = {};
  copies.set(part, copy);
  for (const [key, inner] of Object.entries(part)) define(copy, key, withoutLeases(inner, copies));
  return copy;
}

function elementsWithoutLeases(array: readonly unknown[], copies: Map<object, object>): unknown[] {
  const copy: unknown[] = [];
  copies.set(array, copy);
  let at = 0;
  // By index up to the first hole: there may be any number of them.
  for (; at < array.length && (array[at] !== undefined || Object.hasOwn(array, at)); at++) {
    copy.push(withoutLeases(array[at], copies));
  }
  for (const key of keysBeside(array, at)) define(copy, key, withoutLeases(array[key as never], copies));
  copy.length = array.length;
  return copy;
}

/** Puts what arrived back into the value that it came with. */
export function unpack(value: unknown, places: Places, arrived: readonly (Lease | SpooledFile)[]): unknown {
  let whole = value;
  for (const [crate, ...path] of places) {
    if (path.length === 0) {
      whole = arrived[crate];
      continue;
    }
    let parent = whole as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
    define(parent, path[path.length - 1], arrived[crate]);
  }
  return whole;
}

/** A crate for a store that leaves this thread; the caller transfers `crate.buffer`. */
export function crateFor(store: Store, length: number, loan: number): Crate {
  return { buffer: store.buffer, tier: store.tier, asked: store.asked, length, loan };
}

/** The same crate with all earlier views of its memory detached, for one that does not leave at once. */
export function detachViews(crate: Crate): Crate {
  return { ...crate, buffer: crate.buffer.transfer() };
}

export function storeFrom(crate: Crate): Store {
  return new Store(crate.buffer, crate.tier, crate.loan);
}

/** An assignment that also takes the key `__proto__`, which is 20 times as slow. */
function define(target: object, key: string | number, value: unknown): void {
  if (key !== '__proto__') (target as Record<string | number, unknown>)[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
