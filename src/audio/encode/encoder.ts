/**
 * Planar samples into a file. Runs on the thread that opened it, synchronously; it writes to the file it is given and
 * neither renames nor removes anything.
 * Invariants: the encoder gets frames of one size whatever the blocks were; native code sees the memory of a block
 * only while a conversion runs, because samples are converted straight into the native frame (docs/decisions/020).
 */
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_OPT_SEARCH_CHILDREN,
  AV_OPT_TYPE_INT,
  AV_OPT_TYPE_STRING,
  AV_PKT_DATA_SKIP_SAMPLES,
  AV_SAMPLE_FMT_S16,
  AV_SAMPLE_FMT_S32,
  AVFMT_FLAG_BITEXACT,
  AVFMT_GLOBALHEADER,
  AVIO_FLAG_WRITE,
  type AVSampleFormat,
  FF_COMPLIANCE_EXPERIMENTAL,
} from 'node-av/constants';
import {
  type ChannelLayout,
  Codec,
  CodecContext,
  Dictionary,
  FormatContext,
  Frame,
  IOContext,
  Packet,
  Rational,
} from 'node-av/lib';
import { MillpondError } from '../../errors.ts';
import type { Block } from '../block.ts';
import { type NativePlanes, sharedConverter } from '../converter.ts';
import { AGAIN, check, END, nativeReason, quote } from '../native-error.ts';
import type { Tags } from '../plan/audio-info.ts';
import type { TargetPlan } from '../plan/targets.ts';
import { blockFormat, storageOf } from '../sample-format.ts';

/** Frames per packet where the codec takes any number. Fixed, so that files don't depend on block sizes. */
const FREE_FRAME_SIZE = 8192;

export interface EncoderSpec extends TargetPlan {
  readonly tags: Tags;
}

export interface Encoder {
  /** Frames written so far. */
  readonly frames: number;
  /** @throws MillpondError `ERR_AUDIO_ENCODE`, `ERR_OUTPUT_WRITE` */
  write(block: Block, frames: number): void;
  /** Writes what is left and the trailer, and closes the file. @throws MillpondError as {@link write} */
  finish(): void;
  /** Closes the file as it is. Harmless after {@link finish}. */
  abort(): void;
}

/** The file an encoder writes. */
export interface EncoderFile {
  /** For messages. */
  readonly path: string;
  /** What is opened: absolute. */
  readonly handle: string;
}

/**
 * Opens a file for writing; what it held is lost.
 * @throws MillpondError `ERR_AUDIO_ENCODE` where the encoder refuses the parameters, `ERR_OUTPUT_WRITE`
 */
export function openEncoder(file: EncoderFile, spec: EncoderSpec): Encoder {
  return new FileEncoder(file, spec);
}

const codecs = new Map<string, Codec>();
const sparePackets: Packet[] = [];

/**
 * FFmpeg's FLAC encoder takes 7 MiB of zeroed memory for each file. Other allocations would nibble at a hole of this
 * size, and the next file would have to fault in new pages (5 ms instead of 0.6): so the hole is filled again at once.
 */
const spareContexts = new Map<string, CodecContext>();
const LARGE_ENCODERS = new Set(['flac']);

class FileEncoder implements Encoder {
  frames = 0;

  readonly #file: EncoderFile;
  readonly #spec: EncoderSpec;
  readonly #context: CodecContext;
  readonly #format = new FormatContext();
  readonly #io = new IOContext();
  readonly #frame = new Frame();
  readonly #packet: Packet;
  readonly #sampleFormat: AVSampleFormat;
  readonly #from: AVSampleFormat;
  readonly #bytesPerStep: number;

  #rescale: { from: Rational; to: Rational } | null = null;
  #codec: Codec | null = null;
  #planes: Buffer[] = [];
  #frameSize = 0;
  #filled = 0;
  #packets = 0;
  #flushing = false;
  #initialPadding = 0;
  readonly #pageBreak: number;
  #closed = false;

