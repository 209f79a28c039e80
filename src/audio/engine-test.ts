/**
 * What this machine's FFmpeg makes of fixed clips. Its float code depends on what the CPU can do, so two
 * machines with the same versions may write other bytes and read other samples; where all of this agrees,
 * so does what they make of other files. Synchronous; runs on one thread.
 */
import { crc32 } from 'node:zlib';
import { getFFmpegInfo } from 'node-av/lib';
import type { Lease } from '../pool/lease.ts';
import { scaledImage } from './covers/scaled-image.ts';
import { type AudioJobContext, decodeBlocks } from './decoded-blocks.ts';
import { createEncoder } from './encode/encoder.ts';
import { openDecoder } from './open-decoder.ts';
import type { TranscodeSettings } from './plan/request.ts';
import { planTarget, type TargetPlan } from './plan/targets.ts';
import { createMemorySink } from './sinks/memory-sink.ts';
import { NO_TAG_WRITER } from './tags/write/tag-writer.ts';
import { transcode } from './transcode.ts';

/** What differs between machines that do not make the same bytes. */
export interface EngineTest {
  /** Versions of FFmpeg's libraries. */
  readonly libraries: Readonly<Record<string, string>>;
  /** Checksums of what was written and read, of covers what was made of them, by what it was. */
  readonly results: Readonly<Record<string, string>>;
}

const RATE = 44_100;
const CHANNELS = 2;
/** A third of a second: blocks of every codec, its longest windows among them. */
const FRAMES = 14_700;
const HEAD_BYTES = 44;
/** Pixels of a picture, with rows of whole words. */
const SIDE = 100;
const BITMAP_HEAD_BYTES = 54;

/** Every codec that is written, the resampler, and the kernels. */
const WRITTEN: readonly TranscodeSettings[] = [
  { to: 'flac' },
  { to: 'mp3' },
  { to: 'mp3', bitrate: 64_000, channels: 1, rate: 22_050 },
  { to: 'opus' },
  { to: 'opus', bitrate: 24_000, channels: 1 },
  { to: 'ogg' },
  { to: 'm4a' },
  { to: 'wav', rate: 48_000, bits: 24 },
  { to: 'wav', rate: 16_000, channels: 1, gainDb: -1.5, fadeInSeconds: 0.1 },
];

/** Codecs with float code that are read and not written: what FFmpeg's own encoder makes is read back. */
const READ: readonly Pick<TargetPlan, 'encoder' | 'muxer'>[] = [
  { encoder: 'ac3', muxer: 'ac3' },
  { encoder: 'eac3', muxer: 'eac3' },
  { encoder: 'wmav1', muxer: 'asf' },
  { encoder: 'wmav2', muxer: 'asf' },
];

export function testEngine(context: AudioJobContext): EngineTest {
  using clip = context.pool.acquire(HEAD_BYTES + FRAMES * CHANNELS * 2);
  fill(clip);
  const results: Record<string, string> = {};
  const keep = (name: string, leases: readonly Lease[]): void => {
    using held = new DisposableStack();
    for (const lease of leases) held.use(lease);
    const written = leases.reduce((checksum, { bytes }) => crc32(bytes, checksum), 0);
    results[name] = `${hex(written)} ${hex(samplesOf(leases, context))}`;
  };
  for (const settings of WRITTEN) {
    const { leases } = transcode(
      { ...settings, input: { leases: [clip] }, output: { leases: true } },
      context,
    );
    keep(JSON.stringify(settings), leases ?? []);
  }
  for (const codec of READ) keep(codec.encoder, encoded(clip, codec, context));
  Object.assign(results, covers());
  return { libraries: getFFmpegInfo().libraries, results };
}

/** A picture made smaller, from plain pixels and then from JPEG. */
function covers(): Record<string, string> {
  const pixels = bitmap();
  const [first, second] = [64, 40];
  const fromPixels = scaledImage(pixels, { mime: 'image/bmp', width: SIDE, height: SIDE }, first);
  const fromJpeg =
    fromPixels && scaledImage(fromPixels, { mime: 'image/jpeg', width: first, height: first }, second);
  return { 'cover of pixels': checksumOf(fromPixels), 'cover of jpeg': checksumOf(fromJpeg) };
}

