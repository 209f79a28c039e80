/**
 * A picture made smaller, as JPEG, by FFmpeg's own decoders, scaler and encoder. Synchronous. A thread keeps
 * the last one that it made, since the files of an album have the same.
 */
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_QSCALE,
  AV_FRAME_DATA_DISPLAYMATRIX,
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
/** Of brightness, and of two colours at half the size. */
const PLANES = 3;
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
  const turn = turnOf(frame);
  const upright = turn === null ? smaller : turned(native, smaller, turn);
  return upright === null ? null : encoded(native, upright);
}

/** Where a step to the right leads, and one down: by how much to the right and down. */
interface Turn {
  readonly right: readonly [number, number];
  readonly down: readonly [number, number];
}

const ONE = 0x1_0000;

/** As EXIF says how to hold it, which the new picture does not say any more; `null` where it is upright. */
function turnOf(frame: Frame): Turn | null {
  const matrix = frame.getSideData(AV_FRAME_DATA_DISPLAYMATRIX);
  if (matrix === null || matrix.length < 20) return null;
  const [a, b, , c, d] = [0, 4, 8, 12, 16].map((at) => matrix.readInt32LE(at) / ONE);
  const isTurn = Math.abs(a * d - b * c) === 1 && [a, b, c, d].every(Number.isInteger);
  return isTurn && !(a === 1 && d === 1) ? { right: [a, b], down: [c, d] } : null;
}

function turned(native: DisposableStack, from: Frame, { right, down }: Turn): Frame | null {
  const lies = right[0] === 0;
  const [width, height] = lies ? [from.height, from.width] : [from.width, from.height];
  const to = allocated(native, { width, height });
  const [source, target] = [from.data, to?.data];
  if (to === null || !source || !target) return null;
  for (let plane = 0; plane < PLANES; plane++) {
    const half = (pixels: number) => (plane === 0 ? pixels : Math.ceil(pixels / 2));
    const [columns, rows] = [half(from.width), half(from.height)];
    const [sourceRow, targetRow] = [from.linesize[plane], to.linesize[plane]];
    const step = right[0] + right[1] * targetRow;
    // Where what goes to the left or up begins.
    const [x, y] = [
      right[0] + down[0] < 0 ? half(width) - 1 : 0,
      right[1] + down[1] < 0 ? half(height) - 1 : 0,
    ];
    for (let row = 0; row < rows; row++) {
      let at = x + down[0] * row + (y + down[1] * row) * targetRow;
      for (let column = 0; column < columns; column++, at += step) {
        target[plane][at] = source[plane][row * sourceRow + column];
      }
    }
  }
  return to;
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
