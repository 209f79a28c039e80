/** Leases that hold nothing but one number, by which their contents are told apart. */
import type { Lease } from '../../src/pool/lease.ts';
import { LARGE, MEDIUM, SMALL, type TestShard } from '../stand.ts';

export function filled(shard: TestShard, bytes: number, mark: number): Lease {
  const lease = shard.acquire(bytes);
  lease.bytes.fill(mark);
  return lease;
}

/** All memory that is idle gets other contents. */
export function useAgain(shard: TestShard): void {
  const all = shard.idleCounts.flatMap((count, tier) =>
    Array.from({ length: count }, () => filled(shard, [SMALL, MEDIUM, LARGE][tier], 0xee)),
  );
  for (const lease of all) lease.release();
}

/** As Buffers, which compare in no time. */
export const marked = (bytes: number, mark: number): Buffer => Buffer.alloc(bytes, mark);
export const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

/** A matcher: nothing but this mark. */
export function is(mark: number): (bytes: Uint8Array) => boolean {
  return (bytes) => same(bytes, marked(bytes.length, mark));
}
