/**
 * A file as planar samples. Runs on the thread that opened it, synchronously.
 * Invariants: what comes out does not depend on how large the blocks are; the memory of a block is written only
 * inside {@link Decoder.read}, and native code keeps no pointer to it (docs/decisions/020).
 */
import {
  AV_CODEC_FLAG2_SKIP_MANUAL,
  AV_CODEC_ID_FLAC,
  AV_CODEC_ID_VORBIS,
  AV_CODEC_PROP_LOSSLESS,
  AV_EF_CRCCHECK,
  AV_EF_EXPLODE,
  AV_OPT_TYPE_INT,
  AV_PKT_DATA_NEW_EXTRADATA,
  AV_PKT_DATA_SKIP_SAMPLES,
  type AVCodecID,
  AVERROR_PATCHWELCOME,
  type AVSampleFormat,
} from 'node-av/constants';
import { type ChannelLayout, Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import type { Block, BlockKind } from '../block.ts';
import { Converter, type NativePlanes } from '../converter.ts';
import { AGAIN, check, END, nativeReason, quote } from '../native-error.ts';
import type { AudioInfo } from '../plan/audio-info.ts';
import { type Layout, MAX_CHANNELS, namedLayout } from '../plan/channels.ts';
import { blockFormat, depthOf, storageOf } from '../sample-format.ts';
import { openSource, type Source } from './container.ts';
import { oggLinks } from './ogg-links.ts';
import { readTags } from './tags.ts';

export interface Decoder {
  readonly info: AudioInfo;
  /** Frames of the recording that were decoded so far, at its own rate. */
  readonly decodedFrames: number;
  /** Gathered while decoding; complete once {@link read} has returned 0. */
  readonly warnings: readonly string[];
  /** To be called once, before the first `read`, where samples should come at another rate or as whole numbers. */
  configure(kind: BlockKind, sampleRate: number): void;
  /**
   * Fills a block from its start. Only the last block of a recording is shorter than its capacity.
   * @returns frames written; 0 at the end
   * @throws MillpondError `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
   */
  read(block: Block): number;
  close(): void;
}

/**
 * Opens a recording and decodes its first frame.
 * @throws MillpondError `ERR_AUDIO_OPEN`, `ERR_AUDIO_NO_STREAM`, `ERR_AUDIO_DECODE`, `ERR_AUDIO_UNSUPPORTED`
 */
export function openDecoder(path: string): Decoder {
  return new FileDecoder(path);
}

const codecs = new Map<AVCodecID, Codec | null>();
const spareFrames: Frame[] = [];
const sparePackets: Packet[] = [];
const spareConverters = new Map<string, Converter>();
const SPARE_CONVERTERS = 16;

/** FFmpeg's time base of a whole file. */
const MICROSECONDS = 1_000_000;

/** Containers that store how long they are; others are measured by their size, or guessed. */
const TELLS_LENGTH = /^(aiff|au|caf|mp3|mov,|matroska,)/;
/** Priming and padding may or may not be counted. */
const LENGTH_TOLERANCE_FRAMES = 8192;

/** Hz. Twice the fastest converters there are; beyond it the header is wrong. */
const MAX_SAMPLE_RATE = 1_536_000;

/** Frames that are decoded before they move on together: enough to make the move cheap, few enough to stay in cache. */
const QUEUE_FRAMES = 4096;

class FileDecoder implements Decoder {
  readonly info: AudioInfo;
  readonly warnings: string[];
  decodedFrames = 0;

  readonly #path: string;
  readonly #source: Source;
  readonly #context = new CodecContext();
  readonly #frame: Frame;
  readonly #packet: Packet;
  readonly #streamIndex: number;

  #format: AVSampleFormat;
  /** The native frame holds samples that were not taken yet. */
  #primed = false;
  #draining = false;
  #damaged = 0;
  #closed = false;
  /** Vorbis in Ogg, whose ends need a second look. */
  #oggVorbis = false;
  #firstPacket = true;
  /** What each link of the file says it holds, once it is known to matter; which of them is being decoded. */
  #links: number[] | null = null;
  #link = 0;
  #linkEnd = Number.POSITIVE_INFINITY;
  /** What {@link decodedFrames} may become at most: known when the last packet of a link is. */
  #limit = Number.POSITIVE_INFINITY;

  #target: AVSampleFormat = blockFormat('f32');
  #sampleRate: number;
  #converter: Converter | null = null;
  #converterKey = '';
  /** The last pull filled all there was to fill, so the converter may hold more. */
  #mayHoldMore = false;
  #drained = false;
  #delivered = 0;
  /** Set where the stream does not name its speakers: swresample would take its frames for another format's. */
  #relabel: Layout | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#source = openSource(path);
    this.warnings = [...this.#source.warnings];
    this.#frame = spareFrames.pop() ?? allocated(new Frame());
    this.#packet = sparePackets.pop() ?? allocated(new Packet());
    const { stream, format } = this.#source;
    this.#streamIndex = stream.index;
    this.#oggVorbis = stream.codecpar.codecId === AV_CODEC_ID_VORBIS && format.iformat?.name === 'ogg';
    try {
      const codec = this.#openCodec();
      this.#primed = this.#nextFrame();
      this.#format = this.#primed ? (this.#frame.format as AVSampleFormat) : this.#context.sampleFormat;
      this.info = this.#describe(codec, this.#primed);
      this.#sampleRate = this.info.sampleRate;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  configure(kind: BlockKind, sampleRate: number): void {
    this.#target = blockFormat(kind);
    this.#sampleRate = sampleRate;
  }

  /**
   * The converter is also the queue between codec frames and blocks: frames go in without becoming visible to
   * JavaScript, and come out into the block, in one call for many (docs/decisions/026).
   */
  read(block: Block): number {
    this.#converter ??= this.#openConverter();
    let filled = 0;
    while (filled < block.capacity) {
      if (!this.#mayHoldMore && !this.#takeFrames(this.#converter)) {
        filled += this.#drain(block, this.#converter, filled);
        break;
      }
      const space = block.capacity - filled;
      const written = this.#converted(
        this.#converter.pull(outputAt(block, this.info.channels, filled), space),
      );
      this.#mayHoldMore = written === space;
      filled += written;
    }
    this.#delivered += filled;
    return filled;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#frame.unref();
    this.#packet.unref();
    spareFrames.push(this.#frame);
    sparePackets.push(this.#packet);
    this.#closeConverter();
    this.#context.freeContext();
    this.#source.close();
  }

  #openConverter(): Converter {
    const { layout, sampleRate } = this.info;
    const { order, mask, nbChannels } = layout;
    this.#converterKey = [order, mask, nbChannels, this.#format, this.#target, sampleRate].join();
    const spare = sampleRate === this.#sampleRate ? spareConverters.get(this.#converterKey) : undefined;
    if (spare !== undefined) {
      spareConverters.delete(this.#converterKey);
      return spare;
    }
    return new Converter(
      layout,
      { format: this.#format, rate: sampleRate },
      { format: this.#target, rate: this.#sampleRate },
    );
  }

  /** One that was emptied and does not change the rate holds nothing, and serves the next file of its kind. */
  #closeConverter(): void {
    if (this.#converter === null) return;
    if (
      this.#drained &&
      this.#sampleRate === this.info.sampleRate &&
      spareConverters.size < SPARE_CONVERTERS
    ) {
      spareConverters.get(this.#converterKey)?.close();
      spareConverters.set(this.#converterKey, this.#converter);
    } else {
      this.#converter.close();
    }
  }

  /** The filter rings a little past the end; the recording keeps the length that its duration gives. */
  #drain(block: Block, converter: Converter, filled: number): number {
    this.#drained = true;
    if (this.#sampleRate === this.info.sampleRate) return 0;
    const length = Math.round((this.decodedFrames * this.#sampleRate) / this.info.sampleRate);
    const wanted = Math.min(block.capacity - filled, Math.max(0, length - this.#delivered - filled));
    if (wanted === 0) return 0;
    const written = this.#converted(converter.drain(outputAt(block, this.info.channels, filled), wanted));
    for (const plane of block.planes) plane.fill(0, filled + written, filled + wanted);
    return wanted;
  }

  #converted(frames: number): number {
    return check(
      frames,
      'ERR_AUDIO_DECODE',
      () =>
        `Decoded samples convert into a block, got a failure after frame ${this.decodedFrames} of ${quote(this.#path)}.`,
    );
  }

  #openCodec(): Codec {
    const parameters = this.#source.stream.codecpar;
    const id = parameters.codecId;
    let codec = codecs.get(id);
    if (codec === undefined) {
      codec = Codec.findDecoder(id);
      codecs.set(id, codec);
    }
    if (codec === null) {
      throw new MillpondError(
        'ERR_AUDIO_UNSUPPORTED',
        `An input is in a codec that FFmpeg decodes, got codec number ${id} in ${quote(this.#path)}. Convert it first.`,
      );
    }
    this.#openContext(codec);
    return codec;
  }

  #openContext(codec: Codec): void {
    const parameters = this.#source.stream.codecpar;
    this.#context.allocContext3(codec);
    const refused = () => `A decoder accepts its stream's parameters, got ${quote(this.#path)}.`;
    check(this.#context.parametersToContext(parameters), 'ERR_AUDIO_DECODE', refused);
    // Without the stream's time base the decoder could not cut off what the container marks as padding.
    this.#context.pktTimebase = this.#source.stream.timeBase;
    // FFmpeg verifies no checksum of its own accord and would pass on damaged samples.
    if (parameters.hasProperties(AV_CODEC_PROP_LOSSLESS)) {
      this.#context.setOption('err_detect', AV_EF_CRCCHECK | AV_EF_EXPLODE, AV_OPT_TYPE_INT);
    }
    check(this.#context.open2Sync(codec, null), 'ERR_AUDIO_DECODE', refused);
  }

  #describe(codec: Codec, primed: boolean): AudioInfo {
    const sampleRate = primed ? this.#frame.sampleRate : this.#context.sampleRate;
    const native = primed ? this.#frame.channelLayout : this.#context.channelLayout;
    const storage = storageOf(this.#format);
    if (storage === null || sampleRate <= 0 || native.nbChannels <= 0) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `A recording has a rate, channels and samples, got none in ${quote(this.#path)}. The file is damaged or cut off.`,
      );
    }
    if (native.nbChannels > MAX_CHANNELS) {
      throw new MillpondError(
        'ERR_AUDIO_UNSUPPORTED',
        `A recording has at most ${MAX_CHANNELS} channels, got ${native.nbChannels} in ${quote(this.#path)}. Split or mix it first.`,
      );
    }
    if (sampleRate > MAX_SAMPLE_RATE) {
      throw new MillpondError(
        'ERR_AUDIO_UNSUPPORTED',
        `A recording has at most ${MAX_SAMPLE_RATE} Hz, got ${sampleRate} in ${quote(this.#path)}. Its header is wrong: mend or leave it out.`,
      );
    }
    const { stream, format } = this.#source;
    const { timeBase, duration } = stream;
    const layout = namedLayout(native);
    if (layout !== native) this.#relabel = layout;
    const seconds =
      duration > 0n
        ? (Number(duration) * timeBase.num) / timeBase.den
        : Number(format.duration) / MICROSECONDS;
    return {
      sampleRate,
      channels: native.nbChannels,
      layout,
      codec: codec.name ?? String(codec.id),
      sampleFormat: storage.name,
      depth: depthOf(storage, this.#context.bitsPerRawSample),
      lossless: stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS),
      announcedFrames: seconds > 0 ? Math.round(seconds * sampleRate) : null,
      tags: readTags(format, stream),
    };
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
        this.#tolerate(received);
      }
    }
  }

  #feed(): void {
    const packet = this.#packet;
    const result = this.#source.format.readFrameSync(packet);
    if (result < 0) {
      // The Ogg demuxer's answer to a link of another rate or other channels.
      if (result === AVERROR_PATCHWELCOME) throw this.#changed();
      if (result !== END) this.#tolerate(result);
      this.#draining = true;
      this.#context.sendPacketSync(null);
    } else {
      const wanted = packet.streamIndex === this.#streamIndex;
      const primes = wanted && this.#oggVorbis && this.#correctTrimming(packet);
      const sent = wanted ? this.#context.sendPacketSync(packet) : 0;
      packet.unref();
      if (sent < 0) this.#tolerate(sent);
      if (primes) this.#context.receiveFrameSync(this.#frame);
    }
  }

  /**
   * FFmpeg miscounts Vorbis that fits in one page: it takes the first packet, which only primes the decoder, for
   * sound, and then cuts too much off the end or nothing. In a chained file it takes the first packet of each further link
   * for sound. What the pages say is right (docs/decisions/022).
   * @returns whether the packet only primes the decoder: what it yields is no sound
   */
  #correctTrimming(packet: Packet): boolean {
    const first = this.#firstPacket;
    this.#firstPacket = false;
    const headers = first ? null : packet.getSideData(AV_PKT_DATA_NEW_EXTRADATA);
    const miscounted = headers !== null || (first && packet.pts === 0n);
    if (headers !== null) this.#openLink(headers);
    if (miscounted) {
      this.#context.setFlags2(AV_CODEC_FLAG2_SKIP_MANUAL);
      this.#links ??= oggLinks(this.#source.fd, this.#source.size);
      this.#linkEnd = this.decodedFrames + (this.#links[this.#link] || Number.POSITIVE_INFINITY);
      this.#limit = Number.POSITIVE_INFINITY;
    }
    // Only the last packet of a link has something to cut off, so nothing before it can be lost.
    if (this.#links !== null && packet.getSideData(AV_PKT_DATA_SKIP_SAMPLES) !== null) {
      this.#limit = this.#linkEnd;
    }
    return miscounted;
  }

  /** FFmpeg's decoder would go on with the code books of the link before, and make noise of the next. */
  #openLink(headers: Buffer): void {
    const { codecpar } = this.#source.stream;
    this.#link++;
    codecpar.extradata = headers;
    this.#context.freeContext();
    this.#openContext(codecs.get(codecpar.codecId)!);
  }

  /** A lossy stream plays on over a lost packet, as every player does; from a lossless one nothing may be missing. */
  #tolerate(result: number): void {
    this.#damaged++;
    if (this.#source.stream.codecpar.hasProperties(AV_CODEC_PROP_LOSSLESS)) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `A lossless recording decodes without error, got damage after frame ${this.decodedFrames} of ${quote(this.#path)}: ${nativeReason(result)}. Restore the file.`,
      );
    }
  }

  #finish(): boolean {
    if (this.#damaged > 0 && this.decodedFrames === 0) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `A recording holds audio that decodes, got ${this.#damaged} damaged packets and nothing else in ${quote(this.#path)}. Restore the file.`,
      );
    }
    this.#compareLength();
    if (this.#damaged > 0) this.#warnOnce(`Skipped ${this.#damaged} damaged packets.`);
    return false;
  }

  /** FFmpeg drops FLAC frames that it does not recognize without a word, and ends a cut-off WAV where it ends. */
  #compareLength(): void {
    const { codecpar, duration } = this.#source.stream;
    const container = this.#source.format.iformat?.name;
    if (
      container === 'flac' &&
      codecpar.codecId === AV_CODEC_ID_FLAC &&
      duration > BigInt(this.decodedFrames)
    ) {
      throw new MillpondError(
        'ERR_AUDIO_DECODE',
        `A lossless recording decodes without error, got ${this.decodedFrames} of ${duration} frames of ${quote(this.#path)}. Restore the file.`,
      );
    }
    // Not there yet where the end comes before the first frame.
    const announced = (this.info as AudioInfo | undefined)?.announcedFrames ?? 0;
    const short =
      TELLS_LENGTH.test(container ?? '') &&
      announced - this.decodedFrames > LENGTH_TOLERANCE_FRAMES &&
      this.#damaged === 0;
    const unknown = container === 'wav' && duration <= 0n && this.decodedFrames > 0;
    if (this.#source.cutOff || short || unknown) {
      this.#warnOnce('The file is cut off, or its header is wrong: what there is of it was taken.');
    }
  }

  #warnOnce(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  /** @returns whether any samples came */
  #takeFrames(converter: Converter): boolean {
    let taken = 0;
    while (taken < QUEUE_FRAMES && (this.#primed || this.#nextFrame())) {
      this.#primed = false;
      const decoded = this.#frame.nbSamples;
      const frames = Math.min(decoded, this.#limit - this.decodedFrames);
      if (frames < decoded) this.#frame.nbSamples = frames;
      if (this.#relabel !== null) this.#frame.channelLayout = this.#relabel as ChannelLayout;
      if (converter.feed(this.#frame) < 0) throw this.#changed();
      this.decodedFrames += frames;
      taken += frames;
    }
    return taken > 0;
  }

  #changed(): MillpondError {
    return new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `A recording keeps its rate, channels and sample format to the end, got a change after frame ${this.decodedFrames} of ${quote(this.#path)}. Split it there.`,
    );
  }
}

function outputAt(block: Block, channels: number, at: number): NativePlanes {
  if (at === 0) return block.planes;
  return block.planes.slice(0, channels).map((plane) => plane.subarray(at));
}

function allocated<T extends { alloc(): void }>(native: T): T {
  native.alloc();
  return native;
}
