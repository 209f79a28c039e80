/**
 * A chain of leases as a source. The leases stay with whoever passes them, and live as long as it is read.
 */
import { MillpondError } from '../../errors.ts';
import type { Lease } from '../../pool/lease.ts';
import { type Chain, copyFrom } from '../chain.ts';
import type { Source } from './source.ts';

/** An audio file that lies in leases, one after the other. */
export interface AudioBytes {
  /** Each is full up to its `length`, but the last where `bytes` says so. */
  readonly leases: readonly Lease[];
  /** Of the whole. Default: all that the leases hold. */
  readonly bytes?: number;
  /** What messages call it. Default `memory`. */
  readonly name?: string;
}

/**
 * @throws MillpondError `ERR_INVALID_ARGUMENT` where `bytes` is more than the leases hold;
 * `ERR_LEASE_RELEASED` and `ERR_LEASE_MOVED` for a lease that has ended
 *
 */
export function openLeaseSource({ leases, bytes, name = 'memory' }: AudioBytes): Source {
  const chain: Chain = { leases, starts: [] };
  let held = 0;
  for (const lease of leases) {
    chain.starts.push(held);
    held += lease.bytes.length;
  }
  if (bytes !== undefined && !(bytes >= 0 && bytes <= held)) {
    throw new MillpondError(
      'ERR_INVALID_ARGUMENT',
      `An audio file in leases has as many bytes as they hold, ${held}, or fewer; got ${bytes}. Count what was filled.`,
    );
  }
  const size = bytes ?? held;
  return {
    name,
    size,
    end: size,
    bytes: { kind: 'memory' },
    read: (target, position) =>
      copyFrom(chain, position, target.subarray(0, Math.max(0, Math.min(target.length, size - position)))),
    change: () => null,
    [Symbol.dispose]() {},
  };
}
