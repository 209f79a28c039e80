/**
 * Decoded samples between the codec's frames and the caller's blocks, in the format and at the rate that the
 * blocks have. The converter is the queue: frames go in without becoming visible to JavaScript, and come out
 * into the block, in one call for many (docs/decisions/026). Owned by one decoder, on its thread.
 * Invariant: a converter goes on to the next file only when nothing is left in it.
 */
import type { Frame } from 'node-av/lib';
import type { Block } from '../block.ts';
import { Converter, type ConverterForm, type NativePlanes } from '../converter.ts';
import { Spares } from '../kept.ts';

const MOST_SPARES = 16;

const spares = new Spares<Converter>(MOST_SPARES, (converter) => converter.close());

export class SampleQueue {
  /** Frames that came out. */
  pulled = 0;
  readonly #channels: number;
  /** Whether it may hold samples that no pull has seen. */
  readonly #resamples: boolean;
  readonly #kind: string;
  readonly #converter: Converter;
  #mayHoldMore = false;
  #drained = false;

  /** @throws MillpondError `ERR_AUDIO_UNSUPPORTED` */
  constructor(from: ConverterForm, to: ConverterForm) {
    this.#channels = to.layout.nbChannels;
    this.#resamples = from.rate !== to.rate;
    this.#kind = [from, to].map(kindOf).join();
    this.#converter = (this.#resamples ? null : spares.take(this.#kind)) ?? new Converter(from, to);
  }

  /** Something was fed since the last pull, or that one filled all there was to fill. */
  get mayHoldMore(): boolean {
    return this.#mayHoldMore;
  }

  /** @returns a negative code when the frame is not what the first one was */
  feed(frame: Frame): number {
    const result = this.#converter.feed(frame);
    if (result >= 0) this.#mayHoldMore = true;
    return result;
  }

  /** Fills a block from frame `at` on. @returns frames written, or a negative code */
  pull(block: Block, at: number): number {
    const space = block.capacity - at;
    const written = this.#converter.pull(this.#planes(block, at), space);
    this.#mayHoldMore = written === space;
    this.pulled += written;
    return written;
  }

  /**
   * As {@link pull}, when no frame comes any more. The filter of a change of rate rings a little past the
   * end; the sound keeps the length that its duration gives.
   * @param length frames that come out of it in all
   */
  drain(block: Block, at: number, length: number): number {
    this.#drained = true;
    if (!this.#resamples) return 0;
    const wanted = Math.min(block.capacity - at, Math.max(0, length - this.pulled));
    if (wanted === 0) return 0;
    const written = this.#converter.drain(this.#planes(block, at), wanted);
    if (written < 0) return written;
    for (const plane of block.planes) plane.fill(0, at + written, at + wanted);
    this.pulled += wanted;
    return wanted;
  }

  /** A converter that was emptied and keeps the rate holds nothing, and serves the next of its kind. */
  close(): void {
    if (this.#drained && !this.#resamples) spares.put(this.#converter, this.#kind);
    else this.#converter.close();
  }

  #planes(block: Block, at: number): NativePlanes {
    if (at === 0) return block.planes;
    return block.planes.slice(0, this.#channels).map((plane) => plane.subarray(at));
  }
}

function kindOf({ layout: { order, mask, nbChannels }, format, rate }: ConverterForm): string {
  return [order, mask, nbChannels, format, rate].join();
}
