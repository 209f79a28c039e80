/**
 * What the stress test writes into memory, and its random numbers. A lease is stamped with a pattern of its
 * own when it is acquired; whatever else gets at its memory, while it lives and wherever it moves, breaks the
 * stamp.
 */
import type { Lease } from '../../src/pool/lease.ts';

/** A lease with what must be in it. */
export interface Stamped {
  readonly lease: Lease;
  readonly pattern: number;
  /** Every word was written, not one in each page only. */
  readonly full: boolean;
}

const PAGE_WORDS = 1024;

export function stamp(lease: Lease, pattern: number, full: boolean): Stamped {
  const { int32 } = lease;
  forWords(lease, full, (at) => {
    int32[at] = wordAt(pattern, at);
    return true;
  });
  return { lease, pattern, full };
}

/** @throws Error when anything but the stamp is in the lease */
export function verify({ lease, pattern, full }: Stamped, where: string): void {
  const { int32 } = lease;
  forWords(lease, full, (at) => {
    if (int32[at] === wordAt(pattern, at)) return true;
    throw new Error(
      `MIXED CONTENTS ${where}: word ${at} of a lease of ${lease.length} bytes holds ${int32[at]} where ${wordAt(pattern, at)} was written`,
    );
  });
}

/** @throws Error when a lease shows what somebody left in it */
export function verifyScrubbed(lease: Lease, where: string): void {
  const { int32 } = lease;
  forWords(lease, false, (at) => {
    if (int32[at] === 0) return true;
    throw new Error(`NOT SCRUBBED ${where}: word ${at} of a new lease holds ${int32[at]}`);
  });
}

function forWords(lease: Lease, full: boolean, visit: (at: number) => boolean): void {
  const words = Math.floor(lease.length / 4);
  for (let at = 0; at < words; at += full ? 1 : PAGE_WORDS) visit(at);
  if (words > 0) visit(words - 1);
}

function wordAt(pattern: number, at: number): number {
  return (pattern + Math.imul(at, 0x9e3779b1)) | 0;
}

/** Whole numbers from 0 to below `of`, all from one seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(of: number): number {
    return Math.floor((this.word() / 2 ** 32) * of);
  }

  /** True in `per` of a thousand throws. */
  thousandth(per: number): boolean {
    return this.below(1000) < per;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** Small ones often, all tiers, and over the largest now and then; never over `most`. */
  length(most: number): number {
    return Math.min(most, this.below(2 ** (4 + this.below(18))) + 1);
  }
}
