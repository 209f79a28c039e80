/**
 * Goes through a value that is to be sent as structured cloning does: each object once, and what is in it in
 * the same order. Without recursion, so that it comes to the end of a value of any depth.
 */
import { inspect, types } from 'node:util';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { MillpondError } from '../errors.ts';
import { SpooledFile } from '../files/spool.ts';
import { Lease } from '../pool/lease.ts';
import { untransferableError } from '../pool/lease-errors.ts';
import type { Leases } from '../pool/leases.ts';

/**
 * Levels of objects within objects that a value may have. A worker can write deeper messages than the main
 * thread can read, and those are lost with all their memory. The main thread's stack holds 2,100 levels of
 * the kind that takes most of it.
 */
export const MOST_LEVELS = 1000;

/** Longer arrays are asked for what was set beside their elements by `inspect`, which costs 1 us. */
const FEW_ELEMENTS = 100;
/** With so many holes, an array's few elements are found by their keys. */
const MOST_HOLES = 1000;
const NO_ELEMENTS = { maxArrayLength: 0, depth: 0, breakLength: Infinity, compact: true } as const;

/** A key of each object on the way from the value to what is in it. */
type Path = (string | number)[];

/** An object whose inside is being looked at. */
interface Level {
  readonly part: object;
  /** What is in it; of an array first its elements, by index. */
  values: readonly unknown[];
  /** Of the next value. */
  at: number;
  /** Of the values, once they are asked for; null while they are elements. */
  keys: readonly string[] | null;
  /** Leases cannot move in what is neither a plain object nor an array, nor in anything within it. */
  readonly closed: boolean;
}

export class Search {
  readonly leases: Lease[] = [];
  readonly files: SpooledFile[] = [];
  /** Places of files count on behind the leases. */
  readonly places: [crate: number, ...path: Path][] = [];
  /** Only a trial can tell whether the value can be cloned. */
  doubtful = false;
  /** The value has more than `MOST_LEVELS`. */
  tooDeep = false;
  readonly #placesOfFiles: [file: number, ...path: Path][] = [];
  readonly #of: Leases;
  readonly #seen = new Set<object>();
  readonly #levels: Level[] = [];
  /** It has something that certainly cannot be cloned: then only leases count. */
  #hopeless = false;

  /** @throws MillpondError `ERR_LEASE_VIEW_MOVED`, `ERR_LEASE_UNTRANSFERABLE`, and as `checkMovable` */
  constructor(value: object, leases: Leases) {
    this.#of = leases;
    const levels = this.#levels;
    this.#meet(value, false);
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const part = this.#next(level);
      if (part === null) levels.pop();
      else this.#meet(part, level.closed);
    }
    for (const [file, ...path] of this.#placesOfFiles) this.places.push([this.leases.length + file, ...path]);
  }

