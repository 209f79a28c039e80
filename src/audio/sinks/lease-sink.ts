/**
 * Leases as a sink: a chain that grows with what is written. Owned by one task, whose result may take the
 * leases over; until then it owns them.
 * Invariants: every lease but the last is full; what was never written is zero, as in a file.
 *
 */
import type { Lease } from '../../pool/lease.ts';
import type { Pool } from '../../pool/pool.ts';
import { copyTo } from '../chain.ts';
import type { Sink } from './sink.ts';

/** What is acquired first, and from which size on it is what the large tier has. */
const FIRST_BYTES = 65_536;
const LATER_BYTES = 1_048_576;

interface LeaseSink extends Sink {
  /**
   * The leases, which belong to the caller from now on; all full but the last, which ends where the bytes do.
   */
  take(): Lease[];
}

/** @throws what the pool throws, from `write` too */
export function createLeaseSink(pool: Pool, name = 'memory'): LeaseSink {
  const leases: Lease[] = [];
  const starts: number[] = [];
  let room = 0;
  let size = 0;
  const grow = (to: number): void => {
    while (room < to) {
      const lease = pool.acquire(room < LATER_BYTES ? FIRST_BYTES : LATER_BYTES);
      leases.push(lease);
      starts.push(room);
      room += lease.length;
    }
  };
  const discard = (): void => {
    for (const lease of leases.splice(0)) lease[Symbol.dispose]();
    starts.length = 0;
    room = 0;
    size = 0;
  };
  return {
    name,
    bytes: { kind: 'memory' },
    size: () => size,
    write(bytes, position) {
      grow(position + bytes.length);
      // Recycled memory holds what others left there.
      if (position > size) copyTo({ leases, starts }, size, new Uint8Array(position - size));
      copyTo({ leases, starts }, position, bytes);
      size = Math.max(size, position + bytes.length);
    },
    commit: () => size,
    take() {
      const last = leases.at(-1);
      last?.resize(size - starts[leases.length - 1]);
      starts.length = 0;
      return leases.splice(0);
    },
    discard,
    [Symbol.dispose]: discard,
  };
}
