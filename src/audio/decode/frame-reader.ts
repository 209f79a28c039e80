/**
 * The frames of one stream, as its codec gives them, trimmed to what is sound. Owns its container and its
 * codec; the source stays with the decoder, which reads the links of a chained file one after the other.
 * Invariant: no frame that was given out holds more than the stream says there is.
 */
import { AV_CODEC_FLAG2_SKIP_MANUAL, AV_CODEC_ID_VORBIS } from 'node-av/constants';
import { type Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { Spares } from '../kept.ts';
import { AGAIN, END } from '../native-error.ts';
import { findCodec, openCodec } from './codec.ts';
import { type Container, openContainer } from './container.ts';
import { Damage } from './damage.ts';
import { announcedFrames } from './describe.ts';
import type { Recognized } from './recognize.ts';
import { mp3Trimming, type Trimming } from './trimming.ts';
import { VorbisTrimming } from './vorbis-trimming.ts';

const MOST_SPARES = 16;
const spareFrames = new Spares<Frame>(MOST_SPARES, (frame) => frame.free());
const sparePackets = new Spares<Packet>(MOST_SPARES, (packet) => packet.free());

export class FrameReader implements Disposable {
  /** Holds samples after {@link next} has found some, until the next call. */
  readonly frame: Frame;
  /** Frames (samples per channel) that it holds. */
  held = 0;
  readonly container: Container;
  readonly codec: Codec;
  readonly context = new CodecContext();
  readonly #damage: Damage;
  readonly #packet: Packet;
  readonly #streamIndex: number;
  /** Vorbis in Ogg, and MP3 as a stream, whose ends need a second look. */
  readonly #trimming: Trimming | null;
  /** Given out so far, and the rate of the first of them: Hz. */
  #frames = 0;
  #rate = 0;
  #draining = false;
  #closed = false;

  /**
   * @param shown one stream, or several side by side
   * @param lastPosition of a link of Ogg, what its last page says, asked once that was read; 0 where it
   * does not
   * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`,
   * `ERR_AUDIO_UNSUPPORTED`
   */
  constructor(shown: Recognized, lastPosition: () => number = () => 0) {
    this.container = openContainer(shown);
    this.#damage = new Damage(this.container);
    this.frame = spareFrames.take() ?? allocated(new Frame());
    this.#packet = sparePackets.take() ?? allocated(new Packet());
    const { stream } = this.container;
    this.#streamIndex = stream.index;
    this.#trimming = this.#trimmingFor(shown, lastPosition);
    try {
      this.codec = findCodec(this.container);
      openCodec(this.context, this.codec, this.container);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Gathered while decoding; complete once {@link next} has returned false. */
  get warnings(): readonly string[] {
    return this.#damage.warnings;
  }

  /** Whether something did not decode, or is missing; complete as {@link warnings} are. */
  get damaged(): boolean {
    return this.#damage.found;
  }

  /**
   * Decodes until the native frame holds samples.
   * @returns false at the end
   * @throws MillpondError `ERR_AUDIO_DECODE`
   */
  next(): boolean {
    const { frame } = this;
    for (;;) {
      const received = this.context.receiveFrameSync(frame);
      if (received >= 0) {
        const decoded = frame.nbSamples;
        const kept = this.#trimming?.keep(frame, this.#frames) ?? decoded;
        if (kept <= 0) continue;
        if (kept < decoded) frame.nbSamples = kept;
        if (this.#frames === 0) this.#rate = frame.sampleRate;
        this.#frames += kept;
        this.held = kept;
        return true;
      }
      if (received === END || (received === AGAIN && this.#draining)) {
        this.#damage.judge(this.#frames, announcedFrames(this.container, this.#rate) ?? 0);
        return false;
      }
      if (received === AGAIN) this.#feed();
      else if (!this.#damage.refused(received, this.#frames)) this.#end();
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.frame.unref();
    this.#packet.unref();
    spareFrames.put(this.frame);
    sparePackets.put(this.#packet);
    this.context.freeContext();
    this.container[Symbol.dispose]();
  }

  #trimmingFor({ format, mp3 }: Recognized, lastPosition: () => number): Trimming | null {
    const { stream } = this.container;
    if (mp3 !== null) return mp3Trimming(mp3, stream);
    if (stream.codecpar.codecId !== AV_CODEC_ID_VORBIS || format !== 'ogg') return null;
    return new VorbisTrimming(lastPosition, () => this.context.setFlags2(AV_CODEC_FLAG2_SKIP_MANUAL));
  }

  #feed(): void {
    const packet = this.#packet;
    const result = this.container.format.readFrameSync(packet);
    if (result < 0) {
      this.container.rethrow();
      if (result !== END) this.#damage.tolerate(result, this.#frames);
      this.#end();
      return;
    }
    const wanted = packet.streamIndex === this.#streamIndex;
    const primes = wanted && this.#trimming?.correct(packet);
    const sent = wanted ? this.context.sendPacketSync(packet) : 0;
    packet.unref();
    if (sent < 0 && !this.#damage.refused(sent, this.#frames)) this.#end();
    if (primes) this.context.receiveFrameSync(this.frame);
  }

  /** What the decoder still holds comes out, and then no more. */
  #end(): void {
    this.#draining = true;
    this.context.sendPacketSync(null);
  }
}

function allocated<T extends { alloc(): void }>(native: T): T {
  native.alloc();
  return native;
}
