/**
 * Bytes that lie in several leases, one after the other. Pure functions over a chain that its owner changes.
 */
import type { Lease } from '../pool/lease.ts';

export interface Chain {
  readonly leases: readonly Lease[];
  /** Where each begins in the whole, rising from 0. */
  readonly starts: number[];
}

/** Fills `target` with what lies at a position on; all of it has to be there. @returns its length */
export function copyFrom({ leases, starts }: Chain, position: number, target: Uint8Array): number {
  let done = 0;
  for (let at = leaseAt(starts, position); done < target.length; at++) {
    const from = position + done - starts[at];
    const piece = leases[at].bytes.subarray(from, from + target.length - done);
    target.set(piece, done);
    done += piece.length;
  }
  return done;
}

/** Overwrites what lies at a position on; there has to be room for it. */
export function copyTo({ leases, starts }: Chain, position: number, bytes: Uint8Array): void {
  let done = 0;
  for (let at = leaseAt(starts, position); done < bytes.length; at++) {
    const from = position + done - starts[at];
    const room = leases[at].bytes.subarray(from);
    const piece = bytes.subarray(done, done + room.length);
    room.set(piece);
    done += piece.length;
  }
}

/** The last lease that begins at or before a position. */
function leaseAt(starts: readonly number[], position: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
