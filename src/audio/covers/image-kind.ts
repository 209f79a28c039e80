/** What a picture is and how large, by its first bytes: nothing is decoded for it. Pure. */
import type { TagBytes } from '../tags/model.ts';

export interface ImageKind {
  readonly mime: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const HEAD_BYTES = 32;
/** Segments of a JPEG before its size: each costs a look. */
const MOST_SEGMENTS = 1000;

/** `null` for what is no picture that is known here. */
export function imageKindOf(bytes: TagBytes): ImageKind | null {
  const head = Buffer.alloc(HEAD_BYTES);
  bytes.read(head, 0);
  if (head.readUInt16BE(0) === 0xffd8) return jpegKind(bytes);
  if (head.toString('latin1', 1, 8) === 'PNG\r\n\x1a\n') {
    return { mime: 'image/png', width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  }
  if (/^GIF8[79]a/.test(head.toString('latin1', 0, 6))) {
    return { mime: 'image/gif', width: head.readUInt16LE(6), height: head.readUInt16LE(8) };
  }
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') {
    return webpKind(head);
  }
  if (head.toString('latin1', 0, 2) === 'BM') {
    return { mime: 'image/bmp', width: head.readUInt32LE(18), height: Math.abs(head.readInt32LE(22)) };
  }
  return null;
}

function jpegKind(bytes: TagBytes): ImageKind | null {
  const segment = Buffer.alloc(9);
  let at = 2;
  for (let count = 0; count < MOST_SEGMENTS && bytes.read(segment, at) === segment.length; count++) {
    const marker = segment[1];
    if (segment[0] !== 0xff) return null;
    // Those of frames, but not of tables, which have numbers between them.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { mime: 'image/jpeg', width: segment.readUInt16BE(7), height: segment.readUInt16BE(5) };
    }
    at += marker === 0xff ? 1 : 2 + segment.readUInt16BE(2);
  }
  return null;
}

function webpKind(head: Buffer): ImageKind | null {
  const mime = 'image/webp';
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { mime, width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const sizes = head.readUInt32LE(21);
      return { mime, width: (sizes & 0x3fff) + 1, height: ((sizes >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { mime, width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}
