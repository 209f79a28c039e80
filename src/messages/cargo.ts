/**
 * Leases inside the values that tasks bring and return. Plain objects and arrays are searched; a lease found
 * there leaves the value, travels as a crate, and gets its place back on the other side.
 */
import { types } from 'node:util';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { MillpondError } from '../errors.ts';
import { Lease } from '../pool/lease.ts';
import { untransferableError } from '../pool/lease-errors.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import type { Crate, Places } from './tasks.ts';

export interface Packed {
  /** The value with `null` where leases were; the original itself when it held none. */
  readonly value: unknown;
  readonly leases: readonly Lease[];
  readonly places: Places;
  /** True when only a trial can tell whether the value can be cloned. */
  readonly doubtful: boolean;
}

/**
 * Finds the leases of a value, ready to move. If it throws, all of them live on. Views that were taken of
 * them before are detached by the transfer; where that has to wait, by {@link detachViews}.
 * @throws MillpondError `ERR_LEASE_VIEW_MOVED`, `ERR_LEASE_UNTRANSFERABLE` and what `Leases.checkMovable`
 * throws
 */
export function pack(value: unknown, shard: Shard): Packed {
  const leases: Lease[] = [];
  const places: [number, ...(string | number)[]][] = [];
  const seen = new Set<object>();
  const path: (string | number)[] = [];
  let doubtful = false;
  visit(value);
  return { value: leases.length > 0 ? withoutLeases(value, new Map()) : value, leases, places, doubtful };

  function visit(part: unknown): void {
    if (typeof part !== 'object' || part === null) {
      if (typeof part === 'function' || typeof part === 'symbol') doubtful = true;
      return;
    }
    if (part instanceof Lease) {
      let crate = leases.indexOf(part);
      if (crate < 0) {
        const store = shard.leases.checkMovable(part);
        if (isMarkedAsUntransferable(store.buffer)) throw untransferableError(store);
        crate = leases.push(part) - 1;
      }
      places.push([crate, ...path]);
      return;
    }
    if (seen.has(part)) return;
    seen.add(part);
    if (isContainer(part)) {
      // Arrays too by their keys: structured cloning takes along what else was set on them, and holes cost
      // nothing.
      for (const key of Object.keys(part)) {
        path.push(key);
        visit((part as Record<string | number, unknown>)[key]);
        path.pop();
      }
      return;
    }
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (buffer instanceof ArrayBuffer) {
      if (buffer.detached) doubtful = true;
      else if (shard.leases.owns(buffer)) throw viewError(path);
    } else if (!(buffer instanceof SharedArrayBuffer)) doubtful = true;
  }
}

/**
 * A copy of the plain objects and arrays of a value, shared and cyclic as they were, with `null` for leases.
 */
function withoutLeases(part: unknown, copies: Map<object, object>): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (part instanceof Lease) return null;
  if (!isContainer(part)) return part;
  const known = copies.get(part);
  if (known !== undefined) return known;
  const copy = Array.isArray(part) ? [] : {};
  copies.set(part, copy);
  for (const [key, inner] of Object.entries(part)) define(copy, key, withoutLeases(inner, copies));
  return copy;
}

/** Puts the arrived leases back into the value they came with. */
export function unpack(value: unknown, places: Places, leases: readonly Lease[]): unknown {
  let whole = value;
  for (const [crate, ...path] of places) {
    if (path.length === 0) {
      whole = leases[crate];
      continue;
    }
    let parent = whole as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
    define(parent, path[path.length - 1], leases[crate]);
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

/** What is searched: an array or a plain object, not a proxy of one. */
function isContainer(part: object): boolean {
  if (types.isProxy(part)) return false;
  if (Array.isArray(part)) return true;
  const prototype = Object.getPrototypeOf(part);
  return prototype === Object.prototype || prototype === null;
}

function viewError(path: readonly (string | number)[]): MillpondError {
  return new MillpondError(
    'ERR_LEASE_VIEW_MOVED',
    `Leases are moved as leases, never by their views, which would copy the whole buffer; a view of pooled memory was found at '${path.join('.') || 'the value itself'}'. Put the lease there instead.`,
  );
}
