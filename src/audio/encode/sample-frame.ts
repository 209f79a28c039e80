/**
 * The native frame that samples gather in until there are as many as the encoder takes. Blocks are converted
 * straight into its memory (docs/decisions/020). Owned by one encoder, on its thread.
 * Invariant: the planes are views of the memory that the frame has now; native code sees a block only inside
 * {@link fill}.
 */
import type { AVSampleFormat } from 'node-av/constants';
import { type ChannelLayout, Frame } from 'node-av/lib';
import type { Block, BlockKind } from '../block.ts';
import { type NativePlanes, sharedConverter } from '../converter.ts';
import type { Layout } from '../plan/channels.ts';
import { blockFormat, storageOf } from '../sample-format.ts';

interface SampleFrameForm {
  /** What the blocks hold. */
  readonly kind: BlockKind;
  /** What the encoder takes. */
  readonly format: AVSampleFormat;
  readonly layout: Layout;
  /** Hz. */
  readonly sampleRate: number;
}

export class SampleFrame {
  readonly native = new Frame();
  /** Frames (samples per channel) that it holds. */
  filled = 0;
  /** Frames that fit. */
  size = 0;
  readonly #form: SampleFrameForm;
  readonly #from: AVSampleFormat;
  readonly #bytesPerStep: number;
  #planes: Buffer[] = [];

  constructor(form: SampleFrameForm) {
    this.#form = form;
    this.#from = blockFormat(form.kind);
    const { planar, bytes } = storageOf(form.format)!;
    this.#bytesPerStep = planar ? bytes : bytes * form.layout.nbChannels;
  }

  /** @returns a negative code when there is no memory */
  allocate(size: number): number {
    const { native } = this;
    this.size = size;
    native.alloc();
    native.nbSamples = size;
    native.format = this.#form.format;
    native.sampleRate = this.#form.sampleRate;
    native.channelLayout = this.#form.layout as ChannelLayout;
    const result = native.getBuffer();
    if (result >= 0) this.#planes = native.data!;
    return result;
  }

  /**
   * Takes so many frames of a block, from `at` on; they must fit.
   * @returns a negative code when they cannot be converted
   */
  fill(block: Block, at: number, frames: number): number {
    const from = this.filled * this.#bytesPerStep;
    this.filled += frames;
    const { layout, format } = this.#form;
    if (format === this.#from) {
      for (let channel = 0; channel < layout.nbChannels; channel++) {
        const samples = block.planes[channel];
        const taken = new Uint8Array(samples.buffer, samples.byteOffset + at * 4, frames * 4);
        this.#planes[channel].set(taken, from);
      }
      return 0;
    }
    const out = from === 0 ? this.#planes : this.#planes.map((plane) => plane.subarray(from));
    const input: NativePlanes = at === 0 ? block.planes : block.planes.map((plane) => plane.subarray(at));
    return sharedConverter(layout, this.#from, format).convert(out, frames, input, frames);
  }

  /** What it holds, where the encoder takes channels in turn. */
  get samples(): Buffer {
    return this.#planes[0].subarray(0, this.filled * this.#bytesPerStep);
  }

  /**
   * Makes room for the next samples, once the encoder has the last: where it kept a reference to them, they
   * are left to it and there is new memory.
   * @returns a negative code when there is none
   */
  renew(): number {
    this.filled = 0;
    if (this.native.isWritable) return 0;
    const result = this.native.makeWritable();
    if (result >= 0) this.#planes = this.native.data!;
    return result;
  }

  free(): void {
    this.#planes = [];
    this.native.free();
  }
}
