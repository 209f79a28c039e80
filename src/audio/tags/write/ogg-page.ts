/** Pages of Ogg: packets laced into them, and their checksums. Pure. */
import type { TagBytes } from '../model.ts';
import { joined } from './pieces.ts';

export const PAGE_HEAD_BYTES = 27;
const MOST_SEGMENTS = 255;
const MOST_SEGMENT_BYTES = 255;
const MOST_PAGE_BYTES = PAGE_HEAD_BYTES + MOST_SEGMENTS * (1 + MOST_SEGMENT_BYTES);

const MARK = 'OggS';
const FLAGS_AT = 5;
const GRANULE_AT = 6;
const SERIAL_AT = 14;
const NUMBER_AT = 18;
const CHECKSUM_AT = 22;
const SEGMENTS_AT = 26;

const CONTINUED = 1;
/** Of a page in which no packet ends. */
const NO_GRANULE = -1n;

export interface Page {
  readonly serial: number;
  readonly number: number;
  /** Of its segments, in order: a packet ends with the first that is shorter than 255. */
  readonly lacing: Uint8Array;
  /** Head, lacing and body. */
  readonly size: number;
}

/** The page that begins there; `null` where its head or lacing is not there as a whole. */
export function pageAt(bytes: Buffer, at: number): Page | null {
  if (at + PAGE_HEAD_BYTES > bytes.length) return null;
  const body = at + PAGE_HEAD_BYTES + bytes[at + SEGMENTS_AT];
  if (body > bytes.length) return null;
  const lacing = bytes.subarray(at + PAGE_HEAD_BYTES, body);
  const size = body - at + lacing.reduce((sum, length) => sum + length, 0);
  return {
    serial: bytes.readUInt32LE(at + SERIAL_AT),
    number: bytes.readUInt32LE(at + NUMBER_AT),
    lacing,
    size,
  };
}

/** Gives a page another number. */
export function renumber(page: Buffer, number: number): void {
  page.writeUInt32LE(number >>> 0, NUMBER_AT);
  seal(page);
}

/** Bytes that a packet fills in pages of its own. */
export function sizeOfPages(packetBytes: number): number {
  const segments = segmentsOf(packetBytes);
  return packetBytes + segments + Math.ceil(segments / MOST_SEGMENTS) * PAGE_HEAD_BYTES;
}

/** Packets that begin a stream, all in pages of their own: each lies where the one before it lay. */
export function* headerPages(packets: readonly TagBytes[], serial: number, first: number): Generator<Buffer> {
  const bytes = joined(packets);
  const lacing = lacingOf(packets);
  const page = Buffer.allocUnsafeSlow(MOST_PAGE_BYTES);
  let at = 0;
  for (let from = 0, number = first; from < lacing.length; from += MOST_SEGMENTS, number++) {
    const segments = lacing.subarray(from, from + MOST_SEGMENTS);
    const size = segments.reduce((sum, length) => sum + length, 0);
    const whole = page.subarray(0, PAGE_HEAD_BYTES + segments.length + size);
    whole.fill(0, 0, PAGE_HEAD_BYTES);
    whole.write(MARK, 'latin1');
    whole[FLAGS_AT] = from > 0 && lacing[from - 1] === MOST_SEGMENT_BYTES ? CONTINUED : 0;
    whole.writeBigInt64LE(
      segments.some((length) => length < MOST_SEGMENT_BYTES) ? 0n : NO_GRANULE,
      GRANULE_AT,
    );
    whole.writeUInt32LE(serial, SERIAL_AT);
    whole.writeUInt32LE(number, NUMBER_AT);
    whole[SEGMENTS_AT] = segments.length;
    whole.set(segments, PAGE_HEAD_BYTES);
    bytes.read(whole.subarray(PAGE_HEAD_BYTES + segments.length), at);
    at += size;
    seal(whole);
    yield whole;
  }
}

function lacingOf(packets: readonly TagBytes[]): Uint8Array {
  const lacing = new Uint8Array(packets.reduce((sum, { size }) => sum + segmentsOf(size), 0));
  lacing.fill(MOST_SEGMENT_BYTES);
  let at = 0;
  for (const { size } of packets) {
    at += segmentsOf(size);
    lacing[at - 1] = size % MOST_SEGMENT_BYTES;
  }
  return lacing;
}

function segmentsOf(size: number): number {
  return Math.floor(size / MOST_SEGMENT_BYTES) + 1;
}

function seal(page: Buffer): void {
  page.writeUInt32LE(0, CHECKSUM_AT);
  page.writeUInt32LE(checksum(page), CHECKSUM_AT);
}

/** Of a byte with so many others behind it, for eight at a time. Made for the first page that needs it. */
let tables: Int32Array[] | null = null;

function makeTables(): Int32Array[] {
  const made = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (const table of made) {
      for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c1_1db7 : 0);
      table[byte] = crc;
    }
  }
  return made;
}

/** CRC-32 as Ogg has it: the other way round than zip's, and without inversion. */
function checksum(bytes: Buffer): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = 0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    crc ^= (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    crc =
      t7[crc >>> 24] ^
      t6[(crc >>> 16) & 0xff] ^
      t5[(crc >>> 8) & 0xff] ^
      t4[crc & 0xff] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = (crc << 8) ^ t0[(crc >>> 24) ^ bytes[at]];
  return crc >>> 0;
}
