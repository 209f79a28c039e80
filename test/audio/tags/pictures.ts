/** Pictures that are right for those who look into them, as large as a test likes. */
import { crc32, deflateSync } from 'node:zlib';

const SIDE = 16;
const RED = Buffer.from([255, 0, 0]);

/** A square, then so many bytes in all: what stands behind a picture nobody looks at. */
export function png(size = 0, side = SIDE, colour = RED): Buffer {
  return filled([pngOf({ width: side, height: side }, () => colour)], size);
}

/** @param exif a chunk of it, if any */
export function pngOf(
  { width, height }: { width: number; height: number },
  colourAt: (x: number, y: number) => Buffer,
  exif?: Buffer,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = Array.from({ length: height }, (_row, y) => [
    Buffer.from([0]),
    ...Array.from({ length: width }, (_column, x) => colourAt(x, y)),
  ]);
  const pixels = deflateSync(Buffer.concat(rows.flat()));
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const how = exif === undefined ? [] : [chunk('eXIf', exif)];
  const end = chunk('IEND', Buffer.alloc(0));
  return Buffer.concat([mark, chunk('IHDR', header), ...how, chunk('IDAT', pixels), end]);
}

/** EXIF that says but how to hold a picture: 1 to 8. */
export function orientation(value: number): Buffer {
  return Buffer.from([
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    value,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
}

/** A JPEG with EXIF in it. */
export function withExif(picture: Buffer, exif: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 8]);
  return Buffer.concat([picture.subarray(0, 2), head, Buffer.from('Exif\0\0'), exif, picture.subarray(2)]);
}

function chunk(name: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(content.length, 0);
  numbers.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
}

/** As `png`, but grey, and made by hand: tables that know one symbol each. */
export function jpeg(size = 0): Buffer {
  const segment = (marker: number, ...content: readonly number[]) =>
    Buffer.from([0xff, marker, 0, content.length + 2, ...content]);
  const table = (id: number) => segment(0xc4, id, 1, ...Array.from({ length: 15 }, () => 0), 0);
  return filled(
    [
      Buffer.from([0xff, 0xd8]),
      segment(0xe0, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0),
      segment(0xdb, 0, ...Array.from({ length: 64 }, () => 1)),
      segment(0xc0, 8, 0, SIDE, 0, SIDE, 1, 1, 0x11, 0),
      ...[table(0), table(0x10)],
      segment(0xda, 1, 1, 0, 0, 63, 0),
      // Four blocks of two bits that say nothing, which is grey.
      Buffer.from([0x00, 0xff, 0xd9]),
    ],
    size,
  );
}

function filled(parts: readonly Buffer[], size: number): Buffer {
  const picture = Buffer.concat(parts);
  return Buffer.concat([picture, Buffer.alloc(Math.max(0, size - picture.length), size % 251)]);
}