  /** The next object in another one; null when there is none. */
  #next(level: Level): object | null {
    const { values } = level;
    let holes = 0;
    // By index: to make a string of each takes longer than to clone an array.
    while (level.at < values.length && holes < MOST_HOLES) {
      const inner = values[level.at++];
      if (typeof inner === 'number' || typeof inner === 'string') continue;
      if (typeof inner === 'object') {
        if (inner !== null) return inner;
      } else if (inner !== undefined) this.#primitive(inner);
      else if (!Object.hasOwn(values, level.at - 1)) holes++;
    }
    return Array.isArray(level.part) && level.keys === null ? this.#beside(level, level.part) : null;
  }

  /** Goes on with what an array has beside the elements that were looked at. */
  #beside(level: Level, array: readonly unknown[]): object | null {
    const keys = keysBeside(array, level.at);
    level.keys = keys;
    level.values = keys.map((key) => array[key as never]);
    level.at = 0;
    return this.#next(level);
  }

  #primitive(part: unknown): void {
    if (isUncloneable(part)) this.doubtful = this.#hopeless = true;
  }

  #meet(part: object, closed: boolean): void {
    if (types.isProxy(part)) this.doubtful = this.#hopeless = true;
    else if (part instanceof Lease) {
      // In a closed place it stays, and cloning it fails.
      if (!closed) this.#found(part);
    } else if (part instanceof SpooledFile) {
      if (closed) this.doubtful = this.#hopeless = true;
      else this.#foundFile(part);
    } else if (!this.#seen.has(part)) {
      this.#seen.add(part);
      if (Array.isArray(part)) this.#enter(part, part, closed);
      else if (isPlain(part)) this.#enter(part, Object.values(part), closed);
      else if (ArrayBuffer.isView(part)) this.#buffer(part.buffer);
      else if (types.isAnyArrayBuffer(part)) this.#buffer(part);
      else {
        this.doubtful = true;
        // What it holds counts for the depth, and may be a view.
        if (!this.#hopeless) this.#enter(part, valuesOf(part), true);
      }
    }
  }

  #enter(part: object, values: readonly unknown[], closed: boolean): void {
    if (this.#levels.push({ part, values, at: 0, keys: null, closed }) > MOST_LEVELS) this.tooDeep = true;
  }

  #found(lease: Lease): void {
    let crate = this.leases.indexOf(lease);
    if (crate < 0) {
      const store = this.#of.checkMovable(lease);
      if (isMarkedAsUntransferable(store.buffer)) throw untransferableError(store);
      crate = this.leases.push(lease) - 1;
    }
    this.places.push([crate, ...this.#path()]);
  }

  #foundFile(file: SpooledFile): void {
    let at = this.files.indexOf(file);
    if (at < 0) {
      file.checkMovable();
      at = this.files.push(file) - 1;
    }
    this.#placesOfFiles.push([at, ...this.#path()]);
  }

  #buffer(buffer: ArrayBufferLike): void {
    if (!(buffer instanceof ArrayBuffer)) return;
    if (buffer.detached) this.doubtful = true;
    else if (this.#of.owns(buffer)) throw viewError(this.#path());
  }

  #path(): Path {
    return this.#levels.map((level) => {
      const last = level.at - 1;
      if (level.keys === null && Array.isArray(level.part)) return last;
      level.keys ??= Object.keys(level.part);
      // Of a map and the like there are none.
      return level.keys[last] ?? last;
    });
  }
}

/** What structured cloning takes along of what is neither a plain object nor an array. */
function valuesOf(part: object): unknown[] {
  if (types.isMap(part)) return [...Map.prototype.entries.call(part)].flat();
  if (types.isSet(part)) return [...Set.prototype.values.call(part)];
  if (types.isNativeError(part)) return [part.cause];
  return types.isBoxedPrimitive(part) ? [] : Object.values(part);
}

/** What is searched for leases: an array or a plain object, not a proxy of one. */
export function isContainer(part: object): boolean {
  return !types.isProxy(part) && (Array.isArray(part) || isPlain(part));
}

/** Certainly, of what is no object. */
export function isUncloneable(primitive: unknown): boolean {
  return typeof primitive === 'function' || typeof primitive === 'symbol';
}

function isPlain(part: object): boolean {
  const prototype = Object.getPrototypeOf(part);
  return prototype === Object.prototype || prototype === null;
}

export function isObject(part: unknown): part is object {
  return typeof part === 'object' && part !== null;
}

/**
 * The keys of an array behind so many of its indexes: structured cloning takes along what else was set on it.
 */
export function keysBeside(array: readonly unknown[], indexes: number): string[] {
  if (indexes === array.length && !hasMore(array)) return [];
  return Object.keys(array).filter((key) => !isIndex(key) || Number(key) >= indexes);
}

function hasMore(array: readonly unknown[]): boolean {
  if (array.length <= FEW_ELEMENTS) {
    // Behind all indexes.
    const last = Object.keys(array).at(-1);
    return last !== undefined && !isIndex(last);
  }
  // Node has no other way to ask for it that does not make a string of each index. Whatever else it says,
  // means that there may be something.
  return inspect(array, NO_ELEMENTS) !== `[ ... ${array.length} more items ]`;
}

function isIndex(key: string): boolean {
  return String(Number(key) >>> 0) === key;
}

function viewError(path: Path): MillpondError {
  return new MillpondError(
    'ERR_LEASE_VIEW_MOVED',
    `Leases are moved as leases, never by their views, which would copy the whole buffer; a view of pooled memory was found at '${path.join('.') || 'the value itself'}'. Put the lease there instead.`,
  );
}