function checksumOf(bytes: Buffer | null): string {
  return bytes === null ? 'none' : hex(crc32(bytes));
}

/** A BMP of lines and colours, the same on every machine. */
function bitmap(): Buffer {
  const bytes = Buffer.alloc(BITMAP_HEAD_BYTES + SIDE * SIDE * 3);
  bytes.write('BM', 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(BITMAP_HEAD_BYTES, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(SIDE, 18);
  bytes.writeInt32LE(SIDE, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let at = BITMAP_HEAD_BYTES; at < bytes.length; at++) bytes[at] = (at * at) >> 5;
  return bytes;
}

/** The clip in a codec that is not among the targets. */
function encoded(
  clip: Lease,
  codec: Pick<TargetPlan, 'encoder' | 'muxer'>,
  context: AudioJobContext,
): Lease[] {
  using decoder = openDecoder({ leases: [clip] });
  const plan = { ...planTarget(decoder.info, { to: 'm4a', bitrate: 128_000 }), ...codec };
  decoder.configure(plan.kind, plan.sampleRate);
  using sink = createMemorySink(context.pool, FRAMES * CHANNELS * 4);
  using encoder = createEncoder(sink, { ...plan, tagWriter: NO_TAG_WRITER });
  const shape = { channels: CHANNELS, kind: plan.kind, sampleRate: plan.sampleRate };
  decodeBlocks(decoder, shape, context, (block, frames) => {
    encoder.write(block, frames);
    return 0;
  });
  encoder.finish();
  sink.commit();
  return sink.take().leases ?? [];
}

/** Checksum of the samples that it decodes to. */
function samplesOf(leases: readonly Lease[], context: AudioJobContext): number {
  using decoder = openDecoder({ leases });
  const { channels, sampleRate } = decoder.info;
  // A channel's samples by themselves, so that it does not matter where blocks end.
  const checksums: number[] = new Array(channels).fill(0);
  decodeBlocks(decoder, { channels, kind: 'f32', sampleRate }, context, (block, frames) => {
    for (let at = 0; at < channels; at++) {
      const { buffer, byteOffset } = block.channel(at);
      checksums[at] = crc32(new Uint8Array(buffer, byteOffset, frames * 4), checksums[at]);
    }
    return 0;
  });
  return crc32(checksums.map(hex).join());
}

/** A WAV of tones and noise in whole numbers, the same on every machine. */
function fill({ bytes }: Lease): void {
  const wav = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  wav.write('RIFF    WAVEfmt ', 'latin1');
  wav.writeUInt32LE(bytes.length - 8, 4);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(CHANNELS, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * CHANNELS * 2, 28);
  wav.writeUInt16LE(CHANNELS * 2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(bytes.length - HEAD_BYTES, 40);
  let noise = 1;
  for (let frame = 0; frame < FRAMES; frame++) {
    // It starts quiet, with a click in the middle, which makes encoders change their windows.
    const loudness = Math.min(frame, 8000) + (frame === FRAMES / 2 ? 8000 : 0);
    for (let channel = 0; channel < CHANNELS; channel++) {
      noise = (Math.imul(noise, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      const tone = triangle(frame * (channel === 0 ? 441 : 523)) + triangle(frame * 3301);
      const sample = Math.trunc((loudness * (2 * tone + (noise >> 16) - 16_384)) / 32_768);
      wav.writeInt16LE(sample, HEAD_BYTES + (frame * CHANNELS + channel) * 2);
    }
  }
}

/** -16384 to 16384 and back, in `RATE` steps. */
function triangle(step: number): number {
  const at = Math.trunc(((step % RATE) * 65_536) / RATE);
  return at < 32_768 ? at - 16_384 : 49_152 - at;
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
