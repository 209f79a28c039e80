/**
 * A count of live memory that knows nothing of ledgers and pools: it stands between a thread and
 * `ArrayBuffer`. What a constructor makes is alive, what `transfer` leaves behind is not; a buffer that moves
 * to another thread is alive all the way, so all threads count into the same words. Loaded once in each.
 *
 * Nothing tells when a buffer goes in another way, with its thread or by garbage collection: what the count
 * then keeps is memory that was not given back in time.
 */
import { KiB } from '../../src/bytes.ts';

/** Shared by all threads: KiB that are alive, and the most that ever were at once. */
export type WitnessWords = Int32Array<SharedArrayBuffer>;

const LIVE = 0;
const MOST = 1;

/** The smallest tier: what a pool has is that or more, in whole KiB. */
const LEAST_BYTES = 4 * KiB;

let words: WitnessWords | null = null;
let uncounted = 0;

export function witnessWords(): WitnessWords {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** What this thread makes and frees counts there from now on, and what it did before, if nothing did. */
export function countInto(shared: WitnessWords): void {
  words = shared;
  count(uncounted);
  uncounted = 0;
}

export function liveBytes(shared: WitnessWords): number {
  return Atomics.load(shared, LIVE) * KiB;
}

export function mostBytes(shared: WitnessWords): number {
  return Atomics.load(shared, MOST) * KiB;
}

function counted(bytes: number): number {
  return bytes >= LEAST_BYTES && bytes % KiB === 0 ? bytes / KiB : 0;
}

function count(kib: number): void {
  if (kib === 0) return;
  if (words === null) {
    uncounted += kib;
    return;
  }
  const live = Atomics.add(words, LIVE, kib) + kib;
  let most = Atomics.load(words, MOST);
  while (live > most) {
    const was = Atomics.compareExchange(words, MOST, most, live);
    if (was === most) break;
    most = was;
  }
}

const { ArrayBuffer: Plain } = globalThis;
const { transfer } = Plain.prototype;

Plain.prototype.transfer = function (this: ArrayBuffer, length?: number): ArrayBuffer {
  const before = counted(this.byteLength);
  const moved = transfer.call(this, length);
  count(counted(moved.byteLength) - before);
  return moved;
};

globalThis.ArrayBuffer = new Proxy(Plain, {
  construct(target, given, asked) {
    const made = Reflect.construct(target, given, asked === globalThis.ArrayBuffer ? target : asked);
    count(counted(made.byteLength));
    return made;
  },
});
