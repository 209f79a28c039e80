/** FLAC, by its own header; where that was written into a pipe, by the number of the last frame. */
import type { Fields } from './fields.ts';
import type { Told } from './told.ts';

/** Behind the signature: the head of the first block, and what it holds. */
const INFO_AT = 8;
/** Of a frame's head, at most. */
const FRAME_HEAD_BYTES = 16;

/** @param at of the block that describes the stream */
export function streamInfo(fields: Fields, at: number): Told & { readonly frames: number } {
  const numbers = fields.u32be(at + 10);
  const rate = numbers >>> 12;
  const channels = ((numbers >>> 9) & 7) + 1;
  const bits = ((numbers >>> 4) & 31) + 1;
  const frames = (numbers & 15) * 2 ** 32 + fields.u32be(at + 14);
  return { rate, channels, bits, lossless: true, frames };
}

export function tellFlac(fields: Fields): Told {
  const { frames, ...told } = streamInfo(fields, INFO_AT);
  const blockFrames = fields.u16be(INFO_AT);
  const counted = frames === 0 ? countedFrames(fields, blockFrames) : frames;
  return { family: 'flac', ...told, frames, seconds: counted / (told.rate ?? 0) };
}

/** Where the last frame ends, by the number in its head; 0 where there is none. */
function countedFrames({ reach }: Fields, blockFrames: number): number {
  const { bytes } = reach.tail;
  for (let at = bytes.lastIndexOf(0xff); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(0xff, at - 1)) {
    const end = frameEnd(bytes.subarray(at, at + FRAME_HEAD_BYTES), blockFrames);
    if (end !== null) return end;
  }
  return 0;
}

/** @returns the number of the frame behind this one's last; `null` where no frame begins */
function frameEnd(head: Buffer, blockFrames: number): number | null {
  if (head.length < FRAME_HEAD_BYTES || (head[1] & 0xfe) !== 0xf8 || (head[3] & 1) !== 0) return null;
  const numberBytes = head[4] < 0x80 ? 1 : Math.clz32(~(head[4] << 24));
  if (numberBytes > 7 || (numberBytes === 1 && head[4] >= 0x80)) return null;
  let number = numberBytes === 1 ? head[4] : head[4] & (0x7f >> numberBytes);
  for (let i = 1; i < numberBytes; i++) {
    if ((head[4 + i] & 0xc0) !== 0x80) return null;
    number = number * 64 + (head[4 + i] & 0x3f);
  }
  const sizeCode = head[2] >> 4;
  const rateCode = head[2] & 15;
  let at = 4 + numberBytes;
  let length = blockSize(sizeCode);
  if (sizeCode === 6) length = head[at++] + 1;
  if (sizeCode === 7) {
    length = head.readUInt16BE(at) + 1;
    at += 2;
  }
  at += rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0;
  if (length === 0 || rateCode === 15 || crc8(head.subarray(0, at)) !== head[at]) return null;
  const variable = (head[1] & 1) === 1;
  return variable ? number + length : number * blockFrames + length;
}

function blockSize(code: number): number {
  if (code === 1) return 192;
  if (code >= 2 && code <= 5) return 576 << (code - 2);
  return code >= 8 ? 256 << (code - 8) : 0;
}

function crc8(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return crc;
}
