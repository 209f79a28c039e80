/**
 * The blocks of one file, one after the other in one lease, as large as is advised at the time. Synchronous;
 * owned by one job.
 * Invariants: a size changes between two blocks, never inside one; the lease is released on every path.
 */
import { isMillpondError } from '../errors.ts';
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
  let advised = bytesNow();
  let untilRetry = 0;
  let lease = pool.acquire(advised);
  try {
    const block = new Block(lease, channels, kind);
    do {
      signal.throwIfAborted();
      const now = bytesNow();
      if (now !== advised && --untilRetry < 0) {
        const other = resized(lease, now, pool);
        if (other === null) untilRetry = RETRY_BLOCKS;
        else {
          lease = other;
          advised = now;
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
 * full budget cannot hold both. Null when the budget refuses growth: without waiting, since more memory would
 * only have made the job faster.
 */
function resized(lease: Lease, bytes: number, pool: Pool): Lease | null {
  const { capacity } = lease;
  if (pool.capacityFor(bytes) === capacity) {
    lease.resize(bytes);
    return lease;
  }
  if (bytes < capacity) {
    lease.release();
    return pool.acquire(bytes, { exact: true });
  }
  try {
    const other = pool.acquire(bytes, { timeoutMs: 0 });
    lease.release();
    return other;
  } catch (error) {
    if (isMillpondError(error) && error.code === 'ERR_BUDGET_EXHAUSTED') return null;
    throw error;
  }
}