  constructor(file: EncoderFile, spec: EncoderSpec) {
    this.#file = file;
    this.#spec = spec;
    this.#from = blockFormat(spec.kind);
    // FFmpeg's own decoder miscounts Vorbis whose sound is all in one page, so a second page begins after two packets.
    this.#pageBreak = spec.encoder === 'libvorbis' ? 2 : -1;
    this.#context = spareContexts.get(spec.encoder) ?? new CodecContext();
    this.#packet = sparePackets.pop() ?? new Packet();
    try {
      const codec = findEncoder(spec.encoder);
      this.#codec = codec;
      this.#sampleFormat = chooseSampleFormat(codec, spec, this.#from);
      const storage = storageOf(this.#sampleFormat)!;
      this.#bytesPerStep = storage.planar ? storage.bytes : storage.bytes * spec.layout.nbChannels;
      this.#openCodec(codec);
      this.#openFile();
      this.#allocateFrame();
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  write(block: Block, frames: number): void {
    let taken = 0;
    while (taken < frames) {
      const step = Math.min(frames - taken, this.#frameSize - this.#filled);
      this.#fill(block, taken, step);
      taken += step;
      this.#filled += step;
      if (this.#filled === this.#frameSize) this.#send();
    }
  }

  finish(): void {
    if (this.#filled > 0) {
      this.#frame.nbSamples = this.#filled;
      this.#send();
    }
    this.#checkEncode(this.#context.sendFrameSync(null));
    this.#flushing = true;
    this.#drain();
    this.#checkWrite(this.#format.writeTrailerSync());
    this.#checkWrite(this.#close());
  }

  abort(): void {
    this.#close();
  }

  #openCodec(codec: Codec): void {
    const { spec, context } = { spec: this.#spec, context: this.#context };
    if (!spareContexts.delete(spec.encoder)) context.allocContext3(codec);
    context.sampleRate = spec.sampleRate;
    context.sampleFormat = this.#sampleFormat;
    context.channelLayout = spec.layout as ChannelLayout;
    context.timeBase = new Rational(1, spec.sampleRate);
    if (spec.bits !== null) context.bitsPerRawSample = spec.bits;
    if (spec.bitrate !== null) context.bitRate = BigInt(spec.bitrate);
    context.setFlags(AV_CODEC_FLAG_BITEXACT);
    this.#checkEncode(this.#format.allocOutputContext2(null, spec.muxer, null));
    if (this.#format.oformat!.flags & AVFMT_GLOBALHEADER) context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    // FFmpeg calls 32-bit FLAC experimental because few players know it; it decodes exactly. Set as an option of the
    // context: a Dictionary given to open2Sync is freed twice (docs/decisions/021).
    if (spec.encoder === 'flac' && spec.bits === 32) {
      this.#checkEncode(context.setOption('strict', FF_COMPLIANCE_EXPERIMENTAL, AV_OPT_TYPE_INT));
    }
    // FFmpeg's own channel map for Opus mixes up 5 and 7 channels; libopus' surround mode keeps all in place.
    if (spec.encoder === 'libopus' && spec.layout.nbChannels > 2) {
      this.#checkEncode(context.setOption('mapping_family', 1, AV_OPT_TYPE_INT, AV_OPT_SEARCH_CHILDREN));
    }
    this.#checkEncode(context.open2Sync(codec, null));
  }

  #openFile(): void {
    // An absolute path after `file:` is taken as it is, whatever characters it holds.
    this.#checkWrite(this.#io.open2Sync(`file:${this.#file.handle}`, AVIO_FLAG_WRITE));
    const format = this.#format;
    format.pb = this.#io;
    // Without it Ogg draws a random serial number and files of equal content would differ.
    format.flags = AVFMT_FLAG_BITEXACT;
    const stream = format.newStream(null);
    stream.timeBase = this.#context.timeBase;
    this.#checkEncode(stream.codecpar.fromContext(this.#context));
    this.#initialPadding = stream.codecpar.initialPadding;
    if (Object.keys(this.#spec.tags).length > 0) {
      format.metadata = Dictionary.fromObject({ ...this.#spec.tags });
    }
    // Room for the sizes of an RF64 header, which is written where a WAV's own would not hold more than 4 GiB.
    if (this.#spec.muxer === 'wav') {
      this.#checkEncode(format.setOption('rf64', 'auto', AV_OPT_TYPE_STRING, AV_OPT_SEARCH_CHILDREN));
    }
    this.#checkWrite(format.writeHeaderSync(null));
    const { timeBase } = stream;
    if (timeBase.num !== 1 || timeBase.den !== this.#spec.sampleRate) {
      this.#rescale = { from: this.#context.timeBase, to: timeBase };
    }
  }

  #allocateFrame(): void {
    const frame = this.#frame;
    this.#frameSize = this.#context.frameSize || FREE_FRAME_SIZE;
    frame.alloc();
    frame.nbSamples = this.#frameSize;
    frame.format = this.#sampleFormat;
    frame.sampleRate = this.#spec.sampleRate;
    frame.channelLayout = this.#spec.layout as ChannelLayout;
    this.#checkEncode(frame.getBuffer());
    this.#planes = frame.data!;
    this.#packet.alloc();
  }

  /** Converts part of a block straight into the native frame. */
  #fill(block: Block, at: number, frames: number): void {
    const from = this.#filled * this.#bytesPerStep;
    const channels = this.#spec.layout.nbChannels;
    if (this.#sampleFormat === this.#from) {
      for (let channel = 0; channel < channels; channel++) {
        const samples = block.planes[channel];
        this.#planes[channel].set(
          new Uint8Array(samples.buffer, samples.byteOffset + at * 4, frames * 4),
          from,
        );
      }
      return;
    }
    const out = from === 0 ? this.#planes : this.#planes.map((plane) => plane.subarray(from));
    const input: NativePlanes = at === 0 ? block.planes : block.planes.map((plane) => plane.subarray(at));
    const converter = sharedConverter(this.#spec.layout, this.#from, this.#sampleFormat);
    this.#checkEncode(converter.convert(out, frames, input, frames));
  }

  #send(): void {
    const frame = this.#frame;
    frame.pts = BigInt(this.frames);
    this.frames += this.#filled;
    this.#filled = 0;
    this.#checkEncode(this.#context.sendFrameSync(frame));
    this.#drain();
    if (!frame.isWritable) {
      // The encoder kept a reference to the samples: leave them to it and take new memory.
      this.#checkEncode(frame.makeWritable());
      this.#planes = frame.data!;
    }
  }

  #drain(): void {
    const packet = this.#packet;
    for (;;) {
      const received = this.#context.receivePacketSync(packet);
      if (received === AGAIN || received === END) return;
      this.#checkEncode(received);
      if (this.#rescale !== null) packet.rescaleTs(this.#rescale.from, this.#rescale.to);
      if (this.#packets === this.#pageBreak) this.#checkWrite(this.#format.writeFrameSync(null));
      this.#packets++;
      if (this.#flushing && this.#spec.encoder === 'libmp3lame') this.#markPadding(packet);
      this.#checkWrite(this.#format.writeFrameSync(packet));
    }
  }

  /**
   * The MP3 muxer takes the padding from the last packet, which knows only of its own: where the padding is longer
   * than one packet (one file in 25), the file would decode to up to 46 frames too many. So the packet is told all of it.
   */
  #markPadding(packet: Packet): void {
    const padding = this.#packets * this.#frameSize - this.#initialPadding - this.frames;
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
    this.#planes = [];
    this.#frame.free();
    this.#packet.free();
    sparePackets.push(this.#packet);
    this.#context.freeContext();
    if (LARGE_ENCODERS.has(this.#spec.encoder) && this.#codec !== null) {
      this.#context.allocContext3(this.#codec);
      spareContexts.set(this.#spec.encoder, this.#context);
    }
    this.#format.pb = null;
    const result = this.#io.closepSync();
    this.#format.freeContext();
    return result;
  }

  #checkEncode(result: number): void {
    check(
      result,
      'ERR_AUDIO_ENCODE',
      () =>
        `An encoder accepts the audio it is given, got ${this.#spec.sampleRate} Hz, ${this.#spec.layout.nbChannels} channels${this.#spec.bitrate === null ? '' : ` and ${this.#spec.bitrate} bit/s`} for ${this.#spec.encoder}. Try another rate, channel count or bit rate.`,
    );
  }

  #checkWrite(result: number): void {
    if (result >= 0) return;
    throw new MillpondError(
      'ERR_OUTPUT_WRITE',
      `An output is a file in a writable folder with room for it, got ${quote(this.#file.path)}: ${nativeReason(result)}. Free some space or choose another folder.`,
    );
  }
}

function findEncoder(name: string): Codec {
  let codec = codecs.get(name) ?? null;
  if (codec !== null) return codec;
  codec = Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]);
  if (codec === null) {
    throw new MillpondError(
      'ERR_AUDIO_UNSUPPORTED',
      `A target needs its encoder, got an FFmpeg without ${name}. Choose another target.`,
    );
  }
  codecs.set(name, codec);
  return codec;
}

/** What keeps the depth: 16-bit storage only for 16 bits, and for lossy encoders what a block holds, if they take it. */
function chooseSampleFormat(codec: Codec, spec: EncoderSpec, from: AVSampleFormat): AVSampleFormat {
  const formats = codec.sampleFormats ?? [];
  if (spec.encoder === 'flac') return spec.bits === 16 ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_S32;
  if (formats.includes(from)) return from;
  const floats = formats.find((format) => storageOf(format)?.type === 'float');
  return floats ?? formats[0];
}
