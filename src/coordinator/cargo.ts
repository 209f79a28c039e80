/**
 * Leases inside the values that tasks bring and return. Plain objects and arrays are searched; a lease found
 * there leaves the value and travels as a crate, and is put back in its place on the other side.
 */
import { types } from 'node:util';
import { MillpondError } from '../errors.ts';
import { Lease } from '../pool/lease.ts';
import type { Shard } from '../pool/shard.ts';
import { Store } from '../pool/store.ts';
import type { Crate, Places } from './protocol.ts';

export interface Packed {
  /** The value with `null` where leases were; the original itself when it held none. */
  readonly value: unknown;
  readonly leases: readonly Lease[];
  readonly places: Places;
  /** True when only a trial can tell whether the value can be cloned. */
  readonly doubtful: boolean;
}

/**
 * Finds the leases of a value without changing anything.
 * @throws MillpondError `ERR_LEASE_VIEW_MOVED` and what `Shard.checkMovable` throws
 */
export function pack(value: unknown, shard: Shard): Packed {
  if (
    value === null ||
    (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  ) {
    return { value, leases: [], places: [], doubtful: false };
  }
  const leases: Lease[] = [];
  const places: [number, ...(string | number)[]][] = [];
  const copies = new Map<object, unknown>();
  let doubtful = false;
  const copy = visit(value, []);
  return { value: leases.length > 0 ? copy : value, leases, places, doubtful };

  function visit(part: unknown, path: (string | number)[]): unknown {
    if (typeof part !== 'object' || part === null) {
      if (typeof part === 'function' || typeof part === 'symbol') doubtful = true;
      return part;
    }
    if (part instanceof Lease) {
      let crate = leases.indexOf(part);
      if (crate < 0) {
        shard.checkMovable(part);
        crate = leases.push(part) - 1;
      }
      places.push([crate, ...path]);
      return null;
    }
    const known = copies.get(part);
    if (known !== undefined) return known;
    if (Array.isArray(part) && !types.isProxy(part)) {
      const copied: unknown[] = [];
      copies.set(part, copied);
      for (let at = 0; at < part.length; at++) copied.push(visit(part[at], [...path, at]));
      return copied;
    }
    if (isPlainObject(part)) {
      const copied: Record<string, unknown> = {};
      copies.set(part, copied);
      for (const [key, inner] of Object.entries(part)) define(copied, key, visit(inner, [...path, key]));
      return copied;
    }
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (buffer instanceof ArrayBuffer) {
      if (buffer.detached) doubtful = true;
      else if (shard.owns(buffer)) throw viewError(path);
    } else if (!(buffer instanceof SharedArrayBuffer)) doubtful = true;
    return part;
  }
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
  return { buffer: store.buffer, tier: store.tier, length, loan };
}

export function storeFrom(crate: Crate): Store {
  return new Store(crate.buffer, crate.tier, crate.loan);
}

/** As an assignment, also for keys like `__proto__`. */
function define(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function isPlainObject(part: object): boolean {
  if (types.isProxy(part)) return false;
  const prototype = Object.getPrototypeOf(part);
  return prototype === Object.prototype || prototype === null;
}

function viewError(path: readonly (string | number)[]): MillpondError {
  return new MillpondError(
    'ERR_LEASE_VIEW_MOVED',
    `Leases are moved as leases, never by their views, which would copy the whole buffer; a view of pooled memory was found at '${path.join('.') || 'the value itself'}'. Put the lease there instead.`,
  );
}
