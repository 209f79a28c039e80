/**
 * Planar samples into a sink. Runs on the thread that made it, synchronously; it writes to the sink and
 * neither commits nor discards it.
 * Invariant: the encoder gets frames of one size whatever the blocks were.
 */
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_FLAG_QSCALE,
  AV_OPT_SEARCH_CHILDREN,
  AV_OPT_TYPE_INT,
  AV_OPT_TYPE_STRING,
  AV_PKT_DATA_NEW_EXTRADATA,
  AV_PKT_DATA_SKIP_SAMPLES,
  AVFMT_FLAG_BITEXACT,
  AVFMT_GLOBALHEADER,
  type AVSampleFormat,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import {
  type ChannelLayout,
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Packet,
  Rational,
} from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import { jsonText } from '../../text/escaping.ts';
import type { Block, BlockKind } from '../block.ts';
import type { SampleDigest } from '../digest.ts';
import { remembered, Spares } from '../kept.ts';
import { AGAIN, check, END, nativeReason } from '../native-error.ts';
import type { TargetPlan } from '../plan/targets.ts';
import { blockFormat, storageOf } from '../sample-format.ts';
import type { Sink } from '../sinks/sink.ts';
import type { TagWriter } from '../tags/write/tag-writer.ts';
import { type Output, openOutput, writeHead } from './output.ts';
import { type EncoderQuirks, muxerOptions, quirksOf } from './quirks.ts';
import { SampleFrame } from './sample-frame.ts';

/** Frames per packet where the codec takes any number. Fixed, so that files don't depend on block sizes. */
const FREE_FRAME_SIZE = 8192;

interface EncoderSpec extends TargetPlan {
  readonly tagWriter: TagWriter;
}

export interface Encoder extends Disposable {
  /** Frames written so far. */
  readonly frames: number;
  /** @throws MillpondError `ERR_AUDIO_ENCODE`, `ERR_OUTPUT_WRITE` */
  write(block: Block, frames: number): void;
  /** Writes what is left and the trailer, and lets go of the sink. @throws MillpondError as {@link write} */
  finish(): void;
  /** Lets go of the sink as it is. Harmless after {@link finish}. */
  [Symbol.dispose](): void;
}

/**
 * Begins to write to a sink; what it held is lost.
 * @param digest gets all samples of a lossless target, as they go into the codec
 * @throws MillpondError `ERR_AUDIO_ENCODE` where the encoder refuses the parameters, `ERR_OUTPUT_WRITE`
 */
export function createEncoder(sink: Sink, spec: EncoderSpec, digest: SampleDigest | null = null): Encoder {
  return new NativeEncoder(sink, spec, digest);
}

const encoderOf = remembered((name: string) =>
  Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]),
);

const MOST_SPARES = 16;
/** Freed already: only the wrappers are kept. */
const sparePackets = new Spares<Packet>(MOST_SPARES, () => {});

/** Allocated for the encoder of that name. */
const spareContexts = new Spares<CodecContext>(1, (context) => context.freeContext());

class NativeEncoder implements Encoder {
  frames = 0;

  readonly #sink: Sink;
  readonly #spec: EncoderSpec;
  readonly #digest: SampleDigest | null;
  readonly #quirks: EncoderQuirks;
  readonly #codec: Codec;
  readonly #context: CodecContext;
  readonly #format = new FormatContext();
  #output: Output | null = null;
  readonly #frame: SampleFrame;
  readonly #packet: Packet;

  #rescale: { from: Rational; to: Rational } | null = null;
  #packets = 0;
  #flushing = false;
  #initialPadding = 0;
  /** What the codec says of the sound: all of it with its last packet. */
  #header: Buffer | null = null;
  #closed = false;

