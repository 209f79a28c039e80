/**
 * HdrHistogram's V2 compressed encoding, to and from the few counts that are not 0. hdr-histogram-js builds a
 * whole histogram for each that it reads, 50 us; a day holds 120,000 of them, and most have twenty counts:
 * this takes 4 us. What is read is not trusted, so it is bounded by what a histogram of its range can be.
 * Pure.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import type { Range } from '../telemetry/hdr.ts';

/**
 * Index and count by turns, in rising order; no count is 0. Indexes are those of a histogram of the range.
 */
export type SparseCounts = readonly number[];

const COMPRESSED_COOKIE = 0x1c849304;
const COOKIE = 0x1c849303;
/** In the cookies: counts are ZigZag LEB128. */
const WORD_SIZE_MASK = 0xf0;
const WORD_SIZE = 0x10;
const OUTER_BYTES = 8;
const INNER_BYTES = 40;
/** Of one count. */
const MOST_BYTES = 9;
/** What zlib sets up for each call is most of its time; a histogram has a few hundred bytes. */
const SMALL = { windowBits: 9, memLevel: 2, chunkSize: 1024 } as const;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** How a range is cut up, as in every implementation of HdrHistogram. */
export interface Cut {
  readonly unit: number;
  readonly highest: number;
  readonly digits: number;
  /** Log2 of the resolution. */
  readonly magnitude: number;
  readonly halfBucket: number;
  /** How many counts there are. */
  readonly length: number;
}

export function cutOf({ unit, highest }: Range, digits: number): Cut {
  const magnitude = Math.floor(Math.log2(unit));
  const halfBucket = 2 ** (Math.ceil(Math.log2(2 * 10 ** digits)) - 1);
  let buckets = 1;
  for (let end = 2 * halfBucket * 2 ** magnitude; end <= highest; end *= 2) buckets++;
  return { unit, highest, digits, magnitude, halfBucket, length: (buckets + 1) * halfBucket };
}

/** The least value that is counted at an index; the next index's is one more than the greatest. */
export function lowestAt(index: number, { magnitude, halfBucket }: Cut): number {
  const bucket = Math.floor(index / halfBucket) - 1;
  if (bucket < 1) return index * 2 ** magnitude;
  return ((index % halfBucket) + halfBucket) * 2 ** (bucket + magnitude);
}

/** @throws Error that says in a clause what is wrong with it */
export function decodeSparse(base64: string, cut: Cut): SparseCounts {
  const mostBytes = INNER_BYTES + MOST_BYTES * cut.length;
  if (base64.length > 2 * mostBytes) {
    throw new Error(
      `${base64.length} characters are more than a histogram of its range can have (${2 * mostBytes})`,
    );
  }
  if (!BASE64.test(base64)) throw new Error('it is not base64');
  const outer = Buffer.from(base64, 'base64');
  if (outer.length < OUTER_BYTES || !isCookie(outer.readUInt32BE(0), COMPRESSED_COOKIE)) {
    throw new Error("it does not begin with the mark of HdrHistogram's V2 compressed encoding");
  }
  if (outer.readUInt32BE(4) !== outer.length - OUTER_BYTES) {
    throw new Error(`it says ${outer.readUInt32BE(4)} bytes and has ${outer.length - OUTER_BYTES}`);
  }
  let inner: Buffer;
  try {
    inner = inflateSync(outer.subarray(OUTER_BYTES), { maxOutputLength: mostBytes, chunkSize: 1024 });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `it unpacks to more than the ${mostBytes} bytes that a histogram of its range can have`
        : `it cannot be unpacked (${message})`;
    throw new Error(why, { cause });
  }
  if (inner.length < INNER_BYTES || !isCookie(inner.readUInt32BE(0), COOKIE)) {
    throw new Error("what it unpacks to does not begin with the mark of HdrHistogram's V2 encoding");
  }
  if (inner.readUInt32BE(4) !== inner.length - INNER_BYTES) {
    throw new Error(
      `its counts are said to have ${inner.readUInt32BE(4)} bytes, not ${inner.length - INNER_BYTES}`,
    );
  }
  const digits = inner.readUInt32BE(12);
  const unit = inner.readUInt32BE(16) * 2 ** 32 + inner.readUInt32BE(20);
  const highest = inner.readUInt32BE(24) * 2 ** 32 + inner.readUInt32BE(28);
  if (digits !== cut.digits || unit !== cut.unit || highest !== cut.highest) {
    throw new Error(
      `it is of another range: ${unit} to ${highest} with ${digits} digits, not ${cut.unit} to ${cut.highest} with ${cut.digits}`,
    );
  }
  return readCounts(inner, cut.length);
}

