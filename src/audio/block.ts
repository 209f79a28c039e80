/**
 * A block: a planar window of audio in one lease, channel after channel. Owned by one job on one thread.
 * Invariant: every view it returns lies inside the lease as it was at the last {@link Block.bind};
 * views die when the lease is resized or released. Taking and releasing the lease is the caller's part.
 */
import type { Lease } from '../pool/lease.ts';

/** `f32`: samples from -1 to 1. `s32`: whole 32-bit samples, for sources that Float32 would round. */
export type BlockKind = 'f32' | 's32';

export type Plane = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

const BYTES_PER_SAMPLE = 4;

/** Planes start at multiples of 64 bytes where the block is long enough, so SIMD code takes its fast path. */
const ALIGNED_FRAMES = 16;

/** Bytes of a lease that holds at least one frame and is as near to `bytes` as whole samples allow. */
export function blockBytes(bytes: number, channels: number): number {
  const frame = channels * BYTES_PER_SAMPLE;
  return Math.max(frame, Math.floor(bytes / frame) * frame);
}

export class Block {
  /** Planes, 1 to 8. */
  readonly channels: number;
  /** What the planes hold. */
  readonly kind: BlockKind;
  /** Most frames (samples per channel) that fit. At least 1. */
  capacity = 0;
  #planes: Plane[] = [];

  /** @param channels 1 to 8: as many planes as the job ever needs at once. */
  constructor(lease: Lease, channels: number, kind: BlockKind = 'f32') {
    this.channels = channels;
    this.kind = kind;
    this.bind(lease);
  }

  /**
   * Lays the planes out anew. To be called after every `resize` of the lease; what the block held is lost.
   */
  bind(lease: Lease): void {
    const whole: Plane = this.kind === 'f32' ? lease.float32 : lease.int32;
    const fit = Math.floor(lease.length / BYTES_PER_SAMPLE / this.channels);
    this.capacity = fit > ALIGNED_FRAMES ? fit - (fit % ALIGNED_FRAMES) : fit;
    this.#planes = [];
    for (let channel = 0; channel < this.channels; channel++) {
      this.#planes.push(whole.subarray(channel * this.capacity, (channel + 1) * this.capacity));
    }
  }

  /** One channel's samples. Only for blocks of kind `f32`. */
  channel(index: number): Float32Array<ArrayBuffer> {
    return this.#planes[index] as Float32Array<ArrayBuffer>;
  }

  /** The planes as they lie in the lease, for either kind. */
  get planes(): readonly Plane[] {
    return this.#planes;
  }
}
