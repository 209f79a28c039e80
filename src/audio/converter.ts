/**
 * Changes of sample format through swresample, between planes that the caller gives: nothing is kept of their
 * memory after a call returns. Without a change of rate a converter keeps nothing between calls either, so
 * one per pair of formats serves the whole thread.
 */
import type { AVSampleFormat } from 'node-av/constants';
import { type ChannelLayout, type Frame, SoftwareResampleContext } from 'node-av/lib';
import { check } from './native-error.ts';
import { type Layout, mixMatrix, mustMix } from './plan/channels.ts';

/** Planes as native code takes them. Any view does; node-av asks for Buffers in its types only. */
export type NativePlanes = readonly ArrayBufferView[];

/** How samples are stored, and what they stand for. */
export interface ConverterForm {
  readonly format: AVSampleFormat;
  /** Hz. */
  readonly rate: number;
  readonly layout: Layout;
}

export class Converter {
  readonly #native = new SoftwareResampleContext();

  /**
   * Channels are mixed as `mixMatrix` says, where the layouts differ.
   * @throws MillpondError `ERR_AUDIO_UNSUPPORTED`
   */
  constructor(from: ConverterForm, to: ConverterForm) {
    const refused = () =>
      `Samples can be converted between any two formats, got ${from.format} to ${to.format}.`;
    const set = this.#native.allocSetOpts2(
      // Unchanged: swresample refuses frames that describe their layout in other words than it was told.
      to.layout as ChannelLayout,
      to.format,
      to.rate,
      from.layout as ChannelLayout,
      from.format,
      from.rate,
    );
    check(set, 'ERR_AUDIO_UNSUPPORTED', refused);
    if (mustMix(from.layout, to.layout)) {
      const weights = mixMatrix(from.layout, to.layout).flatMap((row) => [...row]);
      const mixed = this.#native.setMatrix(weights, from.layout.nbChannels);
      check(mixed, 'ERR_AUDIO_UNSUPPORTED', refused);
    }
    check(this.#native.init(), 'ERR_AUDIO_UNSUPPORTED', refused);
  }

  /** Converts between planes; both of the same length unless the rate changes. @returns frames written */
  convert(out: NativePlanes, outFrames: number, input: NativePlanes, inFrames: number): number {
    return this.#native.convertSync(out as Buffer[], outFrames, input as Buffer[], inFrames);
  }

  /**
   * Takes a native frame in, to be pulled later.
   * @returns a negative code when the frame is of another format
   */
  feed(frame: Frame): number {
    return this.#native.convertFrame(null, frame);
  }

  /** @returns frames written: fewer than asked when there are no more */
  pull(out: NativePlanes, frames: number): number {
    return this.#native.convertSync(out as Buffer[], frames, [], 0);
  }

  /** As {@link pull}, but also what a change of rate still holds when no more will be fed. */
  drain(out: NativePlanes, frames: number): number {
    return this.#native.convertSync(out as Buffer[], frames, null, 0);
  }

  close(): void {
    this.#native.free();
  }
}

const shared = new Map<string, Converter>();

/** The thread's converter between two formats at one rate; never to be closed. */
export function sharedConverter(layout: Layout, from: AVSampleFormat, to: AVSampleFormat): Converter {
  const key = `${layout.nbChannels} ${from} ${to}`;
  let converter = shared.get(key);
  if (converter === undefined) {
    // The positions don't matter where no channel is mixed, and the rate doesn't where it stays.
    const any = { nbChannels: layout.nbChannels, order: 0, mask: 0n };
    const same = { layout: any, rate: 48_000 };
    converter = new Converter({ ...same, format: from }, { ...same, format: to });
    shared.set(key, converter);
  }
  return converter;
}
