/**
 * Decoded samples between the codec's frames and the caller's blocks, in the format and at the rate that the
 * blocks have. The converter is the queue: frames go in without becoming visible to JavaScript, and come out
 * into the block, in one call for many (docs/decisions/026). Owned by one decoder, on its thread.
 * Invariant: a converter goes on to the next file only when nothing is left in it.
 */
import type { AVSampleFormat } from 'node-av/constants';
import type { Frame } from 'node-av/lib';
import type { Block } from '../block.ts';
import { Converter, type NativePlanes } from '../converter.ts';
import { Spares } from '../kept.ts';
import type { Layout } from '../plan/channels.ts';

/** How samples are stored, and how many there are in a second. */
interface SampleForm {
  readonly format: AVSampleFormat;
  /** Hz. */
  readonly rate: number;
}

const MOST_SPARES = 16;

const spares = new Spares<Converter>(MOST_SPARES, (converter) => converter.close());

export class SampleQueue {
  readonly #channels: number;
  readonly #from: SampleForm;
  readonly #to: SampleForm;
  readonly #kind: string;
  readonly #converter: Converter;
  #pulled = 0;
  #mayHoldMore = false;
  #drained = false;

  /** @throws MillpondError `ERR_AUDIO_UNSUPPORTED` */
  constructor(layout: Layout, from: SampleForm, to: SampleForm) {
    this.#channels = layout.nbChannels;
    this.#from = from;
    this.#to = to;
    const { order, mask, nbChannels } = layout;
    this.#kind = [order, mask, nbChannels, from.format, to.format, from.rate].join();
    const spare = from.rate === to.rate ? spares.take(this.#kind) : null;
    this.#converter = spare ?? new Converter(layout, from, to);
  }

  /** The last pull filled all there was to fill, so another may find more. */
  get mayHoldMore(): boolean {
    return this.#mayHoldMore;
  }

  /** @returns a negative code when the frame is not what the first one was */
  feed(frame: Frame): number {
    return this.#converter.feed(frame);
  }

  /** Fills a block from frame `at` on. @returns frames written, or a negative code */
  pull(block: Block, at: number): number {
    const space = block.capacity - at;
    const written = this.#converter.pull(this.#planes(block, at), space);
    this.#mayHoldMore = written === space;
    this.#pulled += written;
    return written;
  }

  /**
   * As {@link pull}, when no frame comes any more. The filter of a change of rate rings a little past the
   * end; the sound keeps the length that its duration gives.
   * @param fedFrames all that went in
   */
  drain(block: Block, at: number, fedFrames: number): number {
    this.#drained = true;
    if (this.#to.rate === this.#from.rate) return 0;
    const length = Math.round((fedFrames * this.#to.rate) / this.#from.rate);
    const wanted = Math.min(block.capacity - at, Math.max(0, length - this.#pulled));
    if (wanted === 0) return 0;
    const written = this.#converter.drain(this.#planes(block, at), wanted);
    if (written < 0) return written;
    for (const plane of block.planes) plane.fill(0, at + written, at + wanted);
    this.#pulled += wanted;
    return wanted;
  }

  /** A converter that was emptied and keeps the rate holds nothing, and serves the next file of its kind. */
  close(): void {
    if (this.#drained && this.#to.rate === this.#from.rate) spares.put(this.#converter, this.#kind);
    else this.#converter.close();
  }

  #planes(block: Block, at: number): NativePlanes {
    if (at === 0) return block.planes;
    return block.planes.slice(0, this.#channels).map((plane) => plane.subarray(at));
  }
}
