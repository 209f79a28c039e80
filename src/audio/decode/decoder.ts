/**
 * A source as planar samples. Runs on the thread that made it, synchronously. Owns its container, and so the
 * source, and the codec.
 * Invariants: what comes out does not depend on how large the blocks are; the memory of a block is written
 * only inside {@link Decoder.read}, and native code keeps no pointer to it (docs/decisions/020).
 */
import {
  AV_CODEC_FLAG2_SKIP_MANUAL,
  AV_CODEC_ID_VORBIS,
  AVERROR_PATCHWELCOME,
  type AVSampleFormat,
} from 'node-av/constants';
import { type ChannelLayout, type Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { Block, BlockKind } from '../block.ts';
import { Spares } from '../kept.ts';
import { AGAIN, check, END } from '../native-error.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import type { Layout } from '../plan/channels.ts';
import { blockFormat } from '../sample-format.ts';
import type { Source } from '../sources/source.ts';
import { findCodec, openCodec } from './codec.ts';
import { type Container, openContainer } from './container.ts';
import { Damage } from './damage.ts';
import { describe } from './describe.ts';
import { SampleQueue } from './sample-queue.ts';
import { VorbisTrimming } from './vorbis-trimming.ts';

export interface Decoder extends Disposable {
  readonly info: AudioInfo;
  /** Frames of the audio file that were decoded so far, at its own rate. */
  readonly decodedFrames: number;
  /** Gathered while decoding; complete once {@link read} has returned 0. */
  readonly warnings: readonly string[];
  /**
   * To be called once, before the first `read`, where samples should come at another rate or as whole
   * numbers.
   */
  configure(kind: BlockKind, sampleRate: number): void;
  /**
   * Fills a block from its start. Only the last block of an audio file is shorter than its capacity.
   * @returns frames written; 0 at the end
   * @throws MillpondError `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
   */
  read(block: Block): number;
  close(): void;
  /** As {@link close}. */
  [Symbol.dispose](): void;
}

/**
 * Decodes the first frame of a source and takes the source over, also where it throws.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
 */
export function createDecoder(source: Source): Decoder {
  return new NativeDecoder(source);
}

const MOST_SPARES = 16;
const spareFrames = new Spares<Frame>(MOST_SPARES, (frame) => frame.free());
const sparePackets = new Spares<Packet>(MOST_SPARES, (packet) => packet.free());

/** Frames that are decoded before they move on together: many make the move cheap, few stay in cache. */
const QUEUE_FRAMES = 4096;

class NativeDecoder implements Decoder {
  readonly info: AudioInfo;
  decodedFrames = 0;

  readonly #container: Container;
  readonly #damage: Damage;
  /** Vorbis in Ogg only, whose ends need a second look. */
  readonly #trimming: VorbisTrimming | null;
  readonly #codec: Codec;
  readonly #context = new CodecContext();
  readonly #frame: Frame;
  readonly #packet: Packet;
  readonly #streamIndex: number;
  readonly #format: AVSampleFormat;
  readonly #relabel: Layout | null;

  /** The native frame holds samples that were not taken yet. */
  #primed = false;
  #draining = false;
  #closed = false;

  #target: AVSampleFormat = blockFormat('f32');
  #sampleRate: number;
  #queue: SampleQueue | null = null;

  constructor(source: Source) {
    this.#container = openContainer(source);
    this.#damage = new Damage(this.#container);
    this.#frame = spareFrames.take() ?? allocated(new Frame());
    this.#packet = sparePackets.take() ?? allocated(new Packet());
    const { stream, format } = this.#container;
    this.#streamIndex = stream.index;
    const oggVorbis = stream.codecpar.codecId === AV_CODEC_ID_VORBIS && format.iformat?.name === 'ogg';
    this.#trimming = oggVorbis ? this.#trimmed(source) : null;
    try {
      this.#codec = findCodec(this.#container);
      openCodec(this.#context, this.#codec, this.#container);
      this.#primed = this.#nextFrame();
      const frame = this.#primed ? this.#frame : null;
      const { info, ...described } = describe(this.#container, this.#codec, this.#context, frame);
      this.info = info;
      this.#format = described.format;
      this.#relabel = described.relabel;
      this.#sampleRate = info.sampleRate;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get warnings(): readonly string[] {
    return this.#damage.warnings;
  }

  configure(kind: BlockKind, sampleRate: number): void {
    this.#target = blockFormat(kind);
    this.#sampleRate = sampleRate;
  }

  read(block: Block): number {
    this.#queue ??= this.#openQueue();
    const queue = this.#queue;
    let filled = 0;
    while (filled < block.capacity) {
      if (!queue.mayHoldMore && !this.#takeFrames(queue)) {
        filled += this.#converted(queue.drain(block, filled, this.decodedFrames));
        break;
      }
      filled += this.#converted(queue.pull(block, filled));
    }
    return filled;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#frame.unref();
    this.#packet.unref();
    spareFrames.put(this.#frame);
    sparePackets.put(this.#packet);
    this.#queue?.close();
    this.#context.freeContext();
    this.#container[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #openQueue(): SampleQueue {
    const { layout, sampleRate } = this.info;
    return new SampleQueue(
      layout,
      { format: this.#format, rate: sampleRate },
      { format: this.#target, rate: this.#sampleRate },
    );
  }

  /** @returns whether any samples came */
  #takeFrames(queue: SampleQueue): boolean {
    let taken = 0;
    while (taken < QUEUE_FRAMES && (this.#primed || this.#nextFrame())) {
      this.#primed = false;
      const decoded = this.#frame.nbSamples;
      const frames = Math.min(decoded, this.#limit - this.decodedFrames);
      if (frames < decoded) this.#frame.nbSamples = frames;
      if (this.#relabel !== null) this.#frame.channelLayout = this.#relabel as ChannelLayout;
      if (queue.feed(this.#frame) < 0) throw this.#changed();
      this.decodedFrames += frames;
      taken += frames;
    }
    return taken > 0;
  }

  /** Decodes until the native frame holds samples. */
  #nextFrame(): boolean {
    for (;;) {
      const received = this.#context.receiveFrameSync(this.#frame);
      if (received >= 0) {
        if (this.#frame.nbSamples > 0 && this.decodedFrames < this.#limit) return true;
      } else if (received === END) {
        return this.#finish();
      } else if (received === AGAIN) {
        if (this.#draining) return this.#finish();
        this.#feed();
      } else {
        this.#damage.tolerate(received, this.decodedFrames);
      }
    }
  }

  #feed(): void {
    const packet = this.#packet;
    const result = this.#container.format.readFrameSync(packet);
    if (result < 0) {
      // The Ogg demuxer's answer to a link of another rate or other channels.
      if (result === AVERROR_PATCHWELCOME) throw this.#changed();
      if (result !== END) this.#damage.tolerate(result, this.decodedFrames);
      this.#draining = true;
      this.#context.sendPacketSync(null);
    } else {
      const wanted = packet.streamIndex === this.#streamIndex;
      const primes = wanted && this.#trimming?.correct(packet, this.decodedFrames);
      const sent = wanted ? this.#context.sendPacketSync(packet) : 0;
      packet.unref();
      if (sent < 0) this.#damage.tolerate(sent, this.decodedFrames);
      if (primes) this.#context.receiveFrameSync(this.#frame);
    }
  }

  #finish(): boolean {
    // No info yet where the end comes before the first frame.
    const announced = (this.info as AudioInfo | undefined)?.announcedFrames ?? 0;
    this.#damage.judge(this.decodedFrames, announced);
    return false;
  }

  get #limit(): number {
    return this.#trimming === null ? Number.POSITIVE_INFINITY : this.#trimming.limit;
  }

  #trimmed(source: Source): VorbisTrimming {
    return new VorbisTrimming(source, {
      beginAnew: (headers) => {
        this.#container.stream.codecpar.extradata = headers;
        this.#context.freeContext();
        openCodec(this.#context, this.#codec, this.#container);
      },
      stopTrimming: () => this.#context.setFlags2(AV_CODEC_FLAG2_SKIP_MANUAL),
    });
  }

  #converted(frames: number): number {
    return check(
      frames,
      'ERR_AUDIO_DECODE',
      () =>
        `Decoded samples convert into a block, got a failure after frame ${this.decodedFrames} of ${this.#name}.`,
    );
  }

  #changed(): MillpondError {
    return new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `An audio file keeps its rate, channels and sample format to the end, got a change after frame ${this.decodedFrames} of ${this.#name}. Split it there.`,
    );
  }

  get #name(): string {
    return jsonText(this.#container.source.name);
  }
}

function allocated<T extends { alloc(): void }>(native: T): T {
  native.alloc();
  return native;
}
