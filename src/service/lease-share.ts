/**
 * A share of the front's leases: bodies have one, results the other, so that neither takes what the other
 * needs. Owned by the front process's thread. Invariant: what is leased together never exceeds the share, and
 * counts until it is released, whoever still reads it.
 */
import { type Bytes, KiB } from '../bytes.ts';
import type { Lease } from '../pool/lease.ts';
import type { Pool } from '../pool/pool.ts';

/** What is larger goes to a file. */
const MOST_IN_LEASE: Bytes = 256 * KiB;

/** One that may be disposed of more than once. */
export interface SharedLease extends Disposable {
  /** @throws MillpondError `ERR_LEASE_RELEASED` */
  readonly bytes: Uint8Array;
}

export class LeaseShare {
  readonly #pool: Pick<Pool, 'tryAcquire'>;
  readonly #mostBytes: Bytes;
  usedBytes: Bytes = 0;

  constructor(pool: Pick<Pool, 'tryAcquire'>, mostBytes: Bytes) {
    this.#pool = pool;
    this.#mostBytes = mostBytes;
  }

  /** Null where it is too large, or the share has no room. */
  tryAcquire(bytes: Bytes): SharedLease | null {
    if (bytes === 0 || bytes > MOST_IN_LEASE || this.usedBytes + bytes > this.#mostBytes) return null;
    const lease = this.#pool.tryAcquire(bytes);
    if (lease === null) return null;
    if (this.usedBytes + lease.capacity > this.#mostBytes) {
      lease[Symbol.dispose]();
      return null;
    }
    return this.#counted(lease);
  }

  #counted(lease: Lease): SharedLease {
    const { capacity } = lease;
    this.usedBytes += capacity;
    let held = true;
    return {
      get bytes() {
        return lease.bytes;
      },
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.usedBytes -= capacity;
        lease[Symbol.dispose]();
      },
    };
  }
}