  constructor(sink: Sink, spec: EncoderSpec, digest: SampleDigest | null) {
    this.#sink = sink;
    this.#spec = spec;
    this.#digest = digest;
    this.#quirks = quirksOf(spec.encoder);
    this.#codec = findEncoder(spec.encoder);
    const format = this.#quirks.sampleFormat?.(spec) ?? chooseSampleFormat(this.#codec, spec.kind);
    this.#frame = new SampleFrame({ ...spec, format });
    const spare = spareContexts.take(spec.encoder);
    this.#context = spare ?? new CodecContext();
    this.#packet = sparePackets.take() ?? new Packet();
    try {
      if (spare === null) this.#context.allocContext3(this.#codec);
      this.#openCodec(format);
      this.#openMuxer();
      this.#checkEncode(this.#frame.allocate(this.#context.frameSize || FREE_FRAME_SIZE));
      this.#packet.alloc();
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  write(block: Block, frames: number): void {
    const frame = this.#frame;
    let taken = 0;
    while (taken < frames) {
      const step = Math.min(frames - taken, frame.size - frame.filled);
      this.#checkEncode(frame.fill(block, taken, step));
      taken += step;
      if (frame.filled === frame.size) this.#send();
    }
  }

  finish(): void {
    if (this.#frame.filled > 0) {
      this.#frame.native.nbSamples = this.#frame.filled;
      this.#send();
    }
    this.#checkEncode(this.#context.sendFrameSync(null));
    this.#flushing = true;
    this.#drain();
    this.#checkWrite(this.#format.writeTrailerSync());
    this.#checkWrite(this.#close());
    this.#spec.tagWriter.finish(this.#sink, this.#header);
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #openCodec(format: AVSampleFormat): void {
    const spec = this.#spec;
    const context = this.#context;
    context.sampleRate = spec.sampleRate;
    context.sampleFormat = format;
    context.channelLayout = spec.layout as ChannelLayout;
    context.timeBase = new Rational(1, spec.sampleRate);
    if (spec.bits !== null) context.bitsPerRawSample = spec.bits;
    if (spec.bitrate !== null) context.bitRate = BigInt(spec.bitrate);
    if (spec.quality !== null) {
      context.setFlags(AV_CODEC_FLAG_QSCALE);
      context.globalQuality = Math.round(spec.quality * FF_QP2LAMBDA);
    }
    context.setFlags(AV_CODEC_FLAG_BITEXACT);
    this.#checkEncode(this.#format.allocOutputContext2(null, spec.muxer, null));
    if (this.#format.oformat!.flags & AVFMT_GLOBALHEADER) context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    // As options of the context: a Dictionary given to open2Sync is freed twice (docs/decisions/021).
    for (const [name, value] of Object.entries(this.#quirks.options?.(spec) ?? {})) {
      this.#checkEncode(context.setOption(name, value, AV_OPT_TYPE_INT, AV_OPT_SEARCH_CHILDREN));
    }
    this.#checkEncode(context.open2Sync(this.#codec, null));
  }

  #openMuxer(): void {
    const format = this.#format;
    const { tagWriter, muxer } = this.#spec;
    const header = this.#context.extraData;
    this.#header = header && Buffer.from(header);
    this.#output = openOutput(tagWriter.through(this.#sink));
    this.#checkWrite(this.#output.opened);
    this.#checkWrite(writeHead(this.#output, tagWriter.head(this.#header)));
    format.pb = this.#output.io;
    // Without it Ogg draws a random serial number and files of equal content would differ.
    format.flags = AVFMT_FLAG_BITEXACT;
    const stream = format.newStream(null);
    stream.timeBase = this.#context.timeBase;
    this.#checkEncode(stream.codecpar.fromContext(this.#context));
    this.#initialPadding = stream.codecpar.initialPadding;
    if (Object.keys(tagWriter.metadata).length > 0) {
      format.metadata = Dictionary.fromObject({ ...tagWriter.metadata });
    }
    const options = { ...muxerOptions(muxer), ...tagWriter.muxerOptions, ...this.#output.options };
    for (const [name, value] of Object.entries(options)) {
      this.#checkEncode(format.setOption(name, value, AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN));
    }
    this.#checkWrite(format.writeHeaderSync(null));
    const { timeBase } = stream;
    if (timeBase.num !== 1 || timeBase.den !== this.#spec.sampleRate) {
      this.#rescale = { from: this.#context.timeBase, to: timeBase };
    }
  }

  #send(): void {
    const frame = this.#frame;
    frame.native.pts = BigInt(this.frames);
    this.frames += frame.filled;
    this.#digest?.addInterleaved(frame.samples);
    this.#checkEncode(this.#context.sendFrameSync(frame.native));
    this.#drain();
    this.#checkEncode(frame.renew());
  }

  #drain(): void {
    const packet = this.#packet;
    for (;;) {
      const received = this.#context.receivePacketSync(packet);
      if (received === AGAIN || received === END) return;
      this.#checkEncode(received);
      if (this.#rescale !== null) packet.rescaleTs(this.#rescale.from, this.#rescale.to);
      if (this.#packets === this.#quirks.pageBreak) this.#checkWrite(this.#format.writeFrameSync(null));
      this.#packets++;
      if (this.#flushing) this.#takeHeader(packet);
      if (this.#flushing && this.#quirks.understatesPadding) this.#tellPadding(packet);
      this.#checkWrite(this.#format.writeFrameSync(packet));
    }
  }

  /** The context has it, too, but with another MD5 once it was asked for more packets. */
  #takeHeader(packet: Packet): void {
    const header = packet.getSideData(AV_PKT_DATA_NEW_EXTRADATA);
    if (header !== null) this.#header = Buffer.from(header);
  }

  #tellPadding(packet: Packet): void {
    const padding = this.#packets * this.#frame.size - this.#initialPadding - this.frames;
    const skip = packet.getSideData(AV_PKT_DATA_SKIP_SAMPLES);
    if (skip === null || padding <= skip.readUInt32LE(4)) return;
    const told = Buffer.from(skip);
    told.writeUInt32LE(padding, 4);
    packet.freeSideData();
    this.#checkEncode(packet.addSideData(AV_PKT_DATA_SKIP_SAMPLES, told));
  }

  #close(): number {
    if (this.#closed) return 0;
    this.#closed = true;
    this.#frame.free();
    this.#packet.free();
    sparePackets.put(this.#packet);
    this.#context.freeContext();
    if (this.#quirks.largeContext) {
      this.#context.allocContext3(this.#codec);
      spareContexts.put(this.#context, this.#spec.encoder);
    }
    this.#format.pb = null;
    const result = this.#output?.close() ?? 0;
    this.#format.freeContext();
    return result;
  }

  #checkEncode(result: number): void {
    check(result, 'ERR_AUDIO_ENCODE', () => {
      const { encoder, sampleRate, layout, bitrate } = this.#spec;
      const bits = bitrate === null ? '' : ` and ${bitrate} bit/s`;
      const got = `${sampleRate} Hz, ${layout.nbChannels} channels${bits} for ${encoder}`;
      return `An encoder accepts the audio it is given, got ${got}. Try another rate, channel count or bit rate.`;
    });
  }

  #checkWrite(result: number): void {
    if (result >= 0) return;
    this.#output?.rethrow();
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `An output is a file in a writable folder with room for it, got ${jsonText(this.#sink.name)}: ${nativeReason(result)}. Free some space or choose another folder.`,
    );
  }
}

function findEncoder(name: string): Codec {
  const codec = encoderOf(name);
  if (codec !== null) return codec;
  throw new MillpondError(
    'ERR_AUDIO_UNSUPPORTED',
    `A target needs its encoder, got an FFmpeg without ${name}. Choose another target.`,
  );
}

/** What a block holds, if the encoder takes it; else floats, if it takes any; else what it has. */
function chooseSampleFormat(codec: Codec, kind: BlockKind): AVSampleFormat {
  const formats = codec.sampleFormats ?? [];
  const held = blockFormat(kind);
  if (formats.includes(held)) return held;
  return formats.find((format) => storageOf(format)?.type === 'float') ?? formats[0];
}
