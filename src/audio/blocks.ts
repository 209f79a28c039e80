/**
 * The blocks of one file, one after the other in one lease, as large as is advised at the time. Synchronous;
 * owned by one job.
 * Invariants: a size changes between two blocks, never inside one; the lease is released on every path; no
 * more is asked of the reserve for running tasks than it holds for each of them: so a block can always be
 * had.
 */
import type { Lease } from '../pool/lease.ts';
import type { Pool } from '../pool/pool.ts';
import { Block, type BlockKind, blockBytes } from './block.ts';

/** How large blocks should be. */
interface BlockSize {
  /** Bytes of one block, all channels together; read again before every block. */
  readonly bytes: number;
  /** Milliseconds of audio that it may last at most; default: any. */
  readonly mostMilliseconds?: number;
  /** Frames of such a block, at a rate in Hz; asked instead of both where it is there, as a job's own is. */
  frames?(channels: number, sampleRate: number): number;
  /** Called with the bytes of samples of each block that was worked on. */
  processed?(bytes: number): void;
}

/** What the blocks of a file are like. */
export interface BlockShape {
  readonly channels: number;
  readonly kind: BlockKind;
  /** Hz. */
  readonly sampleRate: number;
}

export interface BlockSources {
  /** Lends each block. */
  readonly pool: Pool;
  /** Looked at before every block. */
  readonly signal: AbortSignal;
  /** How large blocks should be. A job passes its own context. */
  readonly block: BlockSize;
}

/** After so many blocks growth that the budget refused is tried again. */
const RETRY_BLOCKS = 64;

/** Lends a block again and again until the work says that it is done. */
export function withBlocks(
  { channels, kind, sampleRate }: BlockShape,
  { pool, signal, block: size }: BlockSources,
  work: (block: Block) => boolean,
): void {
  const { mostMilliseconds = Number.POSITIVE_INFINITY } = size;
  const mostBytes = (mostMilliseconds / 1000) * sampleRate * channels * 4;
  const bytesNow = (): number => {
    const frames = size.frames?.(channels, sampleRate);
    return blockBytes(
      frames === undefined ? Math.min(size.bytes, mostBytes) : frames * channels * 4,
      channels,
    );
  };
  const sure = blockBytes(pool.blockBytes, channels);
  const first = bytesNow();
  let lease = firstOf(first, sure, pool);
  let advised = lease.length;
  let untilRetry = lease.length === first ? 0 : RETRY_BLOCKS;
  try {
    const block = new Block(lease, channels, kind);
    do {
      signal.throwIfAborted();
      const now = bytesNow();
      if (now !== advised && --untilRetry < 0) {
        const other = resized(lease, now, sure, pool);
        if (other === null) untilRetry = RETRY_BLOCKS;
        else {
          lease = other;
          advised = lease.length;
          block.bind(lease);
        }
      }
    } while (work(block));
  } finally {
    // Not there any more where a smaller one could not be had.
    lease[Symbol.dispose]();
  }
}

/**
 * A lease for another size of block; what it held is lost. One that shrinks is changed for a smaller buffer
 * where a tier has one, since resizing alone would keep the large one; released first, since a
 * full budget cannot hold both. Null when the budget refuses growth.
 * @param sure bytes of a block that the reserve holds
 */
function resized(lease: Lease, bytes: number, sure: number, pool: Pool): Lease | null {
  const { capacity } = lease;
  if (pool.capacityFor(bytes) === capacity) {
    lease.resize(bytes);
    return lease;
  }
  if (bytes < capacity) {
    lease.release();
    return firstOf(bytes, sure, pool, true);
  }
  const other = pool.tryAcquire(bytes);
  if (other !== null) lease.release();
  return other;
}

/** A block of a job that has none. One that the reserve holds is waited for. */
function firstOf(bytes: number, sure: number, pool: Pool, exact = false): Lease {
  const larger = pool.capacityFor(bytes) > pool.capacityFor(sure);
  return (
    (larger ? pool.tryAcquire(bytes, { exact }) : null) ?? pool.acquire(Math.min(bytes, sure), { exact })
  );
}
