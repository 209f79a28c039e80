/**
 * SHA-256 of bytes and of samples. A digest of samples is that of the sound alone, whatever container and
 * codec hold it: of its samples as a WAV of that depth has them, channels in turn and little-endian. Owned by
 * one task.
 */
import type { Hash } from 'node:crypto';
import { type Bytes, KiB } from '../bytes.ts';
import type { Block } from './block.ts';
import type { BlockSources } from './blocks.ts';
import type { Source } from './sources/source.ts';

const PIECE_BYTES: Bytes = 64 * KiB;
/** Of samples that are put in order: holds whole frames of up to 8 channels at any depth. */
const ORDERED_BYTES: Bytes = 48 * KiB;

/**
 * Of all bytes of a source, which it takes over, in hex.
 * @throws the signal's reason, and what reading throws
 */
export function digestOf(source: Source, { pool, signal }: BlockSources): string {
  using _ = source;
  const hash = sha256();
  using lease = pool.acquire(Math.min(PIECE_BYTES, pool.blockBytes));
  const { bytes } = lease;
  for (let at = 0; at < source.size; ) {
    signal.throwIfAborted();
    const length = source.read(bytes, at);
    if (length === 0) break;
    hash.update(bytes.subarray(0, length));
    at += length;
  }
  return hash.digest('hex');
}

export class SampleDigest {
  readonly #hash = sha256();
  /** Of one sample. */
  readonly #bytes: number;
  readonly #ordered = Buffer.allocUnsafeSlow(ORDERED_BYTES);
  readonly #words = new Int32Array(this.#ordered.buffer);
  readonly #halves = new Int16Array(this.#ordered.buffer);

  /** @param bits of an integer sample: 8, 16, 24 or 32; `null` for 32-bit floats */
  constructor(bits: number | null) {
    this.#bytes = bits === null ? 4 : bits / 8;
  }

  /** Takes samples as an encoder does: channels in turn; those of 24 bits are the upper ones of 32. */
  addInterleaved(samples: Buffer): void {
    if (this.#bytes !== 3) {
      this.#hash.update(samples);
      return;
    }
    const all = new Int32Array(samples.buffer, samples.byteOffset, samples.length / 4);
    const most = ORDERED_BYTES / 3;
    for (let from = 0; from < all.length; from += most) {
      const some = all.subarray(from, from + most);
      this.#place(some, 0, 1);
      this.#hash.update(this.#ordered.subarray(0, some.length * 3));
    }
  }

  /** Takes the first frames of a block: of kind `f32` for floats, else `s32`. */
  addBlock({ planes }: Block, frames: number, channels: number): void {
    const most = Math.floor(ORDERED_BYTES / (this.#bytes * channels));
    for (let from = 0; from < frames; from += most) {
      const count = Math.min(most, frames - from);
      for (let channel = 0; channel < channels; channel++) {
        const { buffer, byteOffset } = planes[channel];
        // As whole numbers, floats too: what is no number could come out as another one.
        this.#place(new Int32Array(buffer, byteOffset + from * 4, count), channel, channels);
      }
      this.#hash.update(this.#ordered.subarray(0, count * channels * this.#bytes));
    }
  }

  /** In hex; nothing can be added any more. */
  end(): string {
    return this.#hash.digest('hex');
  }

  /** Puts the upper bytes of samples in order: every `step`th place from `first` on is theirs. */
  #place(samples: Int32Array, first: number, step: number): void {
    const [ordered, halves, words] = [this.#ordered, this.#halves, this.#words];
    const { length } = samples;
    if (this.#bytes === 4) for (let i = 0, at = first; i < length; i++, at += step) words[at] = samples[i];
    else if (this.#bytes === 2) {
      for (let i = 0, at = first; i < length; i++, at += step) halves[at] = samples[i] >> 16;
    } else if (this.#bytes === 3) {
      for (let i = 0, at = first * 3; i < length; i++, at += step * 3) {
        const sample = samples[i];
        ordered[at] = sample >> 8;
        ordered[at + 1] = sample >> 16;
        ordered[at + 2] = sample >> 24;
      }
    } else {
      // Those of 8 bits are stored without a sign.
      for (let i = 0, at = first; i < length; i++, at += step) ordered[at] = (samples[i] >> 24) + 128;
    }
  }
}

/** `node:crypto` takes each thread some 5 ms to load: so only where a digest is asked for. */
function sha256(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}
