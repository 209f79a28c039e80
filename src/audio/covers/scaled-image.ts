/**
 * A picture made smaller, as JPEG, by FFmpeg's own decoders, scaler and encoder. Synchronous. A thread keeps
 * the last one that it made, since the files of an album have the same.
 */
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_QSCALE,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  type AVPixelFormat,
  FF_QP2LAMBDA,
  SWS_ACCURATE_RND,
  SWS_AREA,
  SWS_BITEXACT,
  SWS_FULL_CHR_H_INP,
  type SwsFlags,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import { remembered } from '../kept.ts';
import type { ImageKind } from './image-kind.ts';

/** FFmpeg's names of what reads them. */
const DECODERS: Readonly<Record<string, string>> = {
  'image/jpeg': 'mjpeg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/bmp': 'bmp',
};
/** Of 2 to 31: nobody sees a difference at the size of a cover. */
const QUALITY = 3;
const FLAGS = (SWS_AREA | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP) as SwsFlags;

let last: { readonly from: Buffer; readonly size: number; readonly made: Buffer | null } | null = null;
/** What is kept of it at most: the picture and what was made of it. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

const decoderOf = remembered((name: string) =>
  Codec.findDecoderByName(name as Parameters<typeof Codec.findDecoderByName>[0]),
);
const encoderOf = remembered((name: string) =>
  Codec.findEncoderByName(name as Parameters<typeof Codec.findEncoderByName>[0]),
);

/**
 * @param size pixels of its longer side
 * @returns null where it cannot be decoded
 */
export function scaledImage(bytes: Buffer, kind: ImageKind, size: number): Buffer | null {
  if (last !== null && last.size === size && last.from.equals(bytes)) return last.made;
  const made = scale(bytes, kind, size);
  last = bytes.length + (made?.length ?? 0) <= MOST_KEPT_BYTES ? { from: bytes, size, made } : null;
  return made;
}

function scale(bytes: Buffer, kind: ImageKind, size: number): Buffer | null {
  using native = new DisposableStack();
  const frame = decoded(native, bytes, kind);
  if (frame === null) return null;
  const { width, height } = frame;
  const ratio = size / Math.max(width, height);
  const smaller = allocated(native, {
    width: Math.max(1, Math.round(width * ratio)),
    height: Math.max(1, Math.round(height * ratio)),
  });
  if (smaller === null) return null;
  const scaler = new SoftwareScaleContext();
  native.defer(() => scaler.freeContext());
  const from = frame.format as AVPixelFormat;
  scaler.getContext(width, height, from, smaller.width, smaller.height, AV_PIX_FMT_YUVJ420P, FLAGS);
  if (scaler.initContext() < 0 || scaler.scaleFrameSync(smaller, frame) < 0) return null;
  return encoded(native, smaller);
}

function decoded(native: DisposableStack, bytes: Buffer, { mime }: ImageKind): Frame | null {
  const codec = decoderOf(DECODERS[mime] ?? '');
  if (codec === null) return null;
  const context = new CodecContext();
  context.allocContext3(codec);
  native.defer(() => context.freeContext());
  // Threads of its own would be more than the runtime knows of.
  context.threadCount = 1;
  if (context.open2Sync(codec, null) < 0) return null;
  const packet = packetOf(native);
  packet.data = bytes;
  if (context.sendPacketSync(packet) < 0) return null;
  // A picture is one frame; some decoders give it only when they know that no more comes.
  context.sendPacketSync(null);
  const frame = new Frame();
  frame.alloc();
  native.defer(() => frame.free());
  return context.receiveFrameSync(frame) < 0 ? null : frame;
}

function allocated(
  native: DisposableStack,
  { width, height }: Pick<ImageKind, 'width' | 'height'>,
): Frame | null {
  const frame = new Frame();
  frame.alloc();
  native.defer(() => frame.free());
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUVJ420P;
  frame.colorRange = AVCOL_RANGE_JPEG;
  return frame.getBuffer() < 0 ? null : frame;
}

function encoded(native: DisposableStack, frame: Frame): Buffer | null {
  const codec = encoderOf('mjpeg');
  if (codec === null) return null;
  const context = new CodecContext();
  context.allocContext3(codec);
  native.defer(() => context.freeContext());
  context.threadCount = 1;
  context.width = frame.width;
  context.height = frame.height;
  context.pixelFormat = AV_PIX_FMT_YUVJ420P;
  context.colorRange = AVCOL_RANGE_JPEG;
  context.timeBase = new Rational(1, 1);
  context.setFlags(AV_CODEC_FLAG_BITEXACT);
  context.setFlags(AV_CODEC_FLAG_QSCALE);
  context.globalQuality = QUALITY * FF_QP2LAMBDA;
  if (context.open2Sync(codec, null) < 0) return null;
  frame.quality = QUALITY * FF_QP2LAMBDA;
  frame.pts = 0n;
  if (context.sendFrameSync(frame) < 0) return null;
  const packet = packetOf(native);
  if (context.receivePacketSync(packet) < 0 || packet.data === null) return null;
  return Buffer.from(packet.data);
}

function packetOf(native: DisposableStack): Packet {
  const packet = new Packet();
  packet.alloc();
  native.defer(() => packet.free());
  return packet;
}
