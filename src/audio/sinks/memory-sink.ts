/**
 * Leases as a sink: a chain that grows with what is written; or a file without a name, from the beginning or
 * from where the leases end. Owned by one task, whose result may take over what it wrote; until then it owns
 * that.
 * Invariants: all bytes are in the leases or all are in the file; every lease but the last is full; what was
 * never written is zero, as in any file; nothing is waited for.
 */
import { createSpool, type Spool, type SpooledFile } from '../../files/spool.ts';
import type { Lease } from '../../pool/lease.ts';
import type { Pool } from '../../pool/pool.ts';
import { copyFrom, copyTo } from '../chain.ts';
import type { Sink } from './sink.ts';

/** What is acquired first, and from which size on it is what the large tier has. */
const FIRST_BYTES = 65_536;
const LATER_BYTES = 1_048_576;

/** What was written, once it is committed: it belongs to whoever takes it. */
export interface Taken {
  /** All full but the last, which ends where the bytes do; `null` where it is a file. */
  readonly leases: Lease[] | null;
  readonly file: SpooledFile | null;
}

interface MemorySink extends Sink {
  take(): Taken;
}

/**
 * @param mostBytes what will be written at the most; `null` where that is not known
 * @throws MillpondError `ERR_OUTPUT_WRITE` where there is no file to be had, from `write` too
 */
export function createMemorySink(pool: Pool, mostBytes: number | null): MemorySink {
  const leases: Lease[] = [];
  const starts: number[] = [];
  let room = 0;
  let size = 0;
  let spool: Spool | null = null;
  if (mostBytes === null || mostBytes > pool.mostOutputBytes) spool = createSpool(pool.spoolFolder);

  const dropLeases = (): void => {
    for (const lease of leases.splice(0)) lease[Symbol.dispose]();
    starts.length = 0;
    room = 0;
  };
  const grown = (to: number): boolean => {
    if (to > pool.mostOutputBytes) return false;
    while (room < to) {
      // Their task is over before they are: so they leave the reserve to those that run.
      const large = room < LATER_BYTES ? null : pool.tryAcquire(LATER_BYTES);
      const lease = large ?? pool.tryAcquire(FIRST_BYTES);
      if (lease === null) return false;
      leases.push(lease);
      starts.push(room);
      room += lease.length;
    }
    return true;
  };
  const moveOver = (): Spool => {
    spool = createSpool(pool.spoolFolder);
    for (const [at, { bytes }] of leases.entries()) {
      spool.write(bytes.subarray(0, Math.max(0, size - starts[at])), starts[at]);
    }
    dropLeases();
    return spool;
  };
  const discard = (): void => {
    dropLeases();
    spool?.discard();
    size = 0;
  };
  return {
    name: 'memory',
    bytes: { kind: 'memory' },
    size: () => size,
    write(bytes, position) {
      const end = position + bytes.length;
      if (spool !== null || !grown(end)) (spool ?? moveOver()).write(bytes, position);
      else {
        // Recycled memory holds what others left there.
        if (position > size) copyTo({ leases, starts }, size, new Uint8Array(position - size));
        copyTo({ leases, starts }, position, bytes);
      }
      size = Math.max(size, end);
    },
    written: () => ({
      name: 'memory',
      size,
      end: size,
      bytes: { kind: 'memory' },
      read(target, position) {
        const wanted = target.subarray(0, Math.max(0, Math.min(target.length, size - position)));
        return spool === null ? copyFrom({ leases, starts }, position, wanted) : spool.read(wanted, position);
      },
      change: () => null,
      [Symbol.dispose]() {},
    }),
    commit: () => size,
    take() {
      if (spool !== null) return { leases: null, file: spool.finish() };
      const last = leases.at(-1);
      last?.resize(size - starts[leases.length - 1]);
      starts.length = 0;
      return { leases: leases.splice(0), file: null };
    },
    discard,
    [Symbol.dispose]: discard,
  };
}