function isCookie(word: number, base: number): boolean {
  return (word & ~WORD_SIZE_MASK) >>> 0 === base && (word & WORD_SIZE) !== 0;
}

function readCounts(bytes: Buffer, length: number): SparseCounts {
  const counts: number[] = [];
  let index = 0;
  let total = 0;
  let at = INNER_BYTES;
  while (at < bytes.length) {
    let byte = bytes[at++];
    let word = byte & 0x7f;
    for (let scale = 2 ** 7, more = MOST_BYTES - 1; byte >= 0x80 && more > 0; scale *= 2 ** 7, more--) {
      if (at === bytes.length) throw new Error('its last count is cut off');
      byte = bytes[at++];
      // The last byte of a word has no bit that says whether there are more.
      word += (more === 1 ? byte : byte & 0x7f) * scale;
    }
    if (word % 2 === 1) index += (word + 1) / 2;
    else {
      // Twice the count: whole up to 2^54 in a double, as it is even.
      total += word / 2;
      if (total > Number.MAX_SAFE_INTEGER) throw new Error('its counts come to more than 2^53');
      if (index < length && word > 0) counts.push(index, word / 2);
      index++;
    }
    if (index > length) throw new Error(`it has more than the ${length} counts of its range`);
  }
  return counts;
}

/** Both must be of one range. */
export function addSparse(a: SparseCounts, b: SparseCounts): SparseCounts {
  const sum: number[] = [];
  let [x, y] = [0, 0];
  while (x < a.length || y < b.length) {
    if (y === b.length || a[x] < b[y]) {
      sum.push(a[x], a[x + 1]);
      x += 2;
    } else if (x === a.length || b[y] < a[x]) {
      sum.push(b[y], b[y + 1]);
      y += 2;
    } else {
      sum.push(a[x], a[x + 1] + b[y + 1]);
      x += 2;
      y += 2;
    }
  }
  return sum;
}

/** What {@link decodeSparse} and every other implementation read. */
export function encodeSparse(counts: SparseCounts, cut: Cut): string {
  const inner = Buffer.alloc(INNER_BYTES + MOST_BYTES * counts.length);
  let at = INNER_BYTES;
  const put = (word: number): void => {
    let rest = word;
    for (let more = MOST_BYTES - 1; rest >= 0x80 && more > 0; more--) {
      inner[at++] = 0x80 | (rest % 0x80);
      rest = Math.floor(rest / 0x80);
    }
    inner[at++] = rest;
  };
  for (let pair = 0, next = 0; pair < counts.length; pair += 2) {
    const gap = counts[pair] - next;
    if (gap > 0) put(2 * gap - 1);
    put(2 * counts[pair + 1]);
    next = counts[pair] + 1;
  }
  inner.writeUInt32BE(COOKIE | WORD_SIZE, 0);
  inner.writeUInt32BE(at - INNER_BYTES, 4);
  inner.writeUInt32BE(cut.digits, 12);
  inner.writeBigUInt64BE(BigInt(cut.unit), 16);
  inner.writeBigUInt64BE(BigInt(cut.highest), 24);
  inner.writeDoubleBE(1, 32);
  const packed = deflateSync(inner.subarray(0, at), SMALL);
  const outer = Buffer.alloc(OUTER_BYTES);
  outer.writeUInt32BE(COMPRESSED_COOKIE | WORD_SIZE, 0);
  outer.writeUInt32BE(packed.length, 4);
  return Buffer.concat([outer, packed]).toString('base64');
}
